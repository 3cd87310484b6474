import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKeyRecord, parsePrivateKey, writeKeyRecord } from '#lib/dkim';
import { Secret } from '#lib/secret';
import {
  dinner,
  ed25519Pem,
  keyRecords,
  rsaPem,
  show,
  signedDinner,
  twiceSignedDinner,
  verifyMessage,
} from '#testing/dkim-samples';

for (const [title, message, want] of [
  ['RFC 6376 §A.2', signedDinner, ['pass']],
  ['RFC 8463 §A.3', twiceSignedDinner, ['pass', 'pass']],
  [
    'RFC 8463 §A.3 with other spaces',
    twiceSignedDinner.replace('game. Are', 'game.  \tAre').replace('Subject: ', 'SUBJECT:\t'),
    ['pass', 'pass'],
  ],
  ['RFC 6376 §A.3, a relay added to the header', `Received: from mout23\r\n${signedDinner}`, ['pass']],
  ['an unsigned message', dinner, []],
  ['another space, simple', signedDinner.replace('game. Are', 'game.  Are'), ['fail bodyHash']],
  ['another subject', signedDinner.replace('ready?', 'late?'), ['fail signature']],
  ['a second From above, not sealed', `From: a@example.net\r\n${signedDinner}`, ['pass']],
  ['a second From above, sealed', `From: a@example.net\r\n${twiceSignedDinner}`, ['fail signature', 'fail signature']],
  ['a changed tag of the signature', signedDinner.replace('i=joe@', 'i=job@'), ['fail signature']],
] as const) {
  test(`MessageVerifier: ${title}`, async () => {
    assert.deepEqual(show(await verifyMessage(message)), want);
    const everyOctet = Array.from(message, (_, i) => i);
    assert.deepEqual(show(await verifyMessage(message, {}, everyOctet)), want);
  });
}

test('MessageVerifier says whether the header survived a change of the body', async () => {
  const reasons = async (message: string): Promise<string[]> =>
    (await verifyMessage(message)).results.map((result) => (result.status === 'pass' ? '' : result.reason));
  const changed = signedDinner.replace('hungry', 'thirsty');
  assert.match((await reasons(changed)).join(), /hash does not match; the signed header fields are intact/);
  assert.match(
    (await reasons(changed.replace('ready?', 'late?'))).join(),
    /hash does not match; the signature does not/,
  );
});

for (const [algorithm, pem, name] of [
  ['rsa-sha256', rsaPem, 'test._domainkey.football.example.com'],
  ['ed25519-sha256', ed25519Pem, 'brisbane._domainkey.football.example.com'],
] as const) {
  test(`parsePrivateKey reads the ${algorithm} key of RFC 8463 §A.1, and its public half is that of §A.2`, () => {
    const key = parsePrivateKey(new Secret(pem), 1024);
    const record = parseKeyRecord(keyRecords[name] ?? '');
    assert.ok(key.ok && record.ok);
    assert.equal(key.value.algorithm, algorithm);
    assert.deepEqual(new Uint8Array(key.value.publicKey), new Uint8Array(record.value.publicKey));
    const keyType = algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
    assert.equal(writeKeyRecord({ keyType, publicKey: key.value.publicKey }), keyRecords[name]);
  });
}
