import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Secret } from '#lib/secret';
import {
  type ChannelBindings,
  type CredentialStore,
  type MechanismName,
  type SaslClientOptions,
  type SaslServerStep,
  createSaslClient,
  createSaslServer,
  deriveScramKeys,
  prepareLogin,
  preparePassword,
} from './index.ts';
import type { SaslServerOptions } from './exchange.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const salt = bytes('salted');
const certificate = bytes('certificate');
const iterations = 16;

const both: ChannelBindings = { 'tls-exporter': bytes('exporter'), 'tls-server-end-point': bytes('end point') };
const endPoint: ChannelBindings = { 'tls-exporter': null, 'tls-server-end-point': bytes('end point') };
const other: ChannelBindings = { 'tls-exporter': bytes('somebody'), 'tls-server-end-point': bytes('else') };

const all: readonly MechanismName[] = [
  'EXTERNAL',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-1',
  'CRAM-MD5',
  'PLAIN',
  'LOGIN',
];

/** A store of one account with two login names, whose password is `password`. */
function storeOf(logins: readonly string[], password: string): CredentialStore {
  const names = new Set(logins.map(prepareLogin));
  const identify = async (login: string): Promise<{ account: string; login: string } | null> =>
    names.has(prepareLogin(login)) ? { account: 'account', login } : null;
  return {
    checkPassword: async (login, given) => (given === (preparePassword(password) ?? password) ? identify(login) : null),
    scramKeys: async (login, hash) =>
      deriveScramKeys((await identify(login)) === null ? 'made up' : password, salt, iterations, hash),
    checkCramMd5: async (login, challenge, digest) => {
      const key = preparePassword(password) ?? password;
      return createHmac('md5', key).update(challenge).digest('hex') === digest ? identify(login) : null;
    },
    identify,
    identifyCertificate: async (given, login) =>
      text(given) === text(certificate) ? identify(login ?? logins[0] ?? '') : null,
  };
}

const clientDefaults: SaslClientOptions = {
  login: 'user',
  password: new Secret('pencil'),
  bindings: both,
  plusOffered: true,
  nonce: () => 'client',
  minIterations: iterations,
};

const serverDefaults: SaslServerOptions = {
  store: storeOf(['user', 'other'], 'pencil'),
  bindings: both,
  nonce: () => 'server',
  challenge: () => '<1@x>',
  plusOffered: true,
  clientCertificate: certificate,
};

/** Plays a whole exchange: what the server decided, and `done` or the reason of the client. */
async function play(
  mechanism: MechanismName,
  clientOptions: Partial<SaslClientOptions> = {},
  serverOptions: Partial<SaslServerOptions> = {},
  dataWithSuccess = true,
  change: (message: Uint8Array, index: number) => Uint8Array = (message) => message,
): Promise<readonly [SaslServerStep, string]> {
  const client = createSaslClient(mechanism, { ...clientDefaults, ...clientOptions });
  const server = createSaslServer(mechanism, { ...serverDefaults, ...serverOptions });
  let index = 0;
  const initial = client.initial();
  let step = await server.step(initial === null ? null : change(initial, index++));
  while (step.kind === 'challenge') {
    const answer = client.step(change(step.data, index++));
    if (answer.kind === 'failure') return [step, answer.reason];
    step = await server.step(answer.kind === 'response' ? change(answer.data, index++) : null);
  }
  if (step.kind === 'failure') return [step, 'refused'];
  const data = step.data === null ? null : change(step.data, index++);
  if (data !== null && !dataWithSuccess) {
    const answer = client.step(data);
    if (answer.kind === 'failure') return [step, answer.reason];
  }
  const end = client.finish(dataWithSuccess ? data : null);
  return [step, end.kind === 'failure' ? end.reason : end.kind];
}

/** The failure of an exchange, or `success`. */
function outcome([step]: readonly [SaslServerStep, string]): string {
  return step.kind === 'failure' ? step.failure : step.kind;
}

