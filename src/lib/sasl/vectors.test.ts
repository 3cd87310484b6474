import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#lib/secret';
import {
  type CredentialStore,
  type MechanismName,
  type SaslClient,
  type SaslServer,
  createSaslClient,
  createSaslServer,
  deriveScramKeys,
} from './index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const base64 = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'base64'));

const identity = { account: 'user', login: 'user' };

/** A store that knows one user, and takes whatever password or digest is `expected`. */
function storeOf(expected: string, salt: Uint8Array): CredentialStore {
  return {
    checkPassword: async (login, password) => (`${login}:${password}` === expected ? identity : null),
    scramKeys: (_login, hash) => deriveScramKeys('pencil', salt, 4096, hash),
    checkCramMd5: async (login, challenge, digest) =>
      `${login}:${challenge}:${digest}` === expected ? identity : null,
    identify: async () => identity,
    identifyCertificate: async () => null,
  };
}

function client(mechanism: MechanismName, login: string, password: string, nonce = 'n'): SaslClient {
  return createSaslClient(mechanism, {
    login,
    password: new Secret(password),
    bindings: null,
    plusOffered: false,
    nonce: () => nonce,
  });
}

function server(mechanism: MechanismName, store: CredentialStore, nonce = 'n', challenge = '<c@x>'): SaslServer {
  return createSaslServer(mechanism, {
    store,
    bindings: null,
    nonce: () => nonce,
    challenge: () => challenge,
    plusOffered: false,
    clientCertificate: null,
  });
}

// RFC 5802 §5 and RFC 7677 §3: user `user`, password `pencil`.
const scramVectors = [
  {
    mechanism: 'SCRAM-SHA-1',
    clientNonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverNonce: '3rfcNHYJY1ZVvWVs7j',
    salt: 'QSXCR+Q6sek8bf92',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    verifier: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    mechanism: 'SCRAM-SHA-256',
    clientNonce: 'rOprNGfwEbeRWgbNEkqO',
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    verifier: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
] as const;

for (const vector of scramVectors) {
  const { mechanism, clientNonce, serverNonce, salt, proof, verifier } = vector;
  const clientFirst = `n,,n=user,r=${clientNonce}`;
  const serverFirst = `r=${clientNonce}${serverNonce},s=${salt},i=4096`;
  const clientFinal = `c=biws,r=${clientNonce}${serverNonce},p=${proof}`;

  test(`createSaslClient ${mechanism}: the RFC's example`, () => {
    const side = client(mechanism, 'user', 'pencil', clientNonce);
    assert.equal(text(side.initial() ?? bytes('')), clientFirst);
    assert.deepEqual(side.step(bytes(serverFirst)), { kind: 'response', data: bytes(clientFinal) });
    assert.deepEqual(side.finish(bytes(`v=${verifier}`)), { kind: 'done' });
  });

  test(`createSaslServer ${mechanism}: the RFC's example`, async () => {
    const side = server(mechanism, storeOf('', base64(salt)), serverNonce);
    assert.deepEqual(await side.step(bytes(clientFirst)), { kind: 'challenge', data: bytes(serverFirst) });
    assert.deepEqual(await side.step(bytes(clientFinal)), { kind: 'success', identity, data: bytes(`v=${verifier}`) });
  });
}

// RFC 4616 §4.
for (const [message, expected, kind] of [
  ['\0tim\0tanstaaftanstaaf', 'tim:tanstaaftanstaaf', 'success'],
  ['Ursel\0Kurt\0xipj3plmq', 'Kurt:xipj3plmq', 'success'],
  ['\0tim\0wrong', 'tim:tanstaaftanstaaf', 'failure'],
] as const) {
  test(`createSaslServer PLAIN: ${JSON.stringify(message)}`, async () => {
    const step = await server('PLAIN', storeOf(expected, bytes('salt'))).step(bytes(message));
    assert.equal(step.kind, kind);
  });
}

test('createSaslClient PLAIN writes what RFC 4616 §4 shows', () => {
  assert.equal(text(client('PLAIN', 'tim', 'tanstaaftanstaaf').initial() ?? bytes('')), '\0tim\0tanstaaftanstaaf');
});

test("CRAM-MD5: RFC 2195 §2's example, both sides", async () => {
  const challenge = '<1896.697170952@postoffice.reston.mci.net>';
  const answer = 'tim b913a602c7eda7a495b4e6e7334d3890';
  const side = client('CRAM-MD5', 'tim', 'tanstaaftanstaaf');
  assert.equal(side.initial(), null);
  assert.deepEqual(side.step(bytes(challenge)), { kind: 'response', data: bytes(answer) });
  assert.deepEqual(side.finish(null), { kind: 'done' });

  const store = storeOf(`tim:${challenge}:b913a602c7eda7a495b4e6e7334d3890`, bytes('salt'));
  const other = server('CRAM-MD5', store, 'n', challenge);
  assert.deepEqual(await other.step(null), { kind: 'challenge', data: bytes(challenge) });
  assert.deepEqual(await other.step(bytes(answer.toUpperCase().replace('TIM', 'tim'))), {
    kind: 'success',
    identity,
    data: null,
  });
});

test('LOGIN: both prompts, with and without initial response', async () => {
  const store = storeOf('tim:secret', bytes('salt'));
  const side = server('LOGIN', store);
  assert.deepEqual(await side.step(null), { kind: 'challenge', data: bytes('Username:') });
  assert.deepEqual(await side.step(bytes('tim')), { kind: 'challenge', data: bytes('Password:') });
  assert.deepEqual(await side.step(bytes('secret')), { kind: 'success', identity, data: null });
  const short = server('LOGIN', store);
  assert.equal((await short.step(bytes('tim'))).kind, 'challenge');
  assert.equal((await short.step(bytes('wrong'))).kind, 'failure');
});
