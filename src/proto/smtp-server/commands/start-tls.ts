import { Refusal } from '../refusal.ts';
import { afterHello, type CommandDefinition } from './definition.ts';

/** STARTTLS (RFC 3207 §4). */
export const startTls: CommandDefinition<'STARTTLS'> = {
  legal: afterHello,
  isIdle: false,
  async handle(context) {
    const { wire, options } = context;
    if (context.tls !== null) throw new Refusal(503, '5.5.1', 'TLS is active already');
    if (!options.startTls) throw new Refusal(503, '5.5.1', 'STARTTLS is not offered');
    if (context.identity !== null) throw new Refusal(503, '5.5.1', 'STARTTLS must come before AUTH');
    // A client that sends more before our reply is broken, or an attacker puts commands before the client's.
    if (wire.codec.discard()) {
      throw new Refusal(503, '5.5.1', 'nothing may follow STARTTLS before its reply', { close: true });
    }
    wire.text(`220 2.0.0 go ahead (${context.id})\r\n`);
    const tls = await wire.startTls();
    context.log.debug('smtp.tls', { protocol: tls.protocol, cipher: tls.cipher });
    // RFC 3207 §4.2: everything learned in plaintext is forgotten.
    context.reset();
    context.hello = null;
  },
};
