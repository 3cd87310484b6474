import { Arguments, isJsonObject, jsonObject, MethodError, SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import { fieldText, parseDate, type HeaderField } from '#lib/message';
import { roomOf } from '#mail/accounts';
import { flagsOf } from '#mail/emails';
import { MailboxRefusal } from '#mail/mailboxes';
import type { JmapMethod } from '#proto/jmap-server';
import { BlobReads } from './blob-reads.ts';
import { keywordsIn, mailboxesIn } from './email-patch.ts';
import { emailIds, threadIds, writeBlobId } from './ids.ts';
import { accountOf, writeState, type MailContext } from './mail-context.ts';
import { mailboxEntries } from './mailbox-entries.ts';
import { mailUri } from './mail-uri.ts';
import { refuseOtherState } from './set-call.ts';
import { headerOf, placedMessage, takeMessage } from './storable-message.ts';

/** Email/import (RFC 8621 §4.8). Each email is stored by itself, in all of its mailboxes at once. */
export const emailImport: JmapMethod<MailContext> = {
  name: 'Email/import',
  capability: mailUri,
  run: async (args, context, { createdIds }) => {
    const account = accountOf(args, context);
    if (context.isReadOnly) throw new MethodError('accountReadOnly', 'this login may read mail only');
    const ifInState = args.text('ifInState', null);
    const emails = Object.entries(args.object('emails'));
    args.end();
    if (emails.length > context.limits.maxObjectsInSet)
      throw new MethodError('requestTooLarge', `at most ${context.limits.maxObjectsInSet} objects in one call`);
    const oldState = await account.changes.modSeq();
    refuseOtherState({ ifInState }, oldState);
    let newState = oldState;
    const reads = new BlobReads(context, createdIds);
    const created = new Map<string, JsonObject>();
    const refused = new Map<string, JsonObject>();
    for (const [creationId, value] of emails) {
      try {
        const { id, object, before, after } = await imported(value, context, createdIds, reads);
        created.set(creationId, object);
        createdIds.set(creationId, id);
        // Behind what others change meanwhile, clients would not learn of it.
        if (before === newState) newState = after;
      } catch (error) {
        if (!(error instanceof SetError)) throw error;
        refused.set(creationId, error.response);
      }
    }
    return {
      accountId: context.accountId,
      oldState: writeState(oldState),
      newState: writeState(newState),
      created: created.size === 0 ? null : jsonObject(created),
      notCreated: refused.size === 0 ? null : jsonObject(refused),
    };
  },
};

/** An email that is stored now, with the states before and after. */
interface Imported {
  readonly id: string;
  readonly object: JsonObject;
  readonly before: ModSeq;
  readonly after: ModSeq;
}

/** Stores the email of one EmailImport object. @throws SetError. */
async function imported(
  value: JsonValue,
  context: MailContext,
  createdIds: ReadonlyMap<string, string>,
  reads: BlobReads,
): Promise<Imported> {
  const { account, clock } = context;
  if (!isJsonObject(value)) throw new SetError('invalidProperties', 'an object is expected');
  const { blob, receivedAt, keywords, mailboxIds } = read(value);
  const ids = new Set((await mailboxEntries(account)).map(({ mailbox }) => mailbox.id));
  const mailboxes = mailboxesIn(mailboxIds, { mailboxes: ids, createdIds });
  const flags = flagsOf([...keywordsIn(keywords, new Set())], 'add');
  const source = await reads.find(blob);
  if (source === null) throw new SetError('invalidProperties', 'there is no such blob', ['blobId']);
  await using undo = new AsyncDisposableStack();
  const received = await takeMessage(source.content.stream(), context, undo);
  if (received.body.sizeBytes > (await roomOf(account, context.quotaBytes)))
    throw new SetError('overQuota', 'the account would be over its quota');
  const header = await headerOf(received, context);
  if (header.every(({ name }) => name === '')) throw new SetError('invalidEmail', 'the blob has no header');
  const receivedMs = receivedAt ?? receivedMsOf(header) ?? clock.now();
  try {
    const message = await placedMessage(received, { ...flags, receivedMs }, context);
    const { id: row, before, after } = await account.messages.add(message, [...mailboxes]);
    const thread = (await account.emails.view()).email(row)?.thread ?? row;
    const id = emailIds.write(row);
    const blobId = writeBlobId(row);
    return {
      id,
      object: { id, blobId, threadId: threadIds.write(thread), size: message.body.sizeBytes },
      before,
      after,
    };
  } catch (error) {
    if (!(error instanceof MailboxRefusal)) throw error;
    throw error.code === 'LIMIT'
      ? new SetError('tooManyKeywords', error.message)
      : new SetError('invalidProperties', error.message, ['mailboxIds']);
  }
}

interface EmailImport {
  readonly blob: string;
  readonly mailboxIds: JsonValue;
  readonly keywords: JsonValue;
  readonly receivedAt: number | null;
}

/** Reads an EmailImport object. @throws SetError. */
function read(value: JsonObject): EmailImport {
  const args = new Arguments(value);
  try {
    const found = {
      blob: args.text('blobId'),
      mailboxIds: args.value('mailboxIds'),
      keywords: args.value('keywords') ?? {},
      receivedAt: args.utcDate('receivedAt', null),
    };
    args.end();
    return found;
  } catch (error) {
    if (!(error instanceof MethodError)) throw error;
    const names = error.response['arguments'];
    throw new SetError('invalidProperties', error.message, Array.isArray(names) ? names.map(String) : []);
  }
}

/** Returns the date of the latest Received field, which is the first one (RFC 8621 §4.8); null when there is none that can be read. */
function receivedMsOf(header: readonly HeaderField[]): number | null {
  const field = header.find(({ name }) => name === 'received');
  const text = field === undefined ? '' : fieldText(field);
  return parseDate(text.slice(text.lastIndexOf(';') + 1))?.ms ?? null;
}
