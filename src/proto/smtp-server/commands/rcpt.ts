import { needsSmtputf8 } from '#lib/address';
import type { RcptAnswer, RequestedRecipient } from '../backend.ts';
import type { Context } from '../context.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { checkRcptParameters } from '../parameter-rules.ts';
import { Refusal } from '../refusal.ts';
import type { CommandDefinition } from './definition.ts';

/** RCPT (RFC 5321 §4.1.1.3). */
export const rcpt: CommandDefinition<'RCPT'> = {
  legal: ['mail', 'rcpt'],
  isIdle: false,
  async handle(context, { to, parameters }) {
    const { transaction } = context;
    if (transaction === null) throw new Refusal(503, '5.5.1', 'MAIL first');
    transaction.hadRcpt = true;
    checkRcptParameters(parameters, context.options);
    const mayUseUtf8 = transaction.parameters.smtputf8 || context.options.lenient === true;
    if (to !== 'postmaster' && !mayUseUtf8 && needsSmtputf8(to)) {
      // RFC 6531 §3.5: 553 and 5.6.7 when RCPT requires an ASCII address.
      throw new Refusal(553, '5.6.7', 'address needs SMTPUTF8');
    }
    // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in another transaction.
    if (transaction.recipients.length >= context.limits.maxRecipients) {
      throw new Refusal(452, '4.5.3', `more than ${context.limits.maxRecipients} recipients`);
    }
    const recipient = { address: to, parameters };
    const { facts, reply } = await askBackend(context, transaction, recipient);
    transaction.recipients.push({ ...recipient, facts });
    if (reply === undefined) context.wire.text('250 2.1.5 ok\r\n');
    else context.wire.reply(reply, { smtputf8: transaction.parameters.smtputf8 });
  },
};

/** Asks the Backend and counts its refusals: a peer that guesses addresses is disconnected (RFC 5321 §7.8). */
async function askBackend(
  context: Context,
  transaction: OpenTransaction,
  recipient: RequestedRecipient,
): Promise<RcptAnswer> {
  try {
    return await context.backend.rcpt(context, transaction, recipient);
  } catch (error) {
    const { maxBadRecipients } = context.limits;
    if (error instanceof Refusal && error.reply.code >= 500 && ++context.badRecipients >= maxBadRecipients) {
      const text = `too many refused recipients in this connection: the limit is ${maxBadRecipients}`;
      throw new Refusal(421, '4.7.0', text);
    }
    throw error;
  }
}
