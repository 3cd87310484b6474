import { collationKey, type Collation } from '#lib/collation';
import type { JsonValue } from '#lib/jmap';
import type { MailboxId } from '#lib/ids';
import { baseSubject, parseHeader, type HeaderField } from '#lib/message';
import type { Account } from '#mail/accounts';
import type { Email, EmailView } from '#mail/emails';
import { cachedFieldCode } from '#mail/header-cache';
import { isMessageDamage } from '#server/conditions';
import { EmailGone, EmailReader } from './email-reader.ts';
import { headerValue, parseHeaderProperty } from './header-property.ts';

const fields = ['from', 'to', 'subject', 'sentAt'] as const;

/** A sort whose keys are in header fields. */
export type SortField = (typeof fields)[number];

/** A field with the collation in which its texts are compared. */
export interface CollatedField {
  readonly field: SortField;
  readonly collation: Collation;
}

/** Keys of emails by their ids. */
type Keys = Map<number, string | number>;

const headerOf = {
  from: { name: 'from', property: 'header:From:asAddresses' },
  to: { name: 'to', property: 'header:To:asAddresses' },
  subject: { name: 'subject', property: 'header:Subject:asText' },
  sentAt: { name: 'date', property: 'header:Date:asDate' },
} as const;

/** Reports whether the keys of a sort are in header fields. */
export function isSortField(property: string): property is SortField {
  return fields.some((field) => field === property);
}

/** Returns the keys of emails for a sort by a field. They are kept as long as the emails are; those that are missing are read from blocks of header fields. */
export async function sortKeys(
  account: Account,
  view: EmailView,
  emails: readonly Email[],
  { field, collation }: CollatedField,
): Promise<Keys> {
  const keys = view.keysOf(`${field} ${collation}`);
  const missing = new Map<MailboxId, Map<number, Email>>();
  for (const [i, email] of emails.entries()) {
    if (i % pieceEmails === 0) await account.loop.pause();
    const [place] = keys.has(email.id) ? [] : email.places;
    if (place === undefined) continue;
    const byUid = missing.get(place.mailbox) ?? new Map<number, Email>();
    missing.set(place.mailbox, byUid.set(place.uid, email));
  }
  const take = (email: Email, header: readonly HeaderField[]): void => {
    const key = keyOf(field, header);
    keys.set(email.id, typeof key === 'string' ? collationKey(collation, key) : key);
  };
  for (const [mailbox, byUid] of missing)
    for (const email of await readBlocks(account, mailbox, byUid, field, take)) await readHeader(account, email, take);
  return keys;
}

/** Emails between two questions to the loop. */
const pieceEmails = 1024;

type Take = (email: Email, header: readonly HeaderField[]) => void;

/** Takes keys from blocks. @returns the emails of which they have none. */
async function readBlocks(
  account: Account,
  mailbox: MailboxId,
  byUid: ReadonlyMap<number, Email>,
  field: SortField,
  take: Take,
): Promise<readonly Email[]> {
  const left = new Map(byUid);
  using lease = await account.images.open(mailbox);
  if (lease === null) return [];
  const uids = Uint32Array.from(byUid.keys()).sort();
  const code = cachedFieldCode(headerOf[field].name) ?? 0;
  const wanted = { facts: false, order: false, fields: [code], isComplete: true };
  for await (const { messages, columns } of account.headers.blocks(mailbox, lease.image.uids, uids, wanted)) {
    for (const [i, uid] of messages.uids.entries()) {
      const email = byUid.get(uid);
      if (email === undefined || messages.isLeftOut[i] !== 0) continue;
      left.delete(uid);
      const column = columns.get(code);
      const bytes = column?.bytes.subarray(column.offsets[i], column.offsets[i + 1]) ?? new Uint8Array(0);
      take(email, bytes.length === 0 ? [] : parseHeader(bytes));
      const pause = account.loop.pause();
      if (pause !== null) await pause;
    }
  }
  return [...left.values()];
}

async function readHeader(account: Account, email: Email, take: Take): Promise<void> {
  try {
    take(email, await new EmailReader(account, email).header());
  } catch (error) {
    // One that is gone or damaged is sorted as if it had no fields.
    if (!(error instanceof EmailGone) && !isMessageDamage(error)) throw error;
  }
}

/** RFC 8621 §4.4.2: the name of the first address, else the address; the base subject; the date. */
function keyOf(field: SortField, header: readonly HeaderField[]): string | number {
  const property = parseHeaderProperty(headerOf[field].property);
  const value: JsonValue = property === null ? null : headerValue(header, property);
  if (field === 'subject') return typeof value === 'string' ? baseSubject(value).base : '';
  if (field === 'sentAt') return typeof value === 'string' ? Date.parse(value) : Number.NEGATIVE_INFINITY;
  const [first = null] = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  if (first === null || typeof first !== 'object' || Array.isArray(first)) return '';
  const { name, email } = first as { readonly name?: string | null; readonly email?: string };
  return name !== null && name !== undefined && name !== '' ? name : (email ?? '');
}
