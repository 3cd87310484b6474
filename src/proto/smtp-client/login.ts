import { encodeBase64Text, encodeBase64url, parseBase64 } from '#lib/codecs';
import {
  type ChannelBindings,
  chooseMechanism,
  createSaslClient,
  mechanismsByStrength,
  type MechanismName,
  type SaslClient,
  type SaslClientOptions,
  type SaslClientStep,
  tokenMechanisms,
} from '#lib/sasl';
import { type Extensions, type Reply, showReply } from '#lib/smtp';
import type { Random } from '#ports/random';
import { type Connection, failure, refusal, type Stop } from './connection.ts';
import type { ClientCredentials } from './types.ts';

/** Mechanisms that need only a name and a secret. */
const secretMechanisms = [...mechanismsByStrength, ...tokenMechanisms].filter((name) => name !== 'EXTERNAL');
/** RFC 4954 §4: an initial response that would exceed the limit on command lines (RFC 5321 §4.5.3.1.4: 512) MUST be sent in a step of its own. */
const maxInitialChars = 480;
/** More challenges than any mechanism has. */
const maxSteps = 8;
const nonceBytes = 18;

/** Logs in with the most secure mechanism that both sides have (RFC 4954 §4). @throws Stop */
export async function logIn(
  connection: Connection,
  extensions: Extensions,
  credentials: ClientCredentials,
  random: Random,
  timeoutMs: number,
): Promise<MechanismName> {
  const offered = extensions.auth ?? [];
  const { tls } = connection.channel;
  const bindings: ChannelBindings | null =
    tls === null ? null : { 'tls-exporter': tls.exporter, 'tls-server-end-point': tls.serverEndPoint };
  const { token, password, mechanisms = secretMechanisms } = credentials;
  const situation = {
    tls: tls !== null || credentials.allowClear === true,
    bindings,
    hasPassword: password !== null,
    hasToken: token !== undefined,
  };
  const mechanism = chooseMechanism(offered, mechanisms, situation);
  if (mechanism === null) {
    const isClear = !situation.tls && chooseMechanism(offered, mechanisms, { ...situation, tls: true }) !== null;
    const shows = isClear ? ', which would show the secret, as there is no TLS' : '';
    const wanted = credentials.mechanisms === undefined ? '' : `, and of ours only ${mechanisms.join(' ')} may be used`;
    const has = offered.join(' ') || 'none at all';
    throw failure('auth', 'auth', `server offers no usable mechanism: ${has}${shows}${wanted}`);
  }
  const client = clientFor(mechanism, credentials, {
    bindings,
    plusOffered: offered.some((name) => name.endsWith('-PLUS')),
    nonce: () => encodeBase64url(random.bytes(nonceBytes)),
  });
  await exchange(connection, client, timeoutMs);
  return mechanism;
}

/** @throws Stop when a login or token has characters that the mechanism cannot carry. */
function clientFor(
  mechanism: MechanismName,
  { login, password, token, server }: ClientCredentials,
  situation: Pick<SaslClientOptions, 'bindings' | 'plusOffered' | 'nonce'>,
): SaslClient {
  try {
    return createSaslClient(mechanism, {
      login,
      password,
      ...(token !== undefined && { token }),
      ...(server !== undefined && { server }),
      ...situation,
    });
  } catch (error) {
    if (error instanceof RangeError) throw failure('auth', 'auth', `${mechanism}: ${error.message}`);
    throw error;
  }
}

async function exchange(connection: Connection, client: SaslClient, timeoutMs: number): Promise<void> {
  const initial = client.initial();
  const encoded = initial === null ? null : encode(initial);
  const isInline = encoded !== null && encoded.length <= maxInitialChars;
  const line = isInline ? `AUTH ${client.mechanism} ${encoded}` : `AUTH ${client.mechanism}`;
  let reply = await connection.command(line, 'auth', timeoutMs, `AUTH ${client.mechanism}${isInline ? ' …' : ''}`);
  let owed = isInline ? null : initial;
  for (let steps = 0; reply.code === 334 && steps < maxSteps; steps++) {
    const response = owed ?? (await answer(connection, client, reply, timeoutMs));
    owed = null;
    reply = await connection.command(encodeBase64Text(response), 'auth', timeoutMs, '…');
  }
  if (reply.code !== 235) throw refused(client, reply);
  const end = client.finish(null);
  if (end.kind === 'failure') throw failure('auth', 'auth', end.reason);
}

/** Returns the failure for a refused login, with the error that the server sent before its 535, as with tokens (RFC 7628 §3.2.2). */
function refused(client: SaslClient, reply: Reply): Stop {
  const problem = client.problem ?? null;
  return problem === null ? refusal('auth', reply) : failure('auth', 'login', `${problem} (${showReply(reply)})`);
}

function encode(initial: Uint8Array): string {
  // RFC 4954 §4: `=` is an initial response without octets.
  return initial.length === 0 ? '=' : encodeBase64Text(initial);
}

async function answer(
  connection: Connection,
  client: SaslClient,
  reply: Reply,
  timeoutMs: number,
): Promise<Uint8Array> {
  const challenge = parseBase64((reply.lines[0] ?? '').trim());
  const step: SaslClientStep = challenge.ok
    ? client.step(challenge.value)
    : { kind: 'failure', reason: 'challenge is not base64' };
  if (step.kind === 'response') return step.data;
  // RFC 4954 §4: a client that cannot decode a challenge MUST cancel the exchange, with a line of `*`.
  await connection.command('*', 'auth', timeoutMs);
  throw failure('auth', 'auth', step.kind === 'failure' ? step.reason : 'server asks for more than the mechanism has');
}