for (const mechanism of all) {
  test(`${mechanism}: client and server agree on success, with data in either place`, async () => {
    for (const dataWithSuccess of [true, false]) {
      const [step, client] = await play(mechanism, {}, {}, dataWithSuccess);
      assert.deepEqual([step.kind, client], ['success', 'done']);
      assert.ok(step.kind === 'success' && step.identity.account === 'account');
    }
  });

  test(`${mechanism}: garbled, cut and swollen messages at every position end in failure or success, never in an exception`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.nat(120), fc.constantFrom(-1, 0, 44, 61, 255, 9000), async (at, offset, how) => {
        const [, client] = await play(mechanism, {}, {}, true, (message, index) => {
          if (index !== at) return message;
          if (how === 9000) return new Uint8Array(9000).fill(97);
          if (how < 0) return message.subarray(0, offset);
          return message.map((byte, i) => (i === offset % Math.max(1, message.length) ? how : byte));
        });
        assert.equal(typeof client, 'string');
      }),
      { seed: 20260108, numRuns: 80 },
    );
  });

  test(`${mechanism}: an ended exchange stays ended`, async () => {
    const server = createSaslServer(mechanism, serverDefaults);
    await server.step(new Uint8Array(9000));
    const again = await server.step(bytes('\0user\0pencil'));
    assert.ok(again.kind === 'failure' && again.failure === 'protocol');
  });
}

for (const mechanism of all.filter((name) => name !== 'EXTERNAL')) {
  test(`${mechanism}: wrong password and unknown user are the same failure`, async () => {
    assert.equal(outcome(await play(mechanism, { password: new Secret('wrong') })), 'credentials');
    assert.equal(outcome(await play(mechanism, { login: 'nobody' })), 'credentials');
  });
}

test('client and server agree for any login and password', async () => {
  const word = fc
    .string({
      unit: fc.constantFrom('a', 'Z', '=', ',', 'é', 'e\u0301', 'ª', '\u00ad', '例', '📬', '\u00a0'),
      minLength: 1,
      maxLength: 8,
    })
    .filter((value) => prepareLogin(value) !== null);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...all), word, word, async (mechanism, login, password) => {
      const store = storeOf([login], password);
      const played = await play(mechanism, { login, password: new Secret(password) }, { store });
      assert.deepEqual([outcome(played), played[1]], ['success', 'done']);
    }),
    { seed: 20260109, numRuns: 150 },
  );
});

for (const mechanism of ['PLAIN', 'EXTERNAL', 'SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS'] as const) {
  test(`${mechanism}: one may act for another name of the same account only`, async () => {
    assert.equal(outcome(await play(mechanism, { authorizationId: 'other' })), 'success');
    assert.notEqual(outcome(await play(mechanism, { authorizationId: 'stranger' })), 'success');
  });
}

for (const [title, mechanism, clientOptions, serverOptions, want] of [
  ['the same end point', 'SCRAM-SHA-256-PLUS', { bindings: endPoint }, {}, 'success'],
  ['somebody between', 'SCRAM-SHA-256-PLUS', { bindings: other }, {}, 'channelBinding'],
  ['a binding that the server lacks', 'SCRAM-SHA-1-PLUS', {}, { bindings: endPoint }, 'channelBinding'],
  ['-PLUS offers stripped on the way', 'SCRAM-SHA-256', { plusOffered: false }, {}, 'channelBinding'],
  ['neither side saw -PLUS', 'SCRAM-SHA-256', { plusOffered: false }, { plusOffered: false }, 'success'],
  ['no bindings at the client', 'SCRAM-SHA-256', { bindings: null, plusOffered: false }, {}, 'success'],
  ['no client certificate', 'EXTERNAL', {}, { clientCertificate: null }, 'credentials'],
] as const) {
  test(`${mechanism}: ${title}`, async () => {
    assert.equal(outcome(await play(mechanism, clientOptions, serverOptions)), want);
  });
}

