import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Secret } from '#lib/secret';
import {
  type ChannelBindings,
  type CredentialStore,
  type MechanismName,
  type SaslClientOptions,
  type SaslServerStep,
  chooseMechanism,
  createSaslClient,
  createSaslServer,
  mechanismsByStrength,
  tokenMechanisms,
} from './index.ts';
import type { SaslServerOptions } from './exchange.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const base64 = (value: string): string => Buffer.from(value, 'base64').toString();
const bindings: ChannelBindings = { 'tls-exporter': bytes('exporter'), 'tls-server-end-point': null };
const rfcToken = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';

/** A store that takes one token, for an account with two names. */
function storeOf(valid: string): CredentialStore {
  const identify = async (login: string) =>
    ['user@example.com', 'other@example.com'].includes(login) ? { account: 'user', login } : null;
  return {
    checkPassword: async () => null,
    scramKeys: () => Promise.reject(new Error('not asked for')),
    checkCramMd5: async () => null,
    identify,
    identifyCertificate: async () => null,
    checkToken: async (token, login) => (token === valid ? identify(login ?? 'user@example.com') : null),
  };
}

const clientDefaults: SaslClientOptions = {
  login: 'user@example.com',
  password: null,
  token: new Secret(rfcToken),
  bindings,
  plusOffered: false,
  nonce: () => 'n',
};

const serverDefaults: SaslServerOptions = {
  store: storeOf(rfcToken),
  bindings,
  nonce: () => 'n',
  challenge: () => '<c@x>',
  plusOffered: false,
  clientCertificate: null,
};

/** Plays one message to the server; returns its decision, or the text of its challenge. */
async function say(mechanism: MechanismName, message: string, options: Partial<SaslServerOptions> = {}) {
  const server = createSaslServer(mechanism, { ...serverDefaults, ...options });
  const step = await server.step(bytes(message));
  return step.kind === 'challenge'
    ? { challenge: text(step.data), end: show(await server.step(bytes('\x01'))) }
    : show(step);
}

function show(step: SaslServerStep): string {
  return step.kind === 'failure' ? `${step.failure}: ${step.reason}` : step.kind;
}

// RFC 7628 §4.1, for IMAP and SMTP.
for (const [port, encoded] of [
  [
    143,
    'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI' +
      'HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB',
  ],
  [
    587,
    'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyI' +
      'HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB',
  ],
] as const) {
  test(`OAUTHBEARER: the message of RFC 7628 §4.1 to port ${port}, both sides`, async () => {
    const server = { host: 'server.example.com', port };
    const client = createSaslClient('OAUTHBEARER', { ...clientDefaults, server });
    assert.equal(Buffer.from(client.initial() ?? []).toString('base64'), encoded);
    assert.deepEqual(client.finish(null), { kind: 'done' });
    const tokens = { hosts: [server.host], port };
    const store = storeOf(base64(encoded).split('Bearer ')[1]?.slice(0, -2) ?? '');
    assert.equal(await say('OAUTHBEARER', base64(encoded), { tokens, store }), 'success');
  });
}

test('createSaslServer OAUTHBEARER: RFC 7628 §4.3, a client asks which tokens are wanted', async () => {
  const initial = 'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9AQE=';
  const challenge =
    'eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4' +
    'YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=';
  const openidConfiguration = 'https://example.com/.well-known/openid-configuration';
  const said = await say('OAUTHBEARER', base64(initial), {
    tokens: { error: { scope: 'example_scope', openidConfiguration } },
  });
  assert.deepEqual(said, { challenge: base64(challenge), end: 'protocol: the client asked which tokens are taken' });
});

test('OAUTHBEARER: RFC 7628 §4.4, a refused token, both sides', async () => {
  const initial =
    'bix1c2VyPXNvbWV1c2VyQGV4YW1wbGUuY29tLAFhdXRoPUJlYXJlciB2RjlkZnQ0cW1UYzJOdmIzUmxja0JoZEhSaGRtbHpkR0V1WTI5dENnPT0BAQ==';
  const challenge =
    'eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NoZW1lcyI6ImJlYXJlciBtYWMiLCJzY29wZSI6Imh0dHBzOi8vbWFpbC5leGFtcGxlLmNvbS8ifQ==';
  assert.deepEqual(await say('OAUTHBEARER', base64(initial)), {
    challenge: '{"status":"invalid_token"}',
    end: 'credentials: the token is not valid here',
  });
  const client = createSaslClient('OAUTHBEARER', clientDefaults);
  client.initial();
  assert.equal(client.problem, null);
  assert.deepEqual(client.step(bytes(base64(challenge))), { kind: 'response', data: bytes('\x01') });
  assert.equal(
    client.problem,
    'server refuses the token (invalid_token): it is expired, revoked, or made for another service; ' +
      'tokens need the scope https://mail.example.com/',
  );
  assert.equal(client.finish(null).kind, 'failure');
  assert.equal(client.step(bytes('{}')).kind, 'failure');
});

