import assert from 'node:assert/strict';
import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { directHash } from '#testing/direct-hash';
import { encodeHex } from '#lib/codecs';
import { LoginsBusy, deriveScramKeys } from '#lib/sasl';
import type { SlowHash } from '#ports/slow-hash';
import { makeSelfSigned } from '#host/certificates';
import { systemRandom } from '#host/random';
import { tempStore, type TempStore } from '#testing/temp-store';
import { cramMd5Digest, cramMd5States } from './cram-md5.ts';
import { CredentialChecker, Credentials, keyFingerprint, PasswordRefusal } from './index.ts';
import { md5Finish, md5Start } from './md5.ts';

const maras = { 'mara@example.org': 'mara' };
const limits = { argon2MemoryKiB: 64, argon2Passes: 1, scramIterations: 10 };

function open({ databases, clock }: TempStore, logins: Readonly<Record<string, string>> = maras) {
  const directory = { accountOf: (login: string) => logins[login] ?? null };
  const deps = { db: databases.server, clock, random: systemRandom, hash: directHash, limits };
  return { credentials: new Credentials(deps), checker: new CredentialChecker({ ...deps, directory }) };
}

const mara = { account: 'mara', login: 'mara@example.org' };

test('CredentialChecker.checkPassword knows the current password only', async () => {
  await using store = await tempStore();
  const { credentials, checker } = open(store);
  assert.equal(await checker.checkPassword('mara@example.org', 'correct horse'), null);
  await credentials.setPassword('mara', 'correct horse');
  assert.deepEqual(await checker.checkPassword('Mara@Example.org', 'correct horse'), mara);
  assert.deepEqual(await checker.checkPassword('mara@example.org', 'correct horse'), mara);
  assert.equal(await checker.checkPassword('mara@example.org', 'wrong horse'), null);
  assert.equal(await checker.checkPassword('nobody@example.org', 'correct horse'), null);
  await credentials.setPassword('mara', 'battery staple');
  assert.equal(await checker.checkPassword('mara@example.org', 'correct horse'), null);
  assert.deepEqual(await checker.checkPassword('mara@example.org', 'battery staple'), mara);
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
  assert.deepEqual(await checker.checkCramMd5('mara@example.org', '<1@x>', digest), mara);
  assert.equal(await checker.checkCramMd5('mara@example.org', '<2@x>', digest), null);
  assert.equal(await checker.checkCramMd5('nobody', '<1@x>', digest), null);
  assert.equal(await checker.checkCramMd5('mara@example.org', '<1@x>', ''), null);
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
  assert.deepEqual(await checker.identifyCertificate(der, null), { ...mara, login: 'm@example.org' });
  assert.deepEqual(await checker.identifyCertificate(der, 'Mara@example.org'), mara);
  assert.equal(await checker.identifyCertificate(der, 'ann@example.org'), null);
  const later = open(store).checker;
  assert.equal(await later.identifyCertificate(der, null), null);
  assert.deepEqual(await later.identifyCertificate(der, 'mara@example.org'), mara);
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
