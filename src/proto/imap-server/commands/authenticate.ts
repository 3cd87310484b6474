import { type MechanismName, type SaslServer, type SaslServerStep, createSaslServer } from '#lib/sasl';
import { encodeBase64Text, encodeHex } from '#lib/codecs';
import { offeredMechanisms } from '../offered-capabilities.ts';
import type { Context } from '../context.ts';
import { completeLogin, refuseLogin } from '../login.ts';
import { Bad, Bye, No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

const maxSteps = 10;

/** AUTHENTICATE (RFC 9051 §6.2.2) with any mechanism of #lib/sasl, with or without initial response (RFC 4959). */
export const authenticate: Handler<CommandOf<'authenticate'>> = {
  state: 'notAuthenticated',
  updates: 'none',
  async run(context, command) {
    const mechanism = chooseMechanism(context, command.mechanism);
    await context.deps.backend.admitLogin(mechanism);
    const server = makeServer(context, mechanism);
    let step = await server.step(command.initialResponse);
    for (let steps = 0; step.kind === 'challenge'; steps++) {
      if (steps === maxSteps) throw new Bad(`too many steps of one login: the limit is ${maxSteps}`);
      step = await answer(context, server, step.data);
    }
    if (step.kind === 'failure') return refuseLogin(context, { ...step, mechanism });
    if (step.data !== null) {
      // RFC 9051 §6.2.2: there is no room for data in the tagged OK: it is one more challenge, answered by an empty line.
      const response = await exchange(context, step.data);
      if (response === null) return refuseLogin(context, aborted(mechanism));
    }
    return completeLogin(context, step.identity);
  },
};

function chooseMechanism(context: Context, name: string): MechanismName {
  const { options, channel } = context.deps;
  const mechanism = offeredMechanisms(options, channel.tls).find((offered) => offered === name);
  if (mechanism !== undefined) return mechanism;
  if (channel.tls === null && !options.allowClearPasswords && options.mechanisms.some((known) => known === name)) {
    // RFC 5530 §3: PRIVACYREQUIRED, after which a client could try STARTTLS.
    throw new No('PRIVACYREQUIRED', `use STARTTLS before ${name}`);
  }
  // RFC 9051 §6.2.2: NO for an unsupported mechanism.
  throw new No('CANNOT', 'this mechanism is not offered');
}

function makeServer(context: Context, mechanism: MechanismName): SaslServer {
  const { backend, channel, clock, options, random } = context.deps;
  const { tls } = channel;
  return createSaslServer(mechanism, {
    store: backend.credentials,
    bindings: tls === null ? null : { 'tls-exporter': tls.exporter, 'tls-server-end-point': tls.serverEndPoint },
    nonce: () => encodeBase64Text(random.bytes(24)),
    // RFC 2195 §2: random digits, a timestamp and the host name, in the syntax of a msg-id.
    challenge: () => `<${encodeHex(random.bytes(12))}.${clock.now()}@${options.hostname}>`,
    plusOffered: offeredMechanisms(options, tls).some((name) => name.endsWith('-PLUS')),
    clientCertificate: tls?.peerCertificate ?? null,
  });
}

async function answer(context: Context, server: SaslServer, challenge: Uint8Array): Promise<SaslServerStep> {
  const response = await exchange(context, challenge);
  if (response === null) {
    return { kind: 'failure', failure: 'aborted', reason: 'cancelled by the client', login: null };
  }
  return server.step(response);
}

/** Sends a challenge and returns the response; null when the client cancelled with `*`. @throws Bad for invalid base64 (RFC 9051 §6.2.2: MUST). */
async function exchange(context: Context, challenge: Uint8Array): Promise<Uint8Array | null> {
  const { codec, input, output } = context;
  codec.expectSaslResponse();
  output.line(`+ ${encodeBase64Text(challenge)}`);
  await output.drain();
  const event = await input.next(context.deps.options.limits.unauthenticatedTimeoutMs);
  if (event === null) throw new Bye('connection ended');
  if (event.kind !== 'saslResponse') throw new Bad('expected a response to the challenge');
  if (event.data === null && !event.isCancelled) throw new Bad('the response is not base64');
  return event.data;
}

function aborted(mechanism: MechanismName) {
  return { mechanism, login: null, failure: 'aborted', reason: 'cancelled by the client' } as const;
}
