import type { ContentProblem, Reply } from '#lib/smtp';
import type { Context } from './context.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { DataTransfer } from './data-transfer.ts';
import { PeerGone } from './wire.ts';

/**
 * Reads content of DATA (RFC 5321 §4.1.1.4) or BDAT (RFC 3030 §2) into `transfer` up to the end that the codec finds.
 * @returns the problem that the codec found, or null. @throws PeerGone when the peer disconnects before the end; Refusal when reading on is pointless.
 */
export async function receive(context: Context, transfer: DataTransfer | null): Promise<ContentProblem | null> {
  const { wire, limits } = context;
  const startedMs = context.clock.monotonic();
  for (;;) {
    let event = wire.codec.next();
    if (event === null) {
      transfer?.checkTime();
      if (transfer === null && context.clock.monotonic() - startedMs > limits.dataTimeoutMs)
        throw new PeerGone('timeout');
      event = await wire.more(limits.dataBlockTimeoutMs, limits.dataTimeoutMs);
    }
    if (event === null) throw new PeerGone('closed');
    if (event.kind === 'data') {
      const written = transfer?.write(event.bytes);
      if (written !== undefined && written !== null) await written;
    } else if (event.kind === 'dataEnd' || event.kind === 'bdatEnd') {
      return event.problem;
    }
  }
}

/** Sends the reply to a whole message and counts the message. */
export function settle(context: Context, transaction: OpenTransaction, answer: Reply): void {
  const isAccepted = answer.code < 400;
  if (isAccepted) context.countMessage(true);
  const style = { smtputf8: transaction.parameters.smtputf8 };
  if (isAccepted) {
    context.wire.reply(answer, style);
    return;
  }
  const { from, recipients } = transaction;
  const refused = recipients.map(({ address }) => address);
  const mail = { stage: 'DATA', from, recipients: refused, reply: answer, explanation: null } as const;
  context.backend.refused?.(context, mail);
  context.refuse(answer, style);
  context.countMessage(false);
}
