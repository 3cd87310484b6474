import { defaultLimits } from './limits.ts';

/** Text of a phrase or an address between the special characters (RFC 5322 §3.2.3; UTF-8: RFC 6532 §3.2). */
const atoms = /[^\p{Cc} "(),:;<>@[\\\]]+/uy;
/** An address literal (RFC 5321 §4.1.3), or a word of a phrase in brackets. */
const literal = /\[[^\p{Cc}"(),;<>@[\\\]]*\]/uy;

/**
 * The grammar of an address list (RFC 5322 §3.4) over the kinds of its tokens: `d` a dot-atom, `w` words with other dots, `q` a quoted string,
 * `l` a literal, `i` a literal with a colon; the rest are themselves. Display names may have dots, and elements may be empty (RFC 5322 §4.1, §4.4).
 */
const mailbox = '(?:[dwql]*<[dq]@[dli]>|[dq]@[dli])';
const mailboxes = `${mailbox}?(?:,${mailbox}?)*`;
const element = `(?:${mailbox}|[dwql]+:${mailboxes};)?`;
const addressList = new RegExp(`^${element}(?:,${element})*$`);

/**
 * Reports whether all of an unfolded text is a list of mailboxes and groups, so that every reader finds the same addresses in it. `parseAddressList` reads
 * much that is not, and leaves out what it cannot place.
 */
export function isAddressList(text: string): boolean {
  let kinds = '';
  for (let at = 0; at < text.length;) {
    const token = tokenAt(text, at);
    if (token === null) return false;
    kinds += token.kind;
    at = token.end;
  }
  return addressList.test(kinds);
}

interface Token {
  /** Empty for white space and comments. */
  readonly kind: string;
  readonly end: number;
}

function tokenAt(text: string, at: number): Token | null {
  const c = text.charAt(at);
  if (c === ' ' || c === '\t') return { kind: '', end: at + 1 };
  if ('<>@,:;'.includes(c)) return { kind: c, end: at + 1 };
  if (c === '"' || c === '(') {
    const end = closedEnd(text, at, c === '(');
    return end === null ? null : { kind: c === '(' ? '' : 'q', end };
  }
  const pattern = c === '[' ? literal : atoms;
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0];
  if (found === undefined) return null;
  return { kind: c === '[' ? literalKind(found) : wordKind(found), end: at + found.length };
}

function literalKind(text: string): string {
  return text.includes(':') ? 'i' : 'l';
}

function wordKind(text: string): string {
  return text.startsWith('.') || text.endsWith('.') || text.includes('..') ? 'w' : 'd';
}

/** Returns the end of the comment or quoted string that opens at `at`; null when it is not closed or nested too deep. */
function closedEnd(text: string, at: number, isComment: boolean): number | null {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '\\') i++;
    else if (!isComment) {
      if (c === '"' && i > at) return i + 1;
    } else if (c === '(') {
      if (++depth > defaultLimits.maxCommentDepth) return null;
    } else if (c === ')' && --depth === 0) return i + 1;
  }
  return null;
}
