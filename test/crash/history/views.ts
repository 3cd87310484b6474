import type { JsonObject } from '#lib/jmap';
import type { ImapSession, JmapSession } from './sessions.ts';

/** A message where IMAP shows it. */
export interface Place {
  readonly mailbox: string;
  /** JMAP's names of its flags. */
  readonly keywords: ReadonlySet<string>;
}

/** All that IMAP shows: the places of each message by its number, and the names of mailboxes. */
export interface ImapView {
  readonly mailboxes: ReadonlySet<string>;
  readonly places: ReadonlyMap<string, readonly Place[]>;
}

/** Reads every mailbox over IMAP. Messages with \Deleted are left out, as JMAP does (RFC 8621 §4.1.1). */
export async function imapView(imap: ImapSession): Promise<ImapView> {
  const { untagged } = await imap.ok('LIST "" *');
  const listed = untagged.filter((line) => line.startsWith('* LIST') && !/\\Noselect|\\NonExistent/i.test(line));
  const mailboxes = listed.map((line) => /^\* LIST \([^)]*\) "\/" "?(.*?)"?$/.exec(line)?.[1] ?? line);
  const places = new Map<string, Place[]>();
  for (const mailbox of mailboxes) {
    await imap.ok(`EXAMINE "${mailbox}"`);
    const fetched = await imap.ok('UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    for (const text of fetched.untagged
      .join('\n')
      .split('* ')
      .filter((one) => / FETCH /.test(one))) {
      const keywords = new Set((/FLAGS \(([^)]*)\)/.exec(text)?.[1] ?? '').split(' ').map(keywordOf));
      keywords.delete('');
      if (keywords.has('$deleted')) continue;
      const number = /Subject: (\S+)/.exec(text)?.[1] ?? `without a subject: ${text}`;
      places.set(number, [...(places.get(number) ?? []), { mailbox, keywords }]);
    }
    await imap.ok('UNSELECT');
  }
  return { mailboxes: new Set(mailboxes), places };
}

function keywordOf(flag: string): string {
  return flag.replace('\\Recent', '').replace('\\', '$').toLowerCase();
}

/** Properties of an email that observers keep. */
export const emailProperties = ['subject', 'mailboxIds', 'keywords', 'threadId', 'size'] as const;

/** Reads all emails over JMAP. */
export async function allEmails(jmap: JmapSession): Promise<ReadonlyMap<string, JsonObject>> {
  const { ids } = await jmap.call('Email/query', {});
  const { list } = await jmap.call('Email/get', { ids: [...ids], properties: [...emailProperties] });
  return new Map(list.map((email) => [email.id, email as unknown as JsonObject]));
}

/** Compares what the two protocols show while nothing changes. @returns the differences. */
export async function differences(imap: ImapView, jmap: JmapSession): Promise<string[]> {
  const { list } = await jmap.call('Mailbox/get', {});
  const parents = new Map(
    list.map((mailbox) => [mailbox.id, mailbox as unknown as { name: string; parentId: string | null }]),
  );
  const nameOf = (id: string): string => {
    const { name, parentId } = parents.get(id) ?? { name: `unknown ${id}`, parentId: null };
    const whole = parentId === null ? name : `${nameOf(parentId)}/${name}`;
    return /^inbox$/i.test(whole) ? 'INBOX' : whole;
  };
  const emails = [...(await allEmails(jmap)).values()] as unknown as readonly Shown[];
  const shown = emails.map(({ subject, mailboxIds, keywords }) => [
    subject,
    Object.keys(mailboxIds).map(nameOf).toSorted(),
    Object.keys(keywords).toSorted(),
  ]);
  const expected = [...imap.places].map(([number, places]) => [
    number,
    [...new Set(places.map(({ mailbox }) => mailbox))].toSorted(),
    [...mergedKeywords(places)].toSorted(),
  ]);
  const found = compareLines('emails', lines(shown), lines(expected));
  const counts = list.map(({ id, totalEmails, unreadEmails, totalThreads }) => [
    nameOf(id),
    totalEmails,
    unreadEmails,
    totalThreads,
  ]);
  const counted = [...imap.mailboxes].map((mailbox) => {
    const within = emails.filter(({ mailboxIds }) => Object.keys(mailboxIds).some((id) => nameOf(id) === mailbox));
    const unread = within.filter(({ keywords }) => !('$seen' in keywords) && !('$draft' in keywords));
    return [mailbox, within.length, unread.length, new Set(within.map(({ threadId }) => threadId)).size];
  });
  return [...found, ...compareLines('counters', lines(counts), lines(counted))];
}

interface Shown {
  readonly subject: string;
  readonly threadId: string;
  readonly mailboxIds: JsonObject;
  readonly keywords: JsonObject;
}

/** Keywords of an email whose copies have different flags: those of all; but `$seen` only when every copy was seen (docs/jmap.md). */
function mergedKeywords(places: readonly Place[]): Set<string> {
  const merged = new Set(places.flatMap(({ keywords }) => [...keywords]));
  if (!places.every(({ keywords }) => keywords.has('$seen'))) merged.delete('$seen');
  return merged;
}

function lines(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value));
}

/** Returns what only one of two lists has. */
export function compareLines(title: string, jmap: readonly string[], other: readonly string[]): string[] {
  const [left, right] = [new Set(jmap), new Set(other)];
  const sizes = left.size === jmap.length && right.size === other.length ? [] : [`${title}: something is there twice`];
  return [
    ...sizes,
    ...[...left.difference(right)].map((line) => `${title}: not expected: ${line}`),
    ...[...right.difference(left)].map((line) => `${title}: missing: ${line}`),
  ];
}
