import { Refusal } from '../refusal.ts';
import { afterHello, type CommandDefinition } from './definition.ts';

/** STARTTLS (RFC 3207 §4). */
export const startTls: CommandDefinition<'STARTTLS'> = {
  legal: afterHello,
  isIdle: false,
  async handle(context) {
    const { wire, options } = context;
    // RFC 3207 §4.2: a client MUST NOT start TLS when it is active already.
    if (context.tls !== null) throw new Refusal(503, '5.5.1', 'TLS is active already');
    if (!options.startTls) throw new Refusal(503, '5.5.1', 'STARTTLS is not offered');
    if (context.identity !== null) throw new Refusal(503, '5.5.1', 'STARTTLS must come before AUTH');
    // RFC 3207 §4: STARTTLS must be the last command in a group. Input after it is an error of the client, or was inserted by an attacker.
    if (wire.codec.discard()) {
      throw new Refusal(503, '5.5.1', 'nothing may follow STARTTLS before its reply', { close: true });
    }
    wire.text(`220 2.0.0 go ahead (${context.id})\r\n`);
    const tls = await wire.startTls();
    context.log.debug('smtp.tls', { protocol: tls.protocol, cipher: tls.cipher });
    // RFC 3207 §4.2: the server MUST discard what it learned in plaintext, such as the argument of EHLO.
    context.reset();
    context.hello = null;
  },
};
