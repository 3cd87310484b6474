import assert from 'node:assert/strict';
import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { directHash } from '#testing/direct-hash';
import { encodeHex } from '#lib/codecs';
import {
  createSaslClient,
  createSaslServer,
  deriveScramKeys,
  LoginsBusy,
  type CredentialStore,
  type Identity,
} from '#lib/sasl';
import { Secret } from '#lib/secret';
import type { SlowHash } from '#ports/slow-hash';
import { makeSelfSigned } from '#host/certificates';
import { systemRandom } from '#host/random';
import { FakeLog } from '#testing/fake-log';
import { tempStore, type TempStore } from '#testing/temp-store';
import { cramMd5Digest, cramMd5States } from './cram-md5.ts';
import { AppPasswords, CredentialChecker, Credentials, keyFingerprint, PasswordRefusal } from './index.ts';
import { md5Finish, md5Start } from './md5.ts';

const maras = { 'mara@example.org': 'mara' };
const limits = { argon2MemoryKiB: 64, argon2Passes: 1, scramIterations: 10 };

function open({ databases, clock }: TempStore, logins: Readonly<Record<string, string>> = maras) {
  const directory = { accountOf: (login: string) => logins[login] ?? null };
  const hints: string[] = [];
  const bus = { publish: (topic: string) => void hints.push(topic) };
  const deps = { db: databases.server, bus, clock, random: systemRandom, hash: directHash, limits };
  return {
    hints,
    credentials: new Credentials(deps),
    appPasswords: new AppPasswords({ ...deps, log: new FakeLog() }),
    checker: new CredentialChecker({ ...deps, directory }),
  };
}

const mara = { account: 'mara', login: 'mara@example.org' };

/** Returns an identity without the name of what proved it. */
function who(identity: Identity | null): Identity | null {
  if (identity === null) return null;
  const { proof, ...rest } = identity;
  assert.ok(proof !== undefined);
  return rest;
}

test('CredentialChecker.checkPassword knows the current password only', async () => {
  await using store = await tempStore();
  const { credentials, checker } = open(store);
  assert.equal(await checker.checkPassword('mara@example.org', 'correct horse'), null);
  await credentials.setPassword('mara', 'correct horse');
  assert.deepEqual(who(await checker.checkPassword('Mara@Example.org', 'correct horse')), mara);
  assert.deepEqual(who(await checker.checkPassword('mara@example.org', 'correct horse')), mara);
  assert.equal(await checker.checkPassword('mara@example.org', 'wrong horse'), null);
  assert.equal(await checker.checkPassword('nobody@example.org', 'correct horse'), null);
  await credentials.setPassword('mara', 'battery staple');
  assert.equal(await checker.checkPassword('mara@example.org', 'correct horse'), null);
  assert.deepEqual(who(await checker.checkPassword('mara@example.org', 'battery staple')), mara);
});

test('CredentialChecker.checkPassword refuses for the moment when too many passwords are being checked', async () => {
  await using store = await tempStore();
  const { databases, clock } = store;
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const hash: SlowHash = {
    ...directHash,
    async argon2id(...args) {
      started.resolve();
      await gate.promise;
      return directHash.argon2id(...args);
    },
  };
  const directory = { accountOf: () => null };
  const deps = { db: databases.server, clock, random: systemRandom, hash, limits: { ...limits, maxWaitingHashes: 1 } };
  const checker = new CredentialChecker({ ...deps, directory });
  const first = checker.checkPassword('ann', 'wrong');
  await started.promise;
  // The first try also makes the hash that unknown names are compared with.
  gate.resolve();
  assert.equal(await first, null);
  const both = await Promise.allSettled([checker.checkPassword('ann', 'wrong'), checker.checkPassword('ann', 'wrong')]);
  assert.deepEqual(
    both.map((one) => (one.status === 'fulfilled' ? one.value : one.reason instanceof LoginsBusy)),
    [null, true],
  );
});

