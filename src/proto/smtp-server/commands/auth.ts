import { encodeBase64Text, encodeBase64url, parseBase64 } from '#lib/codecs';
import { createSaslServer, type MechanismName, type SaslServer, type SaslServerStep } from '#lib/sasl';
import type { AuthBackend, AuthOutcome } from '../backend.ts';
import type { Context } from '../context.ts';
import { channelBindings, offeredMechanisms, unavailable } from '../mechanisms.ts';
import { Refusal } from '../refusal.ts';
import { PeerGone } from '../wire.ts';
import type { CommandDefinition } from './definition.ts';

/** More challenges than any mechanism has. */
const maxSteps = 8;
/** RFC 5802 §5.1 leaves the length of a nonce open; 18 random bytes cannot be guessed. */
const nonceBytes = 18;
const empty = new Uint8Array(0);

/** AUTH (RFC 4954 §4). */
export const auth: CommandDefinition<'AUTH'> = {
  // RFC 4954 §4: during a mail transaction AUTH MUST be rejected with 503.
  legal: ['greeted'],
  isIdle: true,
  async handle(context, command) {
    const backend = context.backend.auth;
    if (backend === null) throw new Refusal(503, '5.5.1', 'logins are accepted on the submission ports only');
    // RFC 4954 §4: after a successful AUTH, further ones MUST be rejected with 503.
    if (context.identity !== null) throw new Refusal(503, '5.5.1', 'already authenticated');
    const mechanism = backend.mechanisms.find((name) => name === command.mechanism);
    // RFC 4954 §4: 504 when the mechanism is invalid or not supported, SHOULD with 5.5.4.
    if (mechanism === undefined) throw new Refusal(504, '5.5.4', 'mechanism is not supported');
    checkAvailable(context, mechanism);
    const { maxAuthFailures } = context.limits;
    // RFC 4954 §9: a server MAY drop the connection, but not before three attempts have failed.
    if (context.authFailures >= maxAuthFailures) {
      const text = `too many failed logins in this connection: the limit is ${maxAuthFailures}`;
      throw new Refusal(421, '4.7.0', text);
    }
    await backend.attempt(context, mechanism);
    const server = createSaslServer(mechanism, {
      store: backend.credentials,
      bindings: channelBindings(context),
      nonce: () => token(context),
      // RFC 2195 §2: random digits, a timestamp and the host name, in the syntax of a msg-id.
      challenge: () => `<${token(context)}.${context.clock.now()}@${context.options.hostname}>`,
      plusOffered: offeredMechanisms(context).some((name) => name.endsWith('-PLUS')),
      clientCertificate: context.tls?.peerCertificate ?? null,
    });
    await exchange(context, backend, server, command.initial);
  },
};

function token(context: Context): string {
  return encodeBase64url(context.random.bytes(nonceBytes));
}

function checkAvailable(context: Context, mechanism: MechanismName): void {
  const lacking = unavailable(context, mechanism);
  if (lacking === 'tls' || (context.tls === null && !context.options.authWithoutTls)) {
    // deviates: RFC 4954 §4 wants 504 here and RFC 4954 §6 deprecates 538. Only 538 says which remedy there is: TLS.
    throw new Refusal(538, '5.7.11', 'TLS is needed for this mechanism');
  }
  if (lacking === 'certificate') throw new Refusal(504, '5.5.4', 'no TLS client certificate was given');
  if (lacking === 'binding') throw new Refusal(504, '5.5.4', 'no channel binding is available');
}

async function exchange(
  context: Context,
  backend: AuthBackend,
  server: SaslServer,
  initial: string | null,
): Promise<void> {
  // RFC 4954 §4: `=` stands for an initial response without octets.
  let response = initial === null ? null : initial === '=' ? empty : decode(initial);
  for (let steps = 0; steps < maxSteps; steps++) {
    const step = await server.step(response);
    if (step.kind === 'failure') return await fail(context, backend, server.mechanism, step);
    if (step.kind === 'success') {
      // RFC 4954 §4: success has no room for data, so it travels in a last challenge that is answered by nothing.
      if (step.data !== null && (await ask(context, step.data)).length > 0) {
        throw new Refusal(501, '5.5.2', 'empty response expected');
      }
      return await succeed(context, backend, server.mechanism, step);
    }
    response = await ask(context, step.data);
  }
  throw new Refusal(501, '5.5.0', `too many steps of one login: the limit is ${maxSteps}`);
}

