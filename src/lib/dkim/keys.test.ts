import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { generatePrivateKey, parsePrivateKey, signWith } from '#lib/dkim';
import { Secret } from '#lib/secret';
import { ed25519Pem, rsaPem } from '#testing/dkim-samples';
import { verifySignature, parsePublicKey } from './public-key.ts';

const encoder = new TextEncoder();

for (const [algorithm, keyType, bits] of [
  ['rsa-sha256', 'rsa', 2048],
  ['ed25519-sha256', 'ed25519', 256],
] as const) {
  test(`generatePrivateKey makes a key for ${algorithm} that signs what its public half verifies`, async () => {
    const pem = await generatePrivateKey(algorithm);
    assert.match(pem.reveal(), /^-----BEGIN PRIVATE KEY-----\n/);
    const key = parsePrivateKey(pem);
    assert.ok(key.ok);
    assert.deepEqual([key.value.algorithm, key.value.bits], [algorithm, bits]);
    const publicKey = parsePublicKey(keyType, key.value.publicKey);
    assert.ok(publicKey.ok);
    assert.equal(publicKey.value.bits, bits);
    const data = encoder.encode('header');
    const signature = await signWith(new Map([['k', key.value]]))('k', algorithm, data);
    assert.ok(verifySignature(algorithm, publicKey.value, data, signature));
    assert.equal(verifySignature(algorithm, publicKey.value, encoder.encode('Header'), signature), false);
    assert.equal(verifySignature(algorithm, publicKey.value, data, signature.subarray(1)), false);
    assert.equal(verifySignature(algorithm, publicKey.value, data, new Uint8Array(0)), false);
  });
}

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const locked = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

for (const [title, pem, want] of [
  ['a small RSA key', rsaPem, 'RSA key of 1024 bits, at least 2048 are needed'],
  ['an EC key', ec.privateKey.export({ type: 'pkcs8', format: 'pem' }), 'neither an RSA nor an ed25519 key'],
  ['a passphrase', locked.privateKey, 'not a private key in PEM, or one with a passphrase'],
  ['a public key', locked.publicKey, 'not a private key in PEM, or one with a passphrase'],
  ['nothing', '', 'not a private key in PEM, or one with a passphrase'],
] as const) {
  test(`parsePrivateKey refuses ${title}`, () => {
    const key = parsePrivateKey(new Secret(pem));
    assert.equal(key.ok ? '' : key.reason, want);
  });
}

test('parsePublicKey reads both forms of an RSA key, and nothing else', () => {
  const key = parsePrivateKey(new Secret(rsaPem), 1024);
  const ed = parsePrivateKey(new Secret(ed25519Pem));
  assert.ok(key.ok && ed.ok);
  const publicKey = parsePublicKey('rsa', key.value.publicKey);
  assert.ok(publicKey.ok);
  const bare = parsePublicKey('rsa', publicKey.value.keyObject.export({ type: 'pkcs1', format: 'der' }));
  assert.ok(bare.ok);
  assert.equal(bare.value.bits, 1024);
  const ecDer = ec.publicKey.export({ type: 'spki', format: 'der' });
  for (const [keyType, bytes] of [
    ['rsa', ecDer],
    ['rsa', ed.value.publicKey],
    ['rsa', new Uint8Array(0)],
    ['rsa', new Uint8Array(5000)],
    ['ed25519', key.value.publicKey],
    ['ed25519', new Uint8Array(31)],
  ] as const) {
    assert.equal(parsePublicKey(keyType, bytes).ok, false);
  }
});

test('parsePublicKey refuses RSA keys whose exponent is work for the verifier', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 512, publicExponent: 65_537 });
  const jwk = publicKey.export({ format: 'jwk' });
  const modulus = Uint8Array.from(atob((jwk.n ?? '').replaceAll('-', '+').replaceAll('_', '/')), (c) =>
    c.charCodeAt(0),
  );
  const integer = (bytes: Uint8Array): number[] => [2, bytes.length + 1, 0, ...bytes];
  const pkcs1 = (exponent: number[]): Uint8Array => {
    const inner = [...integer(modulus), ...integer(Uint8Array.from(exponent))];
    return Uint8Array.from([0x30, inner.length, ...inner]);
  };
  assert.ok(parsePublicKey('rsa', pkcs1([1, 0, 1])).ok);
  const refused = parsePublicKey('rsa', pkcs1([0x11, 0, 0, 0, 0, 0, 0, 1]));
  assert.equal(refused.ok ? '' : refused.reason, 'RSA exponent too large');
});