test('CredentialChecker.scramKeys gives the derived keys, and stable ones for unknown names', async () => {
  await using store = await tempStore();
  const { credentials, checker } = open(store);
  await credentials.setPassword('mara', 'correct horse');
  for (const hash of ['SHA-1', 'SHA-256'] as const) {
    const keys = await checker.scramKeys('mara@example.org', hash);
    const derived = await deriveScramKeys('correct horse', keys.salt, keys.iterations, hash);
    assert.deepEqual(
      [keys.storedKey, keys.serverKey].map((key) => encodeHex(key)),
      [derived.storedKey, derived.serverKey].map((key) => encodeHex(key)),
    );
    const fake = await checker.scramKeys('x@example.org', hash);
    assert.deepEqual(await open(store).checker.scramKeys('x@example.org', hash), fake);
    assert.notDeepEqual(fake.salt, (await checker.scramKeys('y@example.org', hash)).salt);
    assert.equal(fake.storedKey.length, keys.storedKey.length);
    assert.equal(fake.salt.length, keys.salt.length);
  }
});

test('CredentialChecker.checkCramMd5 accepts the digest of the stored password', async () => {
  await using store = await tempStore();
  const { credentials, checker } = open(store);
  await credentials.setPassword('mara', 'correct horse');
  const digest = createHmac('md5', 'correct horse').update('<1@x>').digest('hex');
  assert.deepEqual(who(await checker.checkCramMd5('mara@example.org', '<1@x>', digest)), mara);
  assert.equal(await checker.checkCramMd5('mara@example.org', '<2@x>', digest), null);
  assert.equal(await checker.checkCramMd5('nobody', '<1@x>', digest), null);
  assert.equal(await checker.checkCramMd5('mara@example.org', '<1@x>', ''), null);
});

/** Logs in by SCRAM as a client does. @returns the identity; null when the server refused. */
async function logInByScram(checker: CredentialStore, password: string, mechanism: 'SCRAM-SHA-1' | 'SCRAM-SHA-256') {
  const server = createSaslServer(mechanism, {
    store: checker,
    bindings: null,
    nonce: () => 'servernonce0123456789',
    challenge: () => '',
    plusOffered: false,
    clientCertificate: null,
  });
  const nonce = 'clientnonce0123456789';
  const client = createSaslClient(mechanism, {
    login: 'mara@example.org',
    password: new Secret(password),
    nonce: () => nonce,
    bindings: null,
    plusOffered: false,
    minIterations: limits.scramIterations,
  });
  let step = await server.step(client.initial());
  while (step.kind === 'challenge') {
    const answer = client.step(step.data);
    assert.equal(answer.kind, 'response');
    step = await server.step(answer.kind === 'response' ? answer.data : null);
  }
  if (step.kind === 'failure') return null;
  // The client is satisfied only by a server that knows this very password.
  assert.equal(client.finish(step.data).kind, 'done');
  return step.identity;
}

