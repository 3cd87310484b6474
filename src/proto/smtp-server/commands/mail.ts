import type { MailParameters } from '#lib/smtp';
import { needsSmtputf8 } from '#lib/address';
import type { Context } from '../context.ts';
import { OpenTransaction } from '../open-transaction.ts';
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
    checkParameters(context, parameters);
    if (from !== null && !parameters.smtputf8 && context.options.lenient !== true && needsSmtputf8(from)) {
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

function checkParameters(context: Context, parameters: MailParameters): void {
  const { limits, options } = context;
  const [unknown] = parameters.unknown;
  if (unknown !== undefined) {
    const isBody = /^body=/i.test(unknown);
    // RFC 5321 §4.1.1.11: 555 for parameters that are not recognized or not implemented.
    throw new Refusal(555, isBody ? '5.5.4' : '5.3.3', `unknown parameter ${unknown.slice(0, 40)}`);
  }
  // RFC 3030 §3: BODY=BINARYMIME needs the BINARYMIME extension.
  if (parameters.body === 'BINARYMIME') throw new Refusal(555, '5.5.4', 'BINARYMIME is not offered');
  if (parameters.sizeBytes !== null && parameters.sizeBytes > limits.maxMessageBytes) {
    // RFC 1870 §6.1: 552 when the declared size exceeds the server's fixed maximum.
    throw new Refusal(552, '5.3.4', `message larger than ${limits.maxMessageBytes} bytes`);
  }
  if (parameters.requireTls) {
    if (!options.requireTls) throw new Refusal(555, '5.3.3', 'REQUIRETLS is not offered');
    // RFC 8689 §4.1
    if (context.tls === null) throw new Refusal(523, '5.7.10', 'REQUIRETLS needs TLS');
  }
  if (!options.dsn && (parameters.ret !== null || parameters.envid !== null)) {
    throw new Refusal(555, '5.3.3', 'DSN is not offered');
  }
  checkHold(context, parameters);
}

/** RFC 4865 §4.2. */
function checkHold(context: Context, { holdForS, holdUntilMs }: MailParameters): void {
  if (holdForS === null && holdUntilMs === null) return;
  if (!context.options.futureRelease) throw new Refusal(555, '5.3.3', 'FUTURERELEASE is not offered');
  const holdMs = holdForS !== null ? holdForS * 1000 : (holdUntilMs ?? 0) - context.clock.now();
  if (holdMs <= 0) throw new Refusal(501, '5.5.4', 'release time is not in the future');
  const { maxHoldMs } = context.limits;
  if (holdMs > maxHoldMs) {
    const text = `release time is too far in the future: the limit is ${Math.floor(maxHoldMs / 1000)} seconds`;
    throw new Refusal(501, '5.5.4', text);
  }
}
