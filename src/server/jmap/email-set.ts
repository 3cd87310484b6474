import { MethodError, SetError, type JsonObject } from '#lib/jmap';
import {
  changesFor,
  EmailsChanged,
  keywordsOf,
  refuseChanged,
  systemKeywords,
  type EmailEdit,
  type EmailView,
} from '#mail/emails';
import { MailboxRefusal } from '#mail/mailboxes';
import { messageLimits, type Addition, type Together } from '#mail/messages';
import type { JmapMethod } from '#proto/jmap-server';
import { composedEmails, type Creation } from './email-create.ts';
import { editOf, mailboxesIn, type PatchContext } from './email-patch.ts';
import { emailIds, threadIds, writeBlobId } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';
import { refuseOtherState, resolvedId, setCallOf, SetResults, type SetCall } from './set-call.ts';

/** Times that a call is tried when others change its emails meanwhile. */
const maxAttempts = 10;

/** Edits that a call asks for, by the ids of their emails. */
type Edits = ReadonlyMap<string, EmailEdit>;

/** Email/set (RFC 8621 §4.6). */
export const emailSet: JmapMethod<MailContext> = {
  name: 'Email/set',
  capability: mailUri,
  run: async (args, context, { createdIds }) => {
    const account = accountOf(args, context);
    const call = setCallOf(args, context);
    args.end();
    refuseOtherState(call, await account.changes.modSeq());
    await using undo = new AsyncDisposableStack();
    const creations = await composedEmails(call.create, context, createdIds, undo);
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      try {
        return await emailsSet(call, creations, context, createdIds);
      } catch (error) {
        if (!(error instanceof EmailsChanged)) throw error;
      }
    }
    throw new MethodError('serverUnavailable', 'others change these emails all the time');
  },
};

/** Emails to be added, by their creation ids. */
type Additions = ReadonlyMap<string, Addition>;

/** @throws EmailsChanged when others changed the same emails meanwhile; then nothing was done. */
async function emailsSet(
  call: SetCall,
  creations: ReadonlyMap<string, Creation>,
  context: MailContext,
  createdIds: Map<string, string>,
): Promise<JsonObject> {
  const { account } = context;
  const view = await account.emails.view();
  refuseOtherState(call, view.modSeq);
  const listings = await account.mailboxes.list();
  const mailboxes = new Set(listings.flatMap(({ mailbox }) => mailbox?.id ?? []));
  const results = new SetResults();
  const facts = { account, mailboxes, createdIds, limits: context.limits };
  const room = new KeywordRoom(call.create.size + call.update.size === 0 ? [] : await account.messages.keywords());
  const additions = additionsOf(creations, facts, room, results);
  const edits = withinKeywords(await editsOf(call, view, facts, results), room, results);
  const { before, after, added } = await makeChanges(additions, edits, call, context, view);
  for (const [id, { kind }] of edits) {
    if (kind === 'destroy') results.destroyed(id);
    else results.updated(id);
  }
  const shown = added.length === 0 ? view : await account.emails.view();
  for (const [i, [creationId, { message }]] of [...additions].entries()) {
    const row = added[i] ?? 0;
    const id = emailIds.write(row);
    createdIds.set(creationId, id);
    const { sizeBytes: size } = message.body;
    const threadId = threadIds.write(shown.email(row)?.thread ?? row);
    results.created(creationId, { id, blobId: writeBlobId(row), threadId, size });
  }
  return results.response(context, before, after);
}

/** Finds the mailboxes of the emails that are composed. */
function additionsOf(
  creations: ReadonlyMap<string, Creation>,
  facts: PatchContext,
  room: KeywordRoom,
  results: SetResults,
): Additions {
  const additions = new Map<string, Addition>();
  for (const [creationId, creation] of creations) {
    try {
      if (creation.kind === 'refused') throw creation.error;
      const mailboxes = [...mailboxesIn(creation.mailboxIds, facts)];
      room.take(creation.keywords);
      additions.set(creationId, { message: creation.message, mailboxes });
    } catch (error) {
      results.refused('notCreated', creationId, error);
    }
  }
  return additions;
}

async function editsOf(call: SetCall, view: EmailView, context: PatchContext, results: SetResults): Promise<Edits> {
  const edits = new Map<string, EmailEdit>();
  for (const given of new Set(call.destroy)) {
    const id = resolvedId(given, context.createdIds);
    const email = id === null ? null : view.email(emailIds.read(id) ?? 0);
    if (id === null || email === null)
      results.refused('notDestroyed', given, new SetError('notFound', 'there is no such email'));
    else edits.set(id, { kind: 'destroy', email });
  }
  const isUpdated = new Set<string>();
  for (const [given, patch] of call.update) {
    try {
      const id = resolvedId(given, context.createdIds);
      const email = id === null ? null : view.email(emailIds.read(id) ?? 0);
      if (id === null || email === null) throw new SetError('notFound', 'there is no such email');
      if (edits.get(id)?.kind === 'destroy') throw new SetError('willDestroy', 'this call destroys the email');
      if (isUpdated.has(id)) throw new SetError('invalidPatch', 'this call updates the email by another id as well');
      isUpdated.add(id);
      edits.set(id, await editOf(email, patch, context));
    } catch (error) {
      results.refused('notUpdated', given, error);
    }
    const pause = context.account.loop.pause();
    if (pause !== null) await pause;
  }
  return edits;
}

const flagNames = new Set(systemKeywords.map(([, keyword]) => keyword));

/** Different keywords that the account may still get. */
class KeywordRoom {
  readonly #known: Set<string>;

  constructor(known: readonly string[]) {
    this.#known = new Set(known);
  }

  /** Takes room for the keywords that are new. @throws SetError tooManyKeywords. */
  take(keywords: ReadonlySet<string>): void {
    const added = keywords.difference(flagNames).difference(this.#known);
    if (added.size > 0 && this.#known.size + added.size > messageLimits.maxKeywords)
      throw new SetError('tooManyKeywords', 'the account has as many different keywords as it may');
    for (const keyword of added) this.#known.add(keyword);
  }
}

/** Refuses edits that would give the account more different keywords than it may have. @returns the others. */
function withinKeywords(edits: Edits, room: KeywordRoom, results: SetResults): Edits {
  const kept = new Map<string, EmailEdit>();
  for (const [id, edit] of edits) {
    try {
      if (edit.kind === 'update') room.take(edit.keywords.difference(keywordsOf(edit.email)));
      kept.set(id, edit);
    } catch (error) {
      results.refused('notUpdated', id, error);
    }
  }
  return kept;
}

/** Makes everything in one transaction. @returns the states right before and after it. */
async function makeChanges(
  additions: Additions,
  edits: Edits,
  { ifInState }: SetCall,
  { account }: MailContext,
  { modSeq }: EmailView,
): Promise<Together> {
  const changes = changesFor([...edits.values()]);
  if (changes.length + additions.size === 0) return { before: modSeq, after: modSeq, added: [] };
  const emails = ifInState === null ? new Set<number>([...edits.values()].map(({ email }) => email.id)) : null;
  const added = [...additions.values()];
  try {
    return await account.messages.together(changes, (tx) => refuseChanged(tx, account.id, modSeq, emails), added);
  } catch (error) {
    // Others took the last room for keywords, removed a mailbox, or the like: everything is worked out again.
    throw error instanceof MailboxRefusal ? new EmailsChanged() : error;
  }
}