test('createSaslServer SCRAM-SHA-256: binding under the bare name is refused unless permitted', async () => {
  const first = bytes('p=tls-exporter,,n=user,r=client');
  const refused = await createSaslServer('SCRAM-SHA-256', serverDefaults).step(first);
  assert.ok(refused.kind === 'failure' && refused.failure === 'channelBinding');
  const permitted = createSaslServer('SCRAM-SHA-256', { ...serverDefaults, allowBindingWithoutPlus: true });
  assert.equal((await permitted.step(first)).kind, 'challenge');
});

test('createSaslServer SCRAM: a changed gs2 header is found even when the proof is right', async () => {
  const played = await play('SCRAM-SHA-256', { plusOffered: false }, {}, true, (message, index) =>
    index === 0 ? bytes(text(message).replace(/^y/, 'n')) : message,
  );
  assert.equal(outcome(played), 'channelBinding');
});

for (const message of [
  'n,,m=x,n=user,r=abc',
  'n,,n=,r=abc',
  'n,,n=us=er,r=abc',
  'n,,n=user,r=',
  'n,,n=user',
  'x,,n=user,r=abc',
  'n,b=x,n=user,r=abc',
  'p=,,n=user,r=abc',
  'n,,n=us\0er,r=abc',
  'n,,n=user,r=a b',
  'n,,n=user,r=abc,',
  '',
]) {
  test(`createSaslServer SCRAM-SHA-1: ${JSON.stringify(message)} is a protocol failure`, async () => {
    const step = await createSaslServer('SCRAM-SHA-1', serverDefaults).step(bytes(message));
    assert.ok(step.kind === 'failure' && step.failure === 'protocol');
  });
}

for (const challenge of [
  'r=other,s=c2FsdA==,i=16',
  'r=client,s=c2FsdA==,i=16',
  'r=clientserver,s=c2FsdA==,i=15',
  'r=clientserver,s=c2FsdA==,i=600001',
  'r=clientserver,s=c2FsdA==,i=9999999999',
  'r=clientserver,s=c2FsdA=,i=16',
  'r=clientserver,s=,i=16',
  'm=x,r=clientserver,s=c2FsdA==,i=16',
  'e=other-error',
  '',
]) {
  test(`createSaslClient SCRAM: ${JSON.stringify(challenge)} is a failure`, () => {
    const client = createSaslClient('SCRAM-SHA-256', clientDefaults);
    client.initial();
    assert.equal(client.step(bytes(challenge)).kind, 'failure');
    assert.equal(client.finish(null).kind, 'failure');
  });
}

test('createSaslClient SCRAM: success without the server’s proof is a failure', async () => {
  for (const forged of ['', 'v=', 'v=AAAA', 'e=no-resources']) {
    const [, client] = await play('SCRAM-SHA-256', {}, {}, true, (message) =>
      text(message).startsWith('v=') ? bytes(forged) : message,
    );
    assert.notEqual(client, 'done');
  }
});

for (const mechanism of ['LOGIN', 'CRAM-MD5', 'SCRAM-SHA-1'] as const) {
  test(`createSaslClient ${mechanism}: success out of the blue is a failure`, () => {
    const client = createSaslClient(mechanism, clientDefaults);
    client.initial();
    assert.equal(client.finish(null).kind, 'failure');
  });
}

test('createSaslClient refuses options that cannot work', () => {
  assert.throws(() => createSaslClient('SCRAM-SHA-1-PLUS', { ...clientDefaults, bindings: null }), RangeError);
  assert.throws(() => createSaslClient('PLAIN', { ...clientDefaults, login: 'a\0b' }), RangeError);
  assert.throws(() => createSaslClient('SCRAM-SHA-1', { ...clientDefaults, nonce: () => 'a,b' }), RangeError);
});

for (const message of ['user\0pencil', '\0\0pencil', '\0user\0', '\0user\0a\0b', 'user', '', '\xff']) {
  test(`createSaslServer PLAIN: ${JSON.stringify(message)} is a protocol failure`, async () => {
    const step = await createSaslServer('PLAIN', serverDefaults).step(Uint8Array.from(message, (c) => c.charCodeAt(0)));
    assert.ok(step.kind === 'failure' && step.failure === 'protocol');
  });
}
