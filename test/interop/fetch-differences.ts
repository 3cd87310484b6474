import type { ImapTree } from './imap-tree.ts';

/** A way in which our answer may differ from Dovecot's, and why it does. */
interface Difference {
  readonly why: string;
  /** True when this alone tells the two values apart. */
  readonly explains: (ours: ImapTree, theirs: ImapTree) => boolean;
}

/** Every difference that is meant. */
export const differences: readonly Difference[] = [
  {
    why: 'Dovecot makes one space of each run of blanks; unfolding removes line breaks only (RFC 5322 §2.2.3)',
    explains: both((ours, theirs) => singleSpaces(ours) === singleSpaces(theirs)),
  },
  {
    why: 'Dovecot keeps of a message of US-ASCII text only that it is one, and writes its names in lower case',
    explains: both(
      (ours, theirs) =>
        (/^(?:text|plain|charset|us-ascii|7bit)$/.test(theirs) && ours.toLowerCase() === theirs) ||
        (theirs === '7bit' && ours.toLowerCase() === '8bit'),
    ),
  },
  {
    why: 'Dovecot writes the type of messages inside in lower case',
    explains: both((ours, theirs) => /^(?:message|rfc822)$/.test(theirs) && ours.toLowerCase() === theirs),
  },
  {
    why: 'a last line without a line break is a line, too; Dovecot counts line breaks',
    explains: both((ours, theirs) => /^\d+$/.test(ours) && Number(ours) === Number(theirs) + 1),
  },
  {
    why: 'Dovecot has words of its own for addresses that are wrong; we show what is there, and leave the rest empty',
    explains: (ours, theirs) => isList(ours) && isList(theirs) && ours.length > 0 && hasErrors(theirs),
  },
  {
    why: 'US-ASCII is the default of text/plain only (RFC 2046 §4.1.2)',
    explains: (ours, theirs) => ours === null && JSON.stringify(theirs) === '["charset","us-ascii"]',
  },
];

/** Reasons for all differences between two values; null when one has none. */
export function explain(ours: ImapTree, theirs: ImapTree): ReadonlySet<string> | null {
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return new Set();
  const known = differences.find(({ explains }) => explains(ours, theirs));
  if (known !== undefined) return new Set([known.why]);
  if (!isList(ours) || !isList(theirs) || ours.length !== theirs.length) return null;
  const reasons = new Set<string>();
  for (const [i, value] of ours.entries()) {
    const more = explain(value, theirs[i] ?? null);
    if (more === null) return null;
    for (const why of more) reasons.add(why);
  }
  return reasons;
}

/** An address list with what Dovecot writes for what it could not read. */
function hasErrors(list: readonly ImapTree[]): boolean {
  return list.some((entry) => isList(entry) && entry.some((text) => /^(?:MISSING_|SYNTAX_ERROR)/.test(String(text))));
}

function isList(tree: ImapTree): tree is readonly ImapTree[] {
  return Array.isArray(tree);
}

function both(test: (ours: string, theirs: string) => boolean): Difference['explains'] {
  return (ours, theirs) => typeof ours === 'string' && typeof theirs === 'string' && test(ours, theirs);
}

function singleSpaces(text: string): string {
  return text.replaceAll(/[ \t]+/g, ' ').trim();
}
