import { needsSmtputf8 } from '#lib/address';
import type { Context } from '../context.ts';
import { OpenTransaction } from '../open-transaction.ts';
import { checkMailParameters } from '../parameter-rules.ts';
import { Refusal } from '../refusal.ts';
import type { CommandDefinition } from './definition.ts';

/** MAIL (RFC 5321 §4.1.1.2). */
export const mail: CommandDefinition<'MAIL'> = {
  // RFC 5321 §4.1.4: MAIL MUST NOT be sent while a transaction is open: 503.
  legal: ['greeted'],
  isIdle: false,
  async handle(context, { from, parameters }) {
    context.wasRefused = true;
    checkPeer(context);
    const { limits, options, clock } = context;
    checkMailParameters(parameters, { limits, options, isTls: context.tls !== null, nowMs: clock.now() });
    if (from !== null && !parameters.smtputf8 && options.lenient !== true && needsSmtputf8(from)) {
      // RFC 6531 §3.5: 550 and 5.6.7 when MAIL requires an ASCII address.
      throw new Refusal(550, '5.6.7', 'address needs SMTPUTF8');
    }
    const transaction = new OpenTransaction(from, parameters);
    transaction.senderFacts = await context.backend.mail(context, transaction);
    context.transaction = transaction;
    context.transactions++;
    context.wasRefused = false;
    context.wire.text('250 2.1.0 ok\r\n');
  },
};

function checkPeer(context: Context): void {
  const { limits, options } = context;
  if (context.transactions >= limits.maxTransactions) {
    const text = `too many messages in one connection: the limit is ${limits.maxTransactions}, please connect again`;
    throw new Refusal(421, '4.7.0', text);
  }
  if (context.accepted === 0 && context.badTransactions > limits.maxBadTransactions) {
    const text = `too many refused messages in this connection: the limit is ${limits.maxBadTransactions}`;
    throw new Refusal(550, '5.1.0', text, { close: true });
  }
  // RFC 3207 §4: 530 before TLS is active; only on ports where TLS may be required, as that section forbids it to public servers.
  if (options.mailNeedsTls && context.tls === null) throw new Refusal(530, '5.7.0', 'STARTTLS is needed first');
  // RFC 6409 §4.3: a submission server MUST refuse MAIL in a session that is not authenticated; RFC 4954 §6: with 530 5.7.0.
  if (options.kind !== 'mx' && context.identity === null) throw new Refusal(530, '5.7.0', 'authentication needed');
}
