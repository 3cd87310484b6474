import { parseAddress, writeAddress, type Address } from '#lib/address';
import {
  isJsonObject,
  jsonObject,
  memberOf,
  MethodError,
  invalidArgument,
  SetError,
  type Arguments,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import { writeMdn } from '#lib/mdn';
import { fieldText, findField, mailboxesOf, parseAddressList, parseMessageIds, type HeaderField } from '#lib/message';
import { noMailParameters, noRcptParameters } from '#lib/smtp';
import { keywordsOf, type Email } from '#mail/emails';
import type { JmapMethod } from '#proto/jmap-server';
import { submitMessage } from '#server/submission';
import { EmailGone, EmailReader } from './email-reader.ts';
import { emailIds } from './ids.ts';
import type { ShownIdentity } from './identity-list.ts';
import { identitiesOf } from './identity-methods.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mdnObject, readMdn, mdnUri, type RequestedMdn } from './mdn-object.ts';
import { resolvedId } from './set-call.ts';

const sentKeyword = '$mdnsent';

/** MDN/send (RFC 9007 §2.1). The keyword that marks the email is set by the call of Email/set that is implied. */
export const mdnSend: JmapMethod<MailContext> = {
  name: 'MDN/send',
  capability: mdnUri,
  run: async (args, context, { createdIds, callNext }) => {
    accountOf(args, context);
    if (context.isReadOnly) throw new MethodError('accountReadOnly', 'this login may read mail only');
    const identityId = resolvedId(args.id('identityId'), createdIds);
    const send = Object.entries(args.object('send'));
    const patches = patchesIn(args);
    args.end();
    if (send.length > context.limits.maxObjectsInSet)
      throw new MethodError('requestTooLarge', `at most ${context.limits.maxObjectsInSet} objects in one call`);
    const identity = (await identitiesOf(context)).all.find(({ id }) => id === identityId);
    if (identity === undefined) throw invalidArgument('identityId', 'there is no such identity');
    const sent = new Map<string, JsonObject>();
    const refused = new Map<string, JsonObject>();
    const updates = new Map<string, JsonObject>();
    for (const [creationId, value] of send) {
      try {
        const mdn = readMdn(value);
        const emailId = resolvedId(mdn.forEmailId, createdIds) ?? '';
        const patch = patches.get(`#${creationId}`);
        if (patch === undefined || !setsKeyword(patch))
          throw new SetError('invalidProperties', `onSuccessUpdateEmail must set keywords/${sentKeyword} for this one`);
        if (updates.has(emailId)) throw alreadySent();
        sent.set(creationId, await sendOne(mdn, emailId, identity, context));
        updates.set(emailId, patch);
      } catch (error) {
        if (!(error instanceof SetError)) throw error;
        refused.set(creationId, error.response);
      }
    }
    const { accountId } = context;
    if (updates.size > 0) callNext('Email/set', { accountId, update: Object.fromEntries(updates) });
    return {
      accountId,
      sent: sent.size === 0 ? null : jsonObject(sent),
      notSent: refused.size === 0 ? null : jsonObject(refused),
    };
  },
};

function patchesIn(args: Arguments): ReadonlyMap<string, JsonObject> {
  const patches = new Map<string, JsonObject>();
  for (const [id, patch] of Object.entries(args.object('onSuccessUpdateEmail', null) ?? {})) {
    if (!isJsonObject(patch)) throw invalidArgument('onSuccessUpdateEmail', 'objects are expected');
    patches.set(id, patch);
  }
  return patches;
}

function setsKeyword(patch: JsonObject): boolean {
  const whole = memberOf(patch, 'keywords');
  const all: [string, JsonValue][] = isJsonObject(whole) ? Object.entries(whole) : [];
  const single = Object.entries(patch).map(([path, value]): [string, JsonValue] => [
    path.replace(/^keywords\//, ''),
    value,
  ]);
  return [...all, ...single].some(([name, value]) => name.toLowerCase() === sentKeyword && value === true);
}

function alreadySent(): SetError {
  return new SetError('mdnAlreadySent', `the email has the keyword ${sentKeyword}`);
}

/** Sends one notification. @returns what the server set. @throws SetError. */
async function sendOne(
  mdn: RequestedMdn,
  emailId: string,
  identity: ShownIdentity,
  context: MailContext,
): Promise<JsonObject> {
  const { account, sending } = context;
  if (!sending.maySend) throw new SetError('forbidden', 'this app password does not permit sending');
  const email = (await account.emails.view()).email(emailIds.read(emailId) ?? 0);
  if (email === null) throw new SetError('notFound', 'there is no such email');
  if (keywordsOf(email).has(sentKeyword)) throw alreadySent();
  const original = await readOriginal(email, context);
  const author = authorOf(mdn, identity, context);
  const complete = {
    ...mdn,
    finalRecipient: mdn.finalRecipient ?? `rfc822; ${writeAddress(author, 'ascii')}`,
    originalRecipient: original.recipient,
    originalMessageId: original.messageId,
  };
  await submit(complete, { author, name: identity.name, to: original.to, reader: original.reader }, context);
  return mdnObject({ ...complete, subject: mdn.subject, text: mdn.text }, { without: mdn.given });
}

/** The parts of the received email that a notification needs. */
interface Original {
  readonly reader: EmailReader;
  readonly to: readonly Address[];
  readonly recipient: string | null;
  readonly messageId: string | null;
}

/** @throws SetError notFound when no notification is asked for. */
async function readOriginal(email: Email, { account }: MailContext): Promise<Original> {
  const reader = new EmailReader(account, email);
  const header = await reader.header().catch((error: unknown) => {
    throw error instanceof EmailGone ? new SetError('notFound', error.message) : error;
  });
  const wanted = header.filter(({ name }) => name === 'disposition-notification-to');
  const to = wanted
    .flatMap((field) => mailboxesOf(parseAddressList(fieldText(field))))
    .flatMap(({ localpart, domain }) => {
      const parsed = parseAddress(`${localpart}@${domain}`, { smtputf8: true });
      return parsed.ok ? [parsed.value] : [];
    });
  if (to.length === 0) throw new SetError('notFound', 'the email asks for no notification');
  return {
    reader,
    to,
    recipient: textIn(header, 'original-recipient'),
    messageId: parseMessageIds(textIn(header, 'message-id') ?? '')[0] ?? null,
  };
}

function textIn(header: readonly HeaderField[], name: string): string | null {
  const field = findField(header, name);
  return field === null ? null : fieldText(field);
}

/** Returns the address that the notification is from: that of the final recipient, or of the identity. @throws SetError forbiddenFrom. */
function authorOf({ finalRecipient }: RequestedMdn, { email }: ShownIdentity, { sending }: MailContext): Address {
  const text = finalRecipient === null ? email : finalRecipient.replace(/^[^;]*;\s*/, '');
  const parsed = parseAddress(text, { smtputf8: true });
  if (!parsed.ok) throw new SetError('invalidProperties', 'finalRecipient: an address is expected', ['finalRecipient']);
  if (!sending.maySendAs(parsed.value) || parsed.value.localpart === '*')
    throw new SetError('forbiddenFrom', 'finalRecipient: this is not one of your addresses', ['finalRecipient']);
  return parsed.value;
}

async function submit(
  mdn: RequestedMdn & Parameters<typeof mdnObject>[0],
  { author, name, to, reader }: Pick<Original, 'reader' | 'to'> & { readonly author: Address; readonly name: string },
  { sending }: MailContext,
): Promise<void> {
  const { maxMessageBytes: maxSize } = sending.limits;
  const session = sending.newSession();
  const bytes = await reader.bytes();
  const end = mdn.includeOriginalMessage ? bytes.sizeBytes : await reader.headerSize();
  if (end > maxSize) throw new SetError('tooLarge', `a message may have ${maxSize} bytes`, [], { maxSize });
  const written = writeMdn(
    {
      ...mdn,
      from: { name, email: writeAddress(author, 'unicode') },
      to: to.map((address) => writeAddress(address, 'unicode')),
      subject: mdn.subject ?? 'Disposition notification',
      text: mdn.text ?? `The message was ${mdn.disposition.type}.`,
      boundary: `mdn-${session.id}`,
    },
    mdn.includeOriginalMessage ? 'message/rfc822' : 'text/rfc822-headers',
  );
  const encoder = new TextEncoder();
  async function* content(): AsyncGenerator<Uint8Array> {
    yield encoder.encode(written.start);
    yield* bytes.stream(0, end);
    yield encoder.encode(written.end);
  }
  const result = await submitMessage(sending.backend(sending.queue), {
    session,
    // RFC 8098 §3: no notice is sent in answer to it.
    from: null,
    parameters: { ...noMailParameters, smtputf8: true },
    recipients: to.map((address) => ({ address, parameters: noRcptParameters })),
    content: content(),
  });
  if (result.kind === 'queued') return;
  const reply = result.kind === 'refused' ? result.reply : result.recipients[0]?.reply;
  throw new SetError('forbidden', reply?.lines.join(' ') ?? 'refused');
}
