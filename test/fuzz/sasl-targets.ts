import { createHmac } from 'node:crypto';
import {
  createSaslClient,
  createSaslServer,
  deriveScramKeys,
  mechanismsByStrength,
  saslLimits,
  tokenMechanisms,
} from '#lib/sasl';
import type { CredentialStore, MechanismName, SaslClient } from '#lib/sasl';
import { Secret } from '#lib/secret';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';

const [login, password, token] = ['mrc', 'correct horse', 'tok-en'];
const bindings = { 'tls-exporter': new Uint8Array(32).fill(7), 'tls-server-end-point': null };
const nonce = 'clientnonceclientnonce12';
const identity = { account: login, login };
const store: CredentialStore = {
  checkPassword: async () => identity,
  scramKeys: async (_login, hash) => deriveScramKeys(password, new Uint8Array(16).fill(1), 4096, hash),
  checkCramMd5: async () => identity,
  identify: async () => identity,
  identifyCertificate: async () => identity,
};

function clientFor(mechanism: MechanismName): SaslClient {
  return createSaslClient(mechanism, {
    login,
    password: new Secret(password),
    token: new Secret(token),
    server: { host: 'mx.example', port: 465 },
    bindings,
    plusOffered: mechanism.endsWith('-PLUS'),
    nonce: () => nonce,
  });
}

/** Returns the replies of a good server in one exchange, one message per line. */
async function dialogue(mechanism: MechanismName): Promise<Uint8Array> {
  const client = clientFor(mechanism);
  const server = createSaslServer(mechanism, {
    store,
    bindings,
    nonce: () => 'servernonceservernonce12',
    challenge: () => '<1@mx.example>',
    plusOffered: mechanism.endsWith('-PLUS'),
    clientCertificate: null,
  });
  const said: string[] = [];
  let response = client.initial();
  for (let steps = 0; steps < 5; steps += 1) {
    const step = await server.step(response);
    if (step.kind === 'failure') throw new Error(step.reason);
    const data = step.kind === 'challenge' ? step.data : (step.data ?? new Uint8Array(0));
    said.push(new TextDecoder('latin1').decode(data));
    if (step.kind === 'success') break;
    const answer = client.step(data);
    response = answer.kind === 'response' ? answer.data : null;
  }
  return latin1(said.join('\n'));
}

const scrams = mechanismsByStrength.filter((name) => name.startsWith('SCRAM-'));
const all = [...mechanismsByStrength, ...tokenMechanisms];

/** Challenges of a server that may be hostile: SCRAM succeeds only with a proof that takes the password to make. */
const saslClient: Target = {
  name: 'sasl-client',
  seeds: [
    ...(await Promise.all(scrams.map(dialogue))),
    ...[
      '<123.456@mx.example>',
      'VXNlcm5hbWU6\nUGFzc3dvcmQ6',
      '',
      '{"status":"invalid_token"}',
      'e=other-error',
      'Username:\nPassword:\n',
    ].map(latin1),
  ],
  dictionary: [
    'r=',
    's=',
    'i=',
    'v=',
    'e=',
    'm=',
    ',',
    '=',
    '\n',
    nonce,
    '4096',
    '99999999',
    '4095',
    '+4096',
    'AAAA',
    '\0',
    '\xff',
    '{"',
    '"}',
  ],
  maxBytes: 2000,
  async run(input, random) {
    const mechanism = all[Math.floor(random() * all.length)] ?? 'PLAIN';
    const lines = new TextDecoder('latin1').decode(input).split('\n').map(latin1);
    const client = clientFor(mechanism);
    const sent = [client.initial() ?? new Uint8Array(0)];
    const withLast = random() < 0.5;
    const last = withLast ? (lines.pop() ?? null) : null;
    for (const line of lines) {
      const step = client.step(line);
      if (step.kind === 'response') sent.push(step.data);
      if (step.kind !== 'response') break;
    }
    must(
      sent.every(({ length }) => length <= saslLimits.maxMessageBytes + 1000),
      'a long answer',
    );
    const end = client.finish(last);
    if (!scrams.includes(mechanism)) return;
    const [first = '', final = ''] = sent.map((bytes) => new TextDecoder().decode(bytes));
    must(!sent.some((bytes) => new TextDecoder().decode(bytes).includes(password)), 'the password is shown');
    if (end.kind !== 'done') return;
    const proof = await provedBy(mechanism, first, text(lines[0]), final);
    const said = [...lines, ...(last === null ? [] : [last])].map(text);
    must(
      said.some((line) => line === `v=${proof}` || line.startsWith(`v=${proof},`)),
      'success without a proof',
    );
  },
};

/** ServerSignature of RFC 5802 §3. */
async function provedBy(mechanism: MechanismName, first: string, challenge: string, final: string): Promise<string> {
  const hash = mechanism.includes('SHA-256') ? 'SHA-256' : 'SHA-1';
  const [, salt = '', iterations = ''] = /,s=([^,]*),i=(\d+)/.exec(challenge) ?? [];
  const keys = await deriveScramKeys(password, new Uint8Array(Buffer.from(salt, 'base64')), Number(iterations), hash);
  const bare = first.slice(first.indexOf('n=', first.indexOf(',') + 1));
  const messages = `${bare},${challenge},${final.slice(0, final.lastIndexOf(',p='))}`;
  return createHmac(hash.replace('-', '').toLowerCase(), keys.serverKey).update(messages).digest('base64');
}

function text(bytes: Uint8Array = new Uint8Array(0)): string {
  return new TextDecoder().decode(bytes);
}

/** The client's side of SASL. */
export const saslTargets: readonly Target[] = [saslClient];
