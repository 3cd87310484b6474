import {
  applyPatch,
  isJsonObject,
  jsonObject,
  memberOf,
  SetError,
  type JmapLimits,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import type { MailboxId } from '#lib/ids';
import type { Account } from '#mail/accounts';
import { keywordsOf, type Email, type EmailEdit } from '#mail/emails';
import { messageLimits } from '#mail/messages';
import { defaultBodyProperties, emailObject, isEmailProperty } from './email-object.ts';
import { EmailGone, EmailReader } from './email-reader.ts';
import { mailboxIds } from './ids.ts';
import { isSameJson } from './same-json.ts';
import { resolvedId } from './set-call.ts';

/** Facts that updates of emails are checked against. */
export interface PatchContext {
  readonly account: Account;
  /** All mailboxes. */
  readonly mailboxes: ReadonlySet<MailboxId>;
  readonly createdIds: ReadonlyMap<string, string>;
  readonly limits: JmapLimits;
}

/** Returns what a patch makes of an email (RFC 8621 §4.6). @throws SetError. */
export async function editOf(email: Email, patch: JsonObject, context: PatchContext): Promise<EmailEdit> {
  const before: JsonObject = {
    keywords: jsonObject([...keywordsOf(email)].map((keyword) => [keyword, true])),
    mailboxIds: jsonObject(email.places.map(({ mailbox }) => [mailboxIds.write(mailbox), true])),
  };
  const isChangeable = (path: string): boolean => /^(?:keywords|mailboxIds)(?:\/|$)/.test(path);
  const [changeable, others] = [true, false].map((wanted) =>
    jsonObject(Object.entries(patch).filter(([path]) => isChangeable(path) === wanted)),
  );
  await refuseOthers(email, others ?? {}, context);
  const after = applyPatch(before, changeable ?? {}, { keywords: {} }, context.limits);
  return {
    kind: 'update',
    email,
    keywords: keywordsIn(memberOf(after, 'keywords'), keywordsOf(email)),
    mailboxes: mailboxesIn(memberOf(after, 'mailboxIds'), context),
  };
}

/** Returns keywords as the store compares them. @param has  Those of the email so far. @throws SetError. */
export function keywordsIn(value: JsonValue | undefined, has: ReadonlySet<string>): ReadonlySet<string> {
  const keywords = new Set(trueNames(value, 'keywords').map((keyword) => keyword.toLowerCase()));
  for (const keyword of keywords) {
    // RFC 8621 §4.1.1: what IMAP has as a keyword.
    if (!/^[!#$&'+-Z[^-z|}~]+$/.test(keyword) || keyword.length > messageLimits.maxKeywordChars)
      throw new SetError('invalidProperties', `${keyword.slice(0, 100)} cannot be a keyword`, ['keywords']);
  }
  if (keywords.size > messageLimits.maxMessageKeywords && [...keywords].some((keyword) => !has.has(keyword)))
    throw new SetError('tooManyKeywords', `an email may have ${messageLimits.maxMessageKeywords} keywords`);
  return keywords;
}

/** Returns the mailboxes that an email is to be in. @throws SetError for mailboxes that do not exist, and for none at all (RFC 8621 §4.1.1). */
export function mailboxesIn(
  value: JsonValue | undefined,
  context: Pick<PatchContext, 'createdIds' | 'mailboxes'>,
): ReadonlySet<MailboxId> {
  const wanted = new Set<MailboxId>();
  for (const id of trueNames(value, 'mailboxIds')) {
    const mailbox = mailboxIds.read(resolvedId(id, context.createdIds) ?? '') as MailboxId | null;
    if (mailbox === null || !context.mailboxes.has(mailbox))
      throw new SetError('invalidProperties', `there is no mailbox ${id.slice(0, 100)}`, ['mailboxIds']);
    wanted.add(mailbox);
  }
  if (wanted.size === 0) throw new SetError('invalidProperties', 'an email is in one mailbox at least', ['mailboxIds']);
  return wanted;
}

/** Returns the names of an object in which every value is true, as sets are written. @throws SetError. */
function trueNames(value: JsonValue | undefined, property: string): string[] {
  if (!isJsonObject(value) || Object.values(value).some((one) => one !== true))
    throw new SetError('invalidProperties', `${property}: an object is expected, with true for each name`, [property]);
  return Object.keys(value);
}

/** RFC 8620 §5.3: properties that cannot be changed may be given as they are. @throws SetError for all others. */
async function refuseOthers(email: Email, given: JsonObject, { account }: PatchContext): Promise<void> {
  const names = Object.keys(given);
  if (names.length === 0) return;
  const properties = names.filter(isEmailProperty);
  const wanted = { fetchTextBodyValues: false, fetchHTMLBodyValues: false, fetchAllBodyValues: false };
  const present = await emailObject(new EmailReader(account, email), {
    ...wanted,
    properties,
    bodyProperties: defaultBodyProperties,
    maxBodyValueBytes: 0,
  }).catch((error: unknown) => {
    throw error instanceof EmailGone ? new SetError('notFound', error.message) : error;
  });
  const different = names.filter((name) => !isSameJson(memberOf(present, name), memberOf(given, name)));
  if (different.length === 0) return;
  const named = different.map((name) => name.slice(0, 100));
  throw new SetError('invalidProperties', 'only keywords and mailboxIds can be changed', named);
}
