import { writeAddress } from '#lib/address';
import { memberOf, SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import type { Reply } from '#lib/smtp';
import type { Email } from '#mail/emails';
import { checkMailParameters, checkRcptParameters, Refusal } from '#proto/smtp-server';
import { submissionOffer, submitMessage, type DirectResult } from '#server/submission';
import { envelopeOf, invalidRecipients, readEnvelope, type Envelope } from './email-envelope.ts';
import { EmailGone, EmailReader } from './email-reader.ts';
import { submissionObject } from './email-submission-object.ts';
import { isForAddress, type ShownIdentity } from './identity-list.ts';
import { identitiesOf } from './identity-methods.ts';
import { emailIds, submissionIds } from './ids.ts';
import type { MailContext } from './mail-context.ts';
import { resolvedId } from './set-call.ts';

/** A submission that was created. */
export interface CreatedSubmission {
  readonly id: string;
  /** Properties that the server set. */
  readonly object: JsonObject;
  /** Row id of the email. */
  readonly email: number;
  /** State of the account's submissions after it. */
  readonly state: ModSeq;
}

/** Arguments of one creation besides the object. */
export interface CreationContext {
  readonly createdIds: ReadonlyMap<string, string>;
  /** State that submissions must have; null for any. */
  readonly expected: ModSeq | 0 | null;
}

const settable = ['identityId', 'emailId', 'envelope'];

/** Submits an email (RFC 8621 §7.5). It is queued when this resolves, and was not when it throws. @throws SetError, SubmissionsChanged. */
export async function createSubmission(
  object: JsonObject,
  context: MailContext,
  { createdIds, expected }: CreationContext,
): Promise<CreatedSubmission> {
  const { sending, clock, account } = context;
  if (!sending.maySend) throw new SetError('forbiddenToSend', 'this app password does not permit sending');
  refuseUnknown(object);
  const identity = await identityIn(memberOf(object, 'identityId'), context, createdIds);
  const email = await emailIn(memberOf(object, 'emailId'), context, createdIds);
  const { maxMessageBytes: maxSize } = sending.limits;
  if (email.sizeBytes > maxSize) throw new SetError('tooLarge', `a message may have ${maxSize} bytes`, [], { maxSize });
  const reader = new EmailReader(account, email);
  const given = memberOf(object, 'envelope') ?? null;
  const envelope = given === null ? await derived(reader, identity, context) : readEnvelope(given);
  checkEnvelope(envelope, context);
  const content = await goneAsError(reader.bytes());
  let created: { readonly id: number; readonly state: ModSeq } | null = null;
  const backend = sending.backend({
    enqueue: (message) =>
      sending.queue.enqueue(message, 'common', async (tx, queued) => {
        const submission = {
          account: account.id,
          identity: identity.id,
          email: email.id,
          thread: email.thread,
          envelope: JSON.stringify(envelope.json),
          sendAtMs: message.holdUntilMs ?? clock.now(),
        };
        created = await sending.submissions.recordIn(tx, queued, submission, expected);
      }),
  });
  const result = await submitMessage(backend, {
    session: sending.newSession(),
    from: envelope.from,
    // RFC 6531 §3.4: the message decides whether it travels so.
    parameters: { ...envelope.parameters, smtputf8: true },
    recipients: envelope.recipients,
    content: content.stream(0, content.sizeBytes),
  });
  if (result.kind !== 'queued' || created === null) throw refusalOf(result, maxSize);
  return await answerFor(created, context, email, given === null);
}

/** Returns what the server set: all that the client did not give. */
async function answerFor(
  { id: row, state }: { readonly id: number; readonly state: ModSeq },
  context: MailContext,
  { id: email }: Email,
  withEnvelope: boolean,
): Promise<CreatedSubmission> {
  const [submission] = (await context.sending.submissions.list(context.account.id, [row])).submissions;
  const id = submissionIds.write(row);
  const names = ['threadId', 'sendAt', 'undoStatus', 'deliveryStatus', 'dsnBlobIds', 'mdnBlobIds'];
  if (withEnvelope) names.push('envelope');
  const object = submission === undefined ? {} : await submissionObject(submission, names, context);
  return { id, object: { id, ...object }, email, state };
}

function refuseUnknown(object: JsonObject): void {
  const others = Object.keys(object).filter((name) => !settable.includes(name));
  if (others.length > 0)
    throw new SetError(
      'invalidProperties',
      'only identityId, emailId and envelope can be given',
      others.map((name) => name.slice(0, 100)),
    );
}

async function identityIn(
  value: JsonValue | undefined,
  context: MailContext,
  createdIds: ReadonlyMap<string, string>,
): Promise<ShownIdentity> {
  const id = typeof value === 'string' ? resolvedId(value, createdIds) : null;
  const identity = (await identitiesOf(context)).all.find((one) => one.id === id);
  if (identity === undefined) throw new SetError('invalidProperties', 'there is no such identity', ['identityId']);
  return identity;
}

async function emailIn(
  value: JsonValue | undefined,
  { account }: MailContext,
  createdIds: ReadonlyMap<string, string>,
): Promise<Email> {
  const id = typeof value === 'string' ? resolvedId(value, createdIds) : null;
  const email = id === null ? null : (await account.emails.view()).email(emailIds.read(id) ?? 0);
  if (email === null) throw new SetError('invalidProperties', 'there is no such email', ['emailId']);
  return email;
}

async function derived(reader: EmailReader, identity: ShownIdentity, { sending }: MailContext): Promise<Envelope> {
  const header = await goneAsError(reader.header());
  const mayUse: Parameters<typeof envelopeOf>[1] = (address) =>
    isForAddress(identity, address) && sending.maySendAs(address);
  return envelopeOf(header, mayUse, identity.email);
}

async function goneAsError<T>(reading: Promise<T>): Promise<T> {
  return await reading.catch((error: unknown) => {
    throw error instanceof EmailGone ? new SetError('invalidProperties', error.message, ['emailId']) : error;
  });
}

/** Checks what an SMTP session checks before it asks the Backend. @throws SetError. */
function checkEnvelope({ recipients, parameters }: Envelope, { sending, clock }: MailContext): void {
  const { maxRecipients } = sending.limits;
  if (recipients.length === 0) throw new SetError('noRecipients', 'the message is for nobody');
  if (recipients.length > maxRecipients)
    throw new SetError('tooManyRecipients', `a message may have ${maxRecipients} recipients`, [], { maxRecipients });
  try {
    if (parameters.auth !== null) throw new Refusal(555, '5.3.3', 'unknown parameter AUTH');
    const isTls = sending.newSession().tls !== null;
    checkMailParameters(parameters, { options: submissionOffer, limits: sending.limits, isTls, nowMs: clock.now() });
    for (const recipient of recipients) checkRcptParameters(recipient.parameters, submissionOffer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new SetError('invalidProperties', `envelope: ${textOf(error.reply)}`, ['envelope']);
  }
}

/** Returns the refusal of a submission as JMAP has it (RFC 8621 §7.5). */
function refusalOf(result: DirectResult, maxSize: number): SetError {
  if (result.kind === 'queued') throw new Error('a message was queued without a submission');
  if (result.kind === 'recipientsRefused') {
    const emails = result.recipients.map(({ address }) =>
      address === 'postmaster' ? address : writeAddress(address, 'unicode'),
    );
    const [first] = result.recipients;
    return invalidRecipients(emails, first === undefined ? 'refused' : textOf(first.reply));
  }
  const { stage, reply } = result;
  const text = textOf(reply);
  if (stage === 'MAIL') return new SetError('forbiddenMailFrom', text);
  const { code, enhanced } = reply;
  if (enhanced === '5.7.1') return new SetError('forbiddenFrom', text);
  if (enhanced === '5.3.4') return new SetError('tooLarge', text, [], { maxSize });
  const isContent = code >= 500 && (enhanced?.startsWith('5.6.') === true || enhanced === '5.4.6');
  return isContent ? new SetError('invalidEmail', text, ['headers']) : new SetError('forbiddenToSend', text);
}

function textOf({ lines }: Reply): string {
  return lines.join(' ');
}
