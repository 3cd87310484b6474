import { MethodError, SetError, type JsonObject } from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
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
import { messageLimits } from '#mail/messages';
import type { JmapMethod } from '#proto/jmap-server';
import { editOf, type PatchContext } from './email-patch.ts';
import { emailIds } from './ids.ts';
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
    accountOf(args, context);
    const call = setCallOf(args, context);
    args.end();
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      try {
        return await emailsSet(call, context, createdIds);
      } catch (error) {
        if (!(error instanceof EmailsChanged)) throw error;
      }
    }
    throw new MethodError('serverUnavailable', 'others change these emails all the time');
  },
};

/** @throws EmailsChanged when others changed the same emails meanwhile; then nothing was done. */
async function emailsSet(
  call: SetCall,
  context: MailContext,
  createdIds: ReadonlyMap<string, string>,
): Promise<JsonObject> {
  const { account } = context;
  const view = await account.emails.view();
  refuseOtherState(call, view.modSeq);
  const listings = await account.mailboxes.list();
  const mailboxes = new Set(listings.flatMap(({ mailbox }) => mailbox?.id ?? []));
  const results = new SetResults();
  for (const id of call.create.keys())
    results.refused('notCreated', id, new SetError('forbidden', 'emails cannot be created here yet'));
  const asked = await editsOf(call, view, { account, mailboxes, createdIds }, results);
  const edits = await withinKeywords(asked, context, results);
  const newState = await makeEdits(edits, call, context, view);
  for (const [id, { kind }] of edits) {
    if (kind === 'destroy') results.destroyed(id);
    else results.updated(id);
  }
  return results.response(context, view.modSeq, newState);
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

/** Refuses edits that would give the account more different keywords than it may have. @returns the others. */
async function withinKeywords(edits: Edits, { account }: MailContext, results: SetResults): Promise<Edits> {
  const hasNew = ({ email, ...edit }: EmailEdit): boolean =>
    edit.kind === 'update' && edit.keywords.size > 0 && !keywordsOf(email).isSupersetOf(edit.keywords);
  if (![...edits.values()].some(hasNew)) return edits;
  const known = new Set(await account.messages.keywords());
  const system = new Set(systemKeywords.map(([, keyword]) => keyword));
  const kept = new Map<string, EmailEdit>();
  for (const [id, edit] of edits) {
    const has = keywordsOf(edit.email);
    const added =
      edit.kind === 'update' ? edit.keywords.difference(has).difference(system).difference(known) : new Set<string>();
    if (added.size > 0 && known.size + added.size > messageLimits.maxKeywords) {
      const error = new SetError('tooManyKeywords', 'the account has as many different keywords as it may');
      results.refused('notUpdated', id, error);
    } else {
      for (const keyword of added) known.add(keyword);
      kept.set(id, edit);
    }
  }
  return kept;
}

/** Makes all edits in one transaction. @returns the state after them. */
async function makeEdits(
  edits: Edits,
  { ifInState }: SetCall,
  { account }: MailContext,
  { modSeq }: EmailView,
): Promise<ModSeq> {
  const changes = changesFor([...edits.values()]);
  if (changes.length === 0) return modSeq;
  const emails = ifInState === null ? new Set<number>([...edits.values()].map(({ email }) => email.id)) : null;
  try {
    return await account.messages.together(changes, (tx) => refuseChanged(tx, account.id, modSeq, emails));
  } catch (error) {
    // Others took the last room for keywords, or the like: what is left is looked at again.
    throw error instanceof MailboxRefusal ? new EmailsChanged() : error;
  }
}
