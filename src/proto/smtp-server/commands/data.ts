import type { DataHandler } from '../backend.ts';
import type { Context } from '../context.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { DataTransfer } from '../data-transfer.ts';
import { Refusal } from '../refusal.ts';
import { receive, settle } from '../content.ts';
import type { CommandDefinition } from './definition.ts';

/** DATA (RFC 5321 §4.1.1.4). */
export const data: CommandDefinition<'DATA'> = {
  // RFC 5321 §3.3: DATA without a valid recipient gets a reply of its own, below.
  legal: ['mail', 'rcpt'],
  isIdle: false,
  async handle(context) {
    const { transaction } = context;
    if (transaction === null || transaction.recipients.length === 0) {
      // RFC 5321 §3.3: 554 when all recipients were rejected, which a client that pipelines (RFC 2920 §3.1) may not know yet.
      if (transaction?.hadRcpt === true) throw new Refusal(554, '5.5.1', 'no valid recipients');
      context.countBadCommand();
      // RFC 5321 §3.3: 503 when there was no RCPT at all.
      throw new Refusal(503, '5.5.1', 'RCPT first');
    }
    context.transaction = null;
    context.wasRefused = true;
    await take(context, transaction, await context.backend.data(context, transaction));
  },
};

async function take(context: Context, transaction: OpenTransaction, handler: DataHandler): Promise<void> {
  context.wasRefused = false;
  const { wire } = context;
  const transfer = new DataTransfer(context, transaction, handler);
  try {
    // RFC 5321 §4.1.1.4: 354, then lines up to one that holds only a period.
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
