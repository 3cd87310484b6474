import type { ForwardPath } from '#lib/address';
import type { Reply } from '#lib/smtp';
import {
  Refusal,
  type Backend,
  type DataHandler,
  type RefusedMail,
  type RequestedRecipient,
  type Sender,
  type SessionFacts,
  type Transaction,
} from '#proto/smtp-server';
import { withCrlf } from './with-crlf.ts';

/** A message of a user that comes without an SMTP session. */
export interface DirectMessage extends Sender {
  readonly session: SessionFacts;
  readonly recipients: readonly RequestedRecipient[];
  readonly content: AsyncIterable<Uint8Array>;
}

/** Result of `submitMessage`. */
export type DirectResult =
  | { readonly kind: 'queued' }
  | { readonly kind: 'refused'; readonly stage: 'MAIL' | 'DATA'; readonly reply: Reply }
  /** Nothing was queued, for the others neither. */
  | { readonly kind: 'recipientsRefused'; readonly recipients: readonly RefusedRecipient[] };

/** A recipient that was refused. */
export interface RefusedRecipient {
  readonly address: ForwardPath;
  readonly reply: Reply;
}

/** Submits a message as an SMTP session would: the same Backend decides, in the same order. */
export async function submitMessage(backend: Backend, message: DirectMessage): Promise<DirectResult> {
  const { session, from, parameters, content } = message;
  const refusedAt = (stage: 'MAIL' | 'DATA', error: unknown): DirectResult => {
    const refusal = asRefusal(error);
    const recipients = stage === 'MAIL' ? [] : message.recipients.map(({ address }) => address);
    note(backend, session, { stage, from, recipients }, refusal);
    return { kind: 'refused', stage, reply: refusal.reply };
  };
  let senderFacts: unknown;
  try {
    senderFacts = await backend.mail(session, { from, parameters });
  } catch (error) {
    return refusedAt('MAIL', error);
  }
  const transaction = { from, parameters, senderFacts, recipients: [], chunked: false };
  const checked = await checkRecipients(backend, message, transaction);
  if (checked.refused.length > 0) {
    backend.reset(session, checked.transaction);
    return { kind: 'recipientsRefused', recipients: checked.refused };
  }
  let handler: DataHandler;
  try {
    handler = await backend.data(session, checked.transaction);
  } catch (error) {
    return refusedAt('DATA', error);
  }
  try {
    for await (const chunk of withCrlf(content)) {
      const written = handler.write(chunk);
      if (written !== null) await written;
    }
  } catch (error) {
    handler.abort();
    return refusedAt('DATA', error);
  }
  try {
    await handler.finish();
    return { kind: 'queued' };
  } catch (error) {
    return refusedAt('DATA', error);
  }
}

async function checkRecipients(
  backend: Backend,
  { session, from, recipients }: DirectMessage,
  opened: Transaction,
): Promise<{ readonly transaction: Transaction; readonly refused: readonly RefusedRecipient[] }> {
  let transaction = opened;
  const refused: RefusedRecipient[] = [];
  for (const recipient of recipients) {
    const { address } = recipient;
    try {
      const { facts } = await backend.rcpt(session, transaction, recipient);
      transaction = { ...transaction, recipients: [...transaction.recipients, { ...recipient, facts }] };
    } catch (error) {
      const refusal = asRefusal(error);
      note(backend, session, { stage: 'RCPT', from, recipients: [address] }, refusal);
      refused.push({ address, reply: refusal.reply });
    }
  }
  return { transaction, refused };
}

function note(
  backend: Backend,
  session: SessionFacts,
  mail: Pick<RefusedMail, 'stage' | 'from' | 'recipients'>,
  { reply, explanation }: Refusal,
): void {
  backend.refused?.(session, { ...mail, reply, explanation });
}

/** @throws every error that is no refusal. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}