/** Sends a challenge and returns the decoded response. @throws Refusal when the client cancels with `*` or sends invalid base64. */
async function ask(context: Context, challenge: Uint8Array): Promise<Uint8Array> {
  const { wire, limits } = context;
  wire.text(`334 ${encodeBase64Text(challenge)}\r\n`);
  wire.codec.expectSasl();
  const event = wire.codec.next() ?? (await wire.more(limits.commandTimeoutMs, limits.lineTimeoutMs));
  if (event === null) throw new PeerGone('closed');
  if (event.kind !== 'line') {
    const text = `line of a login too long: the limit is ${limits.maxSaslLineBytes} bytes`;
    // RFC 4954 §4: 500 with 5.5.6 when the line is longer than the server's limit.
    throw new Refusal(500, '5.5.6', text, { close: true });
  }
  const isTaken = event.problem === null || (event.problem === 'bareLf' && context.options.lenient === true);
  if (!isTaken) throw new Refusal(501, '5.5.2', 'bad line in an authentication exchange');
  // RFC 4954 §4: `*` cancels the exchange, and the AUTH command MUST be rejected with 501.
  if (event.text === '*') throw new Refusal(501, '5.5.0', 'authentication given up');
  return decode(event.text);
}

function decode(text: string): Uint8Array {
  const bytes = parseBase64(text);
  // RFC 4954 §4: a response that is not base64 MUST be rejected with 501 and 5.5.2.
  if (!bytes.ok) throw new Refusal(501, '5.5.2', 'bad base64');
  return bytes.value;
}

async function succeed(
  context: Context,
  backend: AuthBackend,
  mechanism: MechanismName,
  { identity }: Extract<SaslServerStep, { readonly kind: 'success' }>,
): Promise<void> {
  let ended: AbortSignal | null;
  try {
    ended = await backend.outcome(context, { kind: 'success', mechanism, identity });
  } catch (error) {
    // The secret was right, but the client may go on trying.
    if (error instanceof Refusal) context.authFailures++;
    throw error;
  }
  if (ended !== null) context.followLogin(ended);
  context.identity = identity;
  context.mechanism = mechanism;
  context.authFailures = 0;
  context.rejects = 0;
  context.idleCommands = 0;
  // RFC 4954 §6: 235 2.7.0, authentication succeeded.
  context.wire.text('235 2.7.0 welcome\r\n');
}

async function fail(
  context: Context,
  backend: AuthBackend,
  mechanism: MechanismName,
  { failure, login, reason }: Extract<SaslServerStep, { readonly kind: 'failure' }>,
): Promise<never> {
  if (failure !== 'protocol' && failure !== 'aborted') context.authFailures++;
  const outcome: AuthOutcome = { kind: 'failure', mechanism, failure, login, reason };
  await backend.outcome(context, outcome);
  // Each guess after the third waits longer than the one before.
  const delayS = context.authFailures - 3;
  if (delayS > 0) await context.clock.sleep(delayS * 1000);
  switch (failure) {
    case 'credentials':
    case 'authorization':
      // RFC 4954 §6: 535 5.7.8 for credentials or an authorization identity that are not valid.
      throw new Refusal(535, '5.7.8', 'wrong user name or password');
    case 'busy':
      // RFC 4954 §6: 454 4.7.0 is a temporary failure; clients retry and SHOULD NOT ask for another password.
      throw new Refusal(454, '4.7.0', 'too many logins at once, please try again later');
    case 'channelBinding':
      throw new Refusal(535, '5.7.7', 'channel binding does not match: is somebody between us?');
    case 'aborted':
      throw new Refusal(501, '5.5.0', 'authentication given up');
    default:
      throw new Refusal(501, '5.5.4', 'malformed authentication exchange');
  }
}
