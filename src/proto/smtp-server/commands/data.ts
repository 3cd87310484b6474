import type { DataHandler } from '../backend.ts';
import type { Context } from '../context.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { DataTransfer } from '../data-transfer.ts';
import { Refusal } from '../refusal.ts';
import { receive, settle } from '../content.ts';
import type { CommandDefinition } from './definition.ts';

/** DATA (RFC 5321 §4.1.1.4). */
export const data: CommandDefinition<'DATA'> = {
  // Without a recipient it has an answer of its own.
  legal: ['mail', 'rcpt'],
  isIdle: false,
  handle(context) {
    const { transaction } = context;
    if (transaction === null || transaction.recipients.length === 0) {
      // RFC 2920 §3.1: a client that pipelines learns only now that all its recipients were refused.
      if (transaction?.hadRcpt === true) throw new Refusal(554, '5.5.1', 'no valid recipients');
      context.countBadCommand();
      throw new Refusal(503, '5.5.1', 'RCPT first');
    }
    context.transaction = null;
    context.wasRefused = true;
    const handler = context.backend.data(context, transaction);
    return handler instanceof Promise
      ? handler.then((begun) => take(context, transaction, begun))
      : take(context, transaction, handler);
  },
};

async function take(context: Context, transaction: OpenTransaction, handler: DataHandler): Promise<void> {
  context.wasRefused = false;
  const { wire } = context;
  const transfer = new DataTransfer(context, transaction, handler);
  try {
    wire.text('354 end with CRLF.CRLF\r\n');
    wire.codec.beginData(context.isLfOnly);
    const problem = await receive(context, transfer);
    transfer.check(problem);
    settle(context, transaction, await transfer.finish());
  } catch (error) {
    context.countMessage(false);
    throw error;
  } finally {
    transfer.abort();
  }
}