for (const hasOwnPassword of [true, false]) {
  test(`AppPasswords log in by every mechanism ${hasOwnPassword ? 'beside' : 'without'} the account's own password`, async () => {
    await using store = await tempStore();
    const { credentials, appPasswords, checker } = open(store);
    if (hasOwnPassword) await credentials.setPassword('mara', 'correct horse');
    const phone = await appPasswords.add('mara', { name: 'phone', scopes: ['mail', 'send'], expiresMs: null });
    const backup = await appPasswords.add('mara', { name: 'backup', scopes: ['read-only'], expiresMs: null });
    assert.match(phone, /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
    const [phoneId = 0, backupId = 0] = (await appPasswords.list('mara')).map(({ id }) => id);
    for (const [password, appPassword] of [
      [phone, { id: phoneId, scopes: ['mail', 'send'] }],
      [backup, { id: backupId, scopes: ['read-only'] }],
    ] as const) {
      const proved = { ...mara, appPassword };
      assert.deepEqual(who(await checker.checkPassword('mara@example.org', password)), proved);
      assert.deepEqual(who(await logInByScram(checker, password, 'SCRAM-SHA-1')), proved);
      assert.deepEqual(who(await logInByScram(checker, password, 'SCRAM-SHA-256')), proved);
      const digest = createHmac('md5', password).update('<1@x>').digest('hex');
      assert.deepEqual(who(await checker.checkCramMd5('mara@example.org', '<1@x>', digest)), proved);
    }
    assert.equal(await checker.checkPassword('mara@example.org', `${phone}x`), null);
    assert.equal(await logInByScram(checker, 'wrong horse', 'SCRAM-SHA-256'), null);
    assert.deepEqual(who(await logInByScram(checker, 'correct horse', 'SCRAM-SHA-256')), hasOwnPassword ? mara : null);
    // A new password of the account leaves them as they are.
    await credentials.setPassword('mara', 'battery staple');
    assert.deepEqual(who(await logInByScram(checker, 'battery staple', 'SCRAM-SHA-1')), mara);
    assert.equal((await logInByScram(checker, phone, 'SCRAM-SHA-1'))?.appPassword?.id, phoneId);
    assert.equal(await appPasswords.remove('mara', 'phone'), true);
    assert.equal(await appPasswords.remove('mara', 'phone'), false);
    assert.equal(await checker.checkPassword('mara@example.org', phone), null);
    assert.equal(await logInByScram(checker, phone, 'SCRAM-SHA-256'), null);
  });
}

test('AppPasswords expire, are limited in number, and note their last use to the minute', async () => {
  await using store = await tempStore();
  const { appPasswords, checker } = open(store);
  const expiresMs = store.clock.now() + 1000;
  const password = await appPasswords.add('mara', { name: 'trial', scopes: ['mail'], expiresMs });
  const identity = await checker.checkPassword('mara@example.org', password);
  assert.ok(identity !== null);
  const use = { protocol: 'imap', address: '192.0.2.1' };
  const atMs = store.clock.now();
  await appPasswords.noteUse(identity, use);
  await store.clock.advance(1000);
  await appPasswords.noteUse(identity, { ...use, protocol: 'http' });
  const [listed] = await appPasswords.list('mara');
  assert.deepEqual(listed?.lastUse, { ...use, atMs });
  await store.clock.advance(60_000);
  await appPasswords.noteUse(identity, { ...use, protocol: 'http' });
  assert.equal((await appPasswords.list('mara'))[0]?.lastUse?.protocol, 'http');
  assert.equal(await checker.checkPassword('mara@example.org', password), null);
  assert.equal(await logInByScram(checker, password, 'SCRAM-SHA-256'), null);
  await assert.rejects(
    appPasswords.add('mara', { name: 'trial', scopes: ['mail'], expiresMs: null }),
    /has an app password named trial/,
  );
  for (let n = 1; n < 50; n += 1) await appPasswords.add('mara', { name: `${n}`, scopes: ['send'], expiresMs: null });
  await assert.rejects(
    appPasswords.add('mara', { name: 'more', scopes: ['send'], expiresMs: null }),
    /has 50 app passwords, which is the limit/,
  );
});

test('Credentials.setPassword refuses what cannot be a password', async () => {
  await using store = await tempStore();
  const { credentials } = open(store);
  for (const password of ['', 'short', 'with\u0000null byte', 'x'.repeat(501)]) {
    await assert.rejects(credentials.setPassword('mara', password), PasswordRefusal);
  }
  await assert.rejects(credentials.setPassword('nobody', 'long enough'), /no account/);
});

test('Credentials keep keys of client certificates until the account goes', async () => {
  await using store = await tempStore();
  const { credentials, checker } = open(store);
  const fingerprint = new Uint8Array(createHash('sha256').update('key').digest());
  assert.equal(await credentials.addClientKey('mara', fingerprint, 'mara@example.org', 'laptop'), true);
  assert.equal(await credentials.addClientKey('mara', fingerprint, 'mara@example.org', 'laptop'), false);
  assert.deepEqual(
    (await credentials.clientKeys('mara')).map(({ label }) => label),
    ['laptop'],
  );
  assert.equal(await checker.identifyCertificate(new Uint8Array([1, 2, 3]), null), null);
  assert.equal((await credentials.clientKey(fingerprint))?.account, 'mara');
  assert.equal((await credentials.removeClientKey(fingerprint))?.label, 'laptop');
  assert.equal(await credentials.removeClientKey(fingerprint), null);
  assert.equal(await credentials.clientKey(fingerprint), null);
});

test('CredentialChecker.identifyCertificate: by the login of its key, or another of the account, while they are the account’s', async () => {
  await using store = await tempStore();
  const { certPem } = await makeSelfSigned({ names: ['laptop'], days: 1, now: 0 });
  const der = new Uint8Array(new X509Certificate(certPem).raw);
  const fingerprint = keyFingerprint(der);
  assert.ok(fingerprint !== null);
  assert.deepEqual(keyFingerprint(new TextEncoder().encode(certPem)), fingerprint);
  const logins = { ...maras, 'm@example.org': 'mara', 'ann@example.org': 'ann' };
  const { credentials, checker } = open(store, logins);
  assert.equal(await checker.identifyCertificate(der, null), null);
  await credentials.addClientKey('mara', fingerprint, 'm@example.org', '');
  assert.deepEqual(who(await checker.identifyCertificate(der, null)), { ...mara, login: 'm@example.org' });
  assert.deepEqual(who(await checker.identifyCertificate(der, 'Mara@example.org')), mara);
  assert.equal(await checker.identifyCertificate(der, 'ann@example.org'), null);
  const later = open(store).checker;
  assert.equal(await later.identifyCertificate(der, null), null);
  assert.deepEqual(who(await later.identifyCertificate(der, 'mara@example.org')), mara);
});

test('cramMd5Digest of RFC 2195 §2', () => {
  const states = cramMd5States('tanstaaftanstaaf');
  const challenge = '<1896.697170952@postoffice.reston.mci.net>';
  assert.equal(cramMd5Digest(states, challenge), 'b913a602c7eda7a495b4e6e7334d3890');
  const long = 'p'.repeat(100);
  assert.equal(cramMd5Digest(cramMd5States(long), 'c'), createHmac('md5', long).update('c').digest('hex'));
});

for (const length of [0, 1, 55, 56, 63, 64, 65, 200]) {
  test(`md5Finish of ${length} bytes is MD5`, () => {
    const bytes = new Uint8Array(length).fill(65);
    assert.equal(encodeHex(md5Finish(md5Start, bytes, 0)), createHash('md5').update(bytes).digest('hex'));
  });
}

test('CredentialChecker.isStillProved: until the very secret is changed or removed, or the login name is not the account’s anymore', async () => {
  await using store = await tempStore();
  const { certPem } = await makeSelfSigned({ names: ['laptop'], days: 1, now: 0 });
  const der = new Uint8Array(new X509Certificate(certPem).raw);
  const fingerprint = keyFingerprint(der);
  assert.ok(fingerprint !== null);
  const logins: Record<string, string> = { ...maras };
  const { credentials, appPasswords, checker, hints } = open(store, logins);
  const byScram = async (password: string) => await logInByScram(checker, password, 'SCRAM-SHA-256');
  const phone = async () => await appPasswords.add('mara', { name: 'phone', scopes: ['mail'], expiresMs: null });
  const identities = async (own: string, app: string): Promise<Identity[]> => {
    const found = [
      await byScram(own),
      await checker.checkPassword('mara@example.org', own),
      await byScram(app),
      await checker.checkPassword('mara@example.org', app),
      await checker.identifyCertificate(der, null),
    ];
    return found.filter((identity) => identity !== null);
  };
  const proved = async (all: readonly Identity[]): Promise<boolean[]> =>
    await Promise.all(all.map((identity) => checker.isStillProved(identity)));
  await credentials.setPassword('mara', 'correct horse');
  await credentials.addClientKey('mara', fingerprint, 'mara@example.org', 'laptop');
  const all = await identities('correct horse', await phone());
  assert.deepEqual(await proved(all), [true, true, true, true, true]);
  hints.length = 0;
  // The id of the removed one may be used again.
  await appPasswords.remove('mara', 'phone');
  const second = await phone();
  assert.deepEqual(await proved(all), [true, true, false, false, true]);
  await store.clock.advance(1000);
  await credentials.setPassword('mara', 'correct horse');
  assert.deepEqual(await proved(all), [false, false, false, false, true], 'the same password, set again');
  await credentials.removeClientKey(fingerprint);
  assert.deepEqual(await proved(all), [false, false, false, false, false]);
  assert.deepEqual(hints, ['logins', 'logins', 'logins']);
  const later = await identities('correct horse', second);
  assert.deepEqual(await proved(later), [true, true, true, true]);
  delete logins['mara@example.org'];
  assert.deepEqual(await proved(later), [false, false, false, false]);
});

test('CredentialChecker.isStillProved: an expired app password does not hold, nor does any once the account is removed', async () => {
  await using store = await tempStore();
  const { appPasswords, checker } = open(store);
  const untilMs = store.clock.now() + 60_000;
  const password = await appPasswords.add('mara', { name: 'trial', scopes: ['mail'], expiresMs: untilMs });
  const lasting = await appPasswords.add('mara', { name: 'phone', scopes: ['mail'], expiresMs: null });
  const [trial, phone] = [
    await checker.checkPassword('mara@example.org', password),
    await checker.checkPassword('mara@example.org', lasting),
  ];
  assert.ok(trial !== null && phone !== null);
  assert.equal(trial.untilMs, untilMs);
  await store.clock.advance(60_000);
  assert.deepEqual([await checker.isStillProved(trial), await checker.isStillProved(phone)], [false, true]);
  await store.accounts.remove('mara');
  assert.equal(await checker.isStillProved(phone), false);
});

test('SCRAM proves the password that it began with: one that was changed meanwhile does not hold', async () => {
  await using store = await tempStore();
  const { credentials, checker } = open(store);
  await credentials.setPassword('mara', 'correct horse');
  const changing: CredentialStore = {
    takesEmptyPasswords: false,
    checkPassword: (login, password) => checker.checkPassword(login, password),
    checkCramMd5: (login, challenge, digest) => checker.checkCramMd5(login, challenge, digest),
    identify: (login) => checker.identify(login),
    identifyCertificate: () => Promise.resolve(null),
    async scramKeys(login, hash) {
      const keys = await checker.scramKeys(login, hash);
      await credentials.setPassword('mara', 'battery staple');
      return keys;
    },
  };
  const identity = await logInByScram(changing, 'correct horse', 'SCRAM-SHA-256');
  assert.ok(identity !== null);
  assert.equal(await checker.isStillProved(identity), false);
});

test('CredentialChecker.checkToken: an app password is a token that names its account, until it is removed or expires', async () => {
  await using store = await tempStore();
  const { credentials, appPasswords, checker } = open(store);
  await credentials.setPassword('mara', 'correct horse');
  const untilMs = store.clock.now() + 60_000;
  const lasting = await appPasswords.add('mara', { name: 'script', scopes: ['mail'], expiresMs: null });
  const trial = await appPasswords.add('mara', { name: 'trial', scopes: ['read-only'], expiresMs: untilMs });
  // The usual directory of these tests knows no account by its name.
  const byName = open(store, { mara: 'mara', ...maras }).checker;
  const identity = await byName.checkToken(lasting);
  assert.deepEqual([identity?.account, identity?.login, identity?.appPassword?.scopes], ['mara', 'mara', ['mail']]);
  assert.ok(identity !== null);
  assert.equal(await byName.isStillProved(identity), true);
  assert.equal((await checker.checkToken(lasting, 'mara@example.org'))?.login, 'mara@example.org');
  assert.equal((await byName.checkToken(trial))?.untilMs, untilMs);
  for (const wrong of [
    '',
    'correct horse',
    `${lasting}x`,
    lasting.slice(1),
    lasting.toUpperCase(),
    'x'.repeat(100_000),
  ])
    assert.equal(await byName.checkToken(wrong), null, wrong.slice(0, 50));
  assert.equal(await checker.checkToken(lasting), null, 'an account that left the configuration');
  assert.equal(await checker.checkToken(lasting, 'ann@example.org'), null);
  await store.clock.advance(60_000);
  assert.equal(await byName.checkToken(trial), null);
  await appPasswords.remove('mara', 'script');
  assert.equal(await byName.checkToken(lasting), null);
});
