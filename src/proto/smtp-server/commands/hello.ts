import type { HelloArgument } from '#lib/smtp';
import type { Hello } from '../backend.ts';
import type { Context } from '../context.ts';
import { offeredMechanisms } from '../mechanisms.ts';
import { messageExtensions } from '../message-extensions.ts';
import { Refusal } from '../refusal.ts';
import { anywhere, type CommandDefinition } from './definition.ts';

/** HELO (RFC 5321 §4.1.1.1). */
export const helo: CommandDefinition<'HELO'> = {
  legal: anywhere,
  isIdle: true,
  async handle(context, { hello }) {
    await greet(context, 'HELO', hello, () => `250 ${context.options.hostname}\r\n`);
  },
};

/** EHLO (RFC 5321 §4.1.1.1). */
export const ehlo: CommandDefinition<'EHLO'> = {
  legal: anywhere,
  isIdle: true,
  async handle(context, { hello }) {
    await greet(context, 'EHLO', hello, () => extensions(context));
  },
};

async function greet(
  context: Context,
  verb: 'HELO' | 'EHLO',
  argument: HelloArgument,
  answer: () => string,
): Promise<void> {
  const { options } = context;
  // Mail programs send the name of their machine, in any form. On submission ports the login identifies the client, not this name.
  const isLenient = options.lenient === true || (options.kind !== 'mx' && !options.pedantic);
  // deviates: RFC 5321 §4.1.1.1 gives HELO a domain only. Literals are common with it, and no server refuses them.
  if (argument.form === 'other' && !isLenient) {
    const expected = `${verb} needs a host name, or an address literal such as [192.0.2.1]`;
    throw new Refusal(501, '5.5.4', `${expected}: ${argument.reason}`);
  }
  const hello: Hello = { verb, name: argument.text, form: argument.form };
  await context.backend.hello(context, hello);
  // RFC 5321 §4.1.4: a later EHLO MUST clear all buffers and reset the state, as RSET does.
  context.reset();
  context.hello = hello;
  context.wire.text(answer());
}

function extensions(context: Context): string {
  const { options, limits, tls, clock } = context;
  const { size, futureRelease, dsn } = messageExtensions(options, limits, clock.now());
  const lines = [options.hostname, 'PIPELINING', size.join(' ')];
  // RFC 3207 §4.2: after the TLS handshake STARTTLS MUST NOT be offered.
  if (tls === null && options.startTls) lines.push('STARTTLS');
  // RFC 8689 §2: offered under TLS only.
  if (tls !== null && options.requireTls) lines.push('REQUIRETLS');
  const mechanisms = offeredMechanisms(context);
  if (mechanisms.length > 0) lines.push(`AUTH ${mechanisms.join(' ')}`);
  for (const extension of [futureRelease, dsn]) if (extension !== null) lines.push(extension.join(' '));
  // RFC 6531 §3.1: a server that offers SMTPUTF8 MUST announce 8BITMIME.
  lines.push('ENHANCEDSTATUSCODES', '8BITMIME', 'CHUNKING');
  // RFC 9422 §4.1, §4.2: the limits of MAIL and RCPT. Both count failed commands; we count accepted ones, so no client is cut off early.
  lines.push(`LIMITS MAILMAX=${limits.maxTransactions} RCPTMAX=${limits.maxRecipients}`, 'SMTPUTF8');
  const last = lines.length - 1;
  return lines.map((line, i) => `250${i === last ? ' ' : '-'}${line}\r\n`).join('');
}
