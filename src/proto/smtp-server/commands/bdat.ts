import type { Context } from '../context.ts';
import { receive, settle } from '../content.ts';
import { DataTransfer } from '../data-transfer.ts';
import { Refusal } from '../refusal.ts';
import { anywhere, type CommandDefinition } from './definition.ts';

/** BDAT (RFC 3030 §2). Legal in every stage, because the chunk follows the command without waiting for a reply: it has to be read even when it is refused. */
export const bdat: CommandDefinition<'BDAT'> = {
  legal: anywhere,
  isIdle: false,
  async handle(context, { sizeBytes, isLast }) {
    const { codec } = context.wire;
    if (sizeBytes > 2 * context.limits.maxMessageBytes) {
      throw new Refusal(552, '5.3.4', `message larger than ${context.limits.maxMessageBytes} bytes`, { close: true });
    }
    context.countChunk(sizeBytes, isLast);
    const isFirst = context.transfer === null;
    let refused: unknown = null;
    try {
      if (isFirst) context.transfer = await begin(context);
    } catch (error) {
      refused = error;
    }
    const { transfer } = context;
    codec.beginBdat(sizeBytes, isFirst, isLast);
    const problem = await receive(context, transfer);
    if (transfer === null) throw refused;
    try {
      transfer.check(problem);
      if (!isLast) {
        // RFC 3030 §2: 250 once the specified number of octets has been received.
        context.wire.text(`250 2.0.0 ${sizeBytes} octets\r\n`);
        return;
      }
      context.transfer = null;
      settle(context, transfer.transaction, await transfer.finish());
    } catch (error) {
      // RFC 3030 §2: after a failed chunk the transaction has failed, and pipelined chunks are read and discarded.
      context.countMessage(false);
      context.wasRefused = true;
      throw error;
    } finally {
      if (isLast || context.wasRefused) {
        context.transfer = null;
        transfer.abort();
      }
    }
  },
};

async function begin(context: Context): Promise<DataTransfer> {
  const { transaction } = context;
  const isOutOfOrder = context.hello === null || (transaction === null && !context.wasRefused);
  if (isOutOfOrder) context.countBadCommand();
  if (context.hello === null) throw new Refusal(503, '5.5.1', 'EHLO first');
  if (transaction === null) throw new Refusal(503, '5.5.1', context.wasRefused ? 'message was refused' : 'MAIL first');
  if (transaction.recipients.length === 0) {
    throw transaction.hadRcpt
      ? new Refusal(554, '5.5.1', 'no valid recipients')
      : new Refusal(503, '5.5.1', 'RCPT first');
  }
  transaction.chunked = true;
  context.transaction = null;
  context.wasRefused = true;
  const transfer = new DataTransfer(context, transaction, await context.backend.data(context, transaction));
  context.wasRefused = false;
  return transfer;
}