for (const [title, mechanism, message, want] of [
  ['as Google describes it', 'XOAUTH2', 'user=user@example.com\x01auth=Bearer T\x01\x01', 'success'],
  ['the scheme in any case', 'XOAUTH2', 'user=user@example.com\x01auth=bEARER T\x01\x01', 'success'],
  ['another scheme', 'XOAUTH2', 'user=user@example.com\x01auth=Basic T\x01\x01', 'protocol: bad XOAUTH2 message'],
  ['no user', 'XOAUTH2', 'user=\x01auth=Bearer T\x01\x01', 'protocol: bad XOAUTH2 message'],
  ['cut short', 'XOAUTH2', 'user=user@example.com\x01auth=Bearer T\x01', 'protocol: bad XOAUTH2 message'],
  ['nothing', 'XOAUTH2', '', 'protocol: bad XOAUTH2 message'],
  ['the user left to the token', 'OAUTHBEARER', 'n,,\x01auth=Bearer T\x01\x01', 'success'],
  ['keys that we do not know', 'OAUTHBEARER', 'y,,\x01mthd=POST\x01auth=Bearer T\x01qs=\x01\x01', 'success'],
  ['our other name', 'OAUTHBEARER', 'n,a=other@example.com,\x01auth=Bearer T\x01\x01', 'success'],
  ['two tokens', 'OAUTHBEARER', 'n,,\x01auth=Bearer T\x01auth=Bearer U\x01\x01', 'protocol: bad OAUTHBEARER message'],
  ['a binding', 'OAUTHBEARER', 'p=tls-exporter,,\x01auth=Bearer T\x01\x01', 'protocol: bad OAUTHBEARER message'],
  ['no token', 'OAUTHBEARER', 'n,,\x01host=mx.example\x01\x01', 'protocol: bad OAUTHBEARER message'],
  ['a dummy first', 'OAUTHBEARER', '\x01', 'protocol: bad OAUTHBEARER message'],
  [
    'a port that is none',
    'OAUTHBEARER',
    'n,,\x01port=080\x01auth=Bearer T\x01\x01',
    'protocol: bad OAUTHBEARER message',
  ],
  [
    'another host',
    'OAUTHBEARER',
    'n,,\x01host=elsewhere.example\x01auth=Bearer T\x01\x01',
    'protocol: the client means to talk to another server',
  ],
  [
    'another port',
    'OAUTHBEARER',
    'n,,\x01host=MX.example\x01port=25\x01auth=Bearer T\x01\x01',
    'protocol: the client means to talk to another server',
  ],
] as const) {
  test(`createSaslServer ${mechanism}: ${title}`, async () => {
    const tokens = { hosts: ['mx.example'], port: 587 };
    assert.equal(await say(mechanism, message, { store: storeOf('T'), tokens }), want);
  });
}

test('createSaslClient XOAUTH2: its message, and the empty answer to an error', () => {
  const token = new Secret('ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg');
  const client = createSaslClient('XOAUTH2', { ...clientDefaults, login: 'someuser@example.com', token });
  // The example of Google's description.
  const encoded =
    'dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==';
  assert.equal(Buffer.from(client.initial() ?? []).toString('base64'), encoded);
  assert.deepEqual(client.step(bytes('{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}')), {
    kind: 'response',
    data: bytes(''),
  });
  assert.match(
    client.problem ?? '',
    /^server refuses the token \(401\): it is expired.*scope https:\/\/mail\.google\.com\/$/,
  );
});

for (const [challenge, want] of [
  [
    '{"status":"insufficient_scope"}',
    'server refuses the token (insufficient_scope): it is without the permission that is needed here',
  ],
  ['{"status":400}', 'server refuses the token (400): it is malformed, or not for this user'],
  ['{"status":"no\\nsuch\\u0007"}', 'server refuses the token (no?such?)'],
  ['{"status":"constructor"}', 'server refuses the token (constructor)'],
  ['{"status":{}}', 'server refuses the token without saying why'],
  ['[]', 'server refuses the token without saying why'],
  ['not JSON', 'server refuses the token without saying why'],
  ['', 'server refuses the token without saying why'],
  ['['.repeat(8000), 'server refuses the token without saying why'],
] as const) {
  test(`createSaslClient OAUTHBEARER: problem after ${challenge.slice(0, 40)}`, () => {
    const client = createSaslClient('OAUTHBEARER', clientDefaults);
    client.initial();
    assert.equal(client.step(bytes(challenge)).kind, 'response');
    assert.equal(client.problem, want);
  });
}

for (const mechanism of ['OAUTHBEARER', 'XOAUTH2'] as const) {
  test(`${mechanism}: client and server agree, with and without initial response`, async () => {
    for (const isInitial of [true, false]) {
      const client = createSaslClient(mechanism, clientDefaults);
      const server = createSaslServer(mechanism, serverDefaults);
      let step = await server.step(isInitial ? client.initial() : null);
      if (step.kind === 'challenge') {
        const answer = client.step(step.data);
        step = await server.step(answer.kind === 'response' ? answer.data : null);
      }
      assert.deepEqual([step.kind, client.finish(null).kind], ['success', 'done']);
    }
  });

  test(`${mechanism}: a token is neither shown nor looked at without TLS`, async () => {
    assert.throws(() => createSaslClient(mechanism, { ...clientDefaults, bindings: null }), /needs TLS/);
    const message = createSaslClient(mechanism, clientDefaults).initial();
    const server = createSaslServer(mechanism, { ...serverDefaults, bindings: null });
    assert.equal(show(await server.step(message)), `protocol: ${mechanism} needs TLS`);
  });

  test(`${mechanism}: a store without tokens refuses them all`, async () => {
    const store: CredentialStore = Object.assign(storeOf(rfcToken), { checkToken: undefined });
    const server = createSaslServer(mechanism, { ...serverDefaults, store });
    assert.equal((await server.step(createSaslClient(mechanism, clientDefaults).initial())).kind, 'challenge');
    assert.equal(show(await server.step(bytes(''))), 'credentials: the token is not valid here');
  });

  test(`createSaslClient ${mechanism} refuses options that cannot work`, () => {
    const { token: _, ...withoutToken } = clientDefaults;
    for (const options of [
      withoutToken,
      { ...clientDefaults, token: new Secret('two words') },
      { ...clientDefaults, token: new Secret('copied\n') },
      { ...clientDefaults, token: new Secret('') },
      { ...clientDefaults, login: 'a\x01b' },
      { ...clientDefaults, login: 'a\0b' },
    ]) {
      assert.throws(() => createSaslClient(mechanism, options), RangeError);
    }
  });

  test(`createSaslServer ${mechanism}: junk of any kind is a failure`, async () => {
    const unit = fc.constantFrom('n', ',', '\x01', '=', 'a', 'auth=Bearer T', 'user=', '\0', 'é');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, maxLength: 20 }), async (message) => {
        const step = await createSaslServer(mechanism, serverDefaults).step(bytes(message));
        assert.notEqual(step.kind, 'success');
      }),
      { seed: 20260110, numRuns: 200 },
    );
  });
}

test('createSaslClient: a password mechanism without a password is refused at once', () => {
  for (const mechanism of mechanismsByStrength.filter((name) => name !== 'EXTERNAL')) {
    assert.throws(() => createSaslClient(mechanism, clientDefaults), RangeError);
  }
});

const everything = [...mechanismsByStrength, ...tokenMechanisms];
for (const [title, offered, situation, want] of [
  ['no token', everything, { tls: true, bindings: null }, 'EXTERNAL'],
  ['a token beside SCRAM', ['PLAIN', 'xoauth2', 'SCRAM-SHA-1'], { tls: true, bindings, hasToken: true }, 'SCRAM-SHA-1'],
  ['a token beside PLAIN', ['PLAIN', 'xoauth2', 'oauthbearer'], { tls: true, bindings, hasToken: true }, 'OAUTHBEARER'],
  [
    'a token only',
    ['PLAIN', 'XOAUTH2', 'SCRAM-SHA-1'],
    { tls: true, bindings, hasToken: true, hasPassword: false },
    'XOAUTH2',
  ],
  ['a token that no one wants', ['PLAIN'], { tls: true, bindings, hasToken: true, hasPassword: false }, null],
  ['a password only', ['XOAUTH2', 'PLAIN'], { tls: true, bindings }, 'PLAIN'],
  ['a token without TLS', ['XOAUTH2'], { tls: false, bindings: null, hasToken: true }, null],
  ['a token where TLS is only assumed', ['XOAUTH2'], { tls: true, bindings: null, hasToken: true }, null],
] as const) {
  test(`chooseMechanism: ${title}`, () => assert.equal(chooseMechanism(offered, everything, situation), want));
}
