import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64url, parseBase64url } from '#lib/codecs';
import { encryptContent } from './content-encoding.ts';
import { encryptMessage, maxMessageBytes } from './encrypt-message.ts';
import { makeSenderKeys, makeVapidKey, vapidAuthorization, vapidPublicKey } from './vapid.ts';

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const parsed = parseBase64url(base64url.replaceAll(/\s/g, ''));
  return parsed.ok ? new Uint8Array(parsed.value) : assert.fail(parsed.reason);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test('encryptContent: the example of RFC 8188 §3.1', async () => {
  const keys = {
    ikm: bytes('yqdlZ-tYemfogSmv7Ws5PQ'),
    salt: bytes('I1BsxtFttlv3u_Oo94xnmw'),
    recordSize: 4096,
    keyId: text(''),
  };
  const sealed = await encryptContent([{ data: text('I am the walrus'), paddingBytes: 0 }], keys);
  assert.equal(encodeBase64url(sealed), 'I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg');
});

test('encryptContent: the example of RFC 8188 §3.2, with several records', async () => {
  const keys = {
    ikm: bytes('BO3ZVPxUlnLORbVGMpbT1Q'),
    salt: bytes('uNCkWiNYzKTnBN9ji3-qWA'),
    recordSize: 25,
    keyId: text('a1'),
  };
  const records = [
    { data: text('I am th'), paddingBytes: 1 },
    { data: text('e walrus'), paddingBytes: 0 },
  ];
  const want = 'uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA';
  assert.equal(encodeBase64url(await encryptContent(records, keys)), want);
  await assert.rejects(encryptContent([{ data: text('ten bytes!'), paddingBytes: 0 }], keys), RangeError);
  await assert.rejects(encryptContent(records.toReversed(), { ...keys, recordSize: 30 }), RangeError);
});

test('encryptMessage: the example of RFC 8291 §5', async () => {
  const senderPublic = bytes('BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8');
  const algorithm = { name: 'ECDH', namedCurve: 'P-256' };
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: encodeBase64url(senderPublic.subarray(1, 33)),
    y: encodeBase64url(senderPublic.subarray(33)),
    d: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  };
  const sender = {
    privateKey: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['deriveBits']),
    publicKey: await crypto.subtle.importKey('raw', senderPublic, algorithm, true, []),
  };
  const receiver = {
    p256dh: bytes('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'),
    auth: bytes('BTBZMqHH6r4Tts7J_aSIgg'),
  };
  const sealed = await encryptMessage(text('When I grow up, I want to be a watermelon'), receiver, {
    sender,
    salt: bytes('DGv6ra1nlYgDCS1FRnbzlw'),
  });
  assert.equal(
    encodeBase64url(sealed),
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_' +
      'yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
  const secrets = { sender: await makeSenderKeys(), salt: new Uint8Array(16) };
  assert.equal((await encryptMessage(new Uint8Array(maxMessageBytes), receiver, secrets)).length, 4096);
  await assert.rejects(encryptMessage(new Uint8Array(maxMessageBytes + 1), receiver, secrets), RangeError);
  await assert.rejects(encryptMessage(text('x'), { ...receiver, p256dh: new Uint8Array(65) }, secrets));
});

test('vapidAuthorization: a token that the public key verifies (RFC 8292 §2)', async () => {
  const key = await makeVapidKey();
  const contact = 'mailto:postmaster@example.org';
  const value = await vapidAuthorization(key, { audience: 'https://push.example', expires: 1_700_000_000, contact });
  const [, head = '', claims = '', signature = '', k = ''] =
    /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(value) ?? [];
  const read = (part: string): unknown => JSON.parse(new TextDecoder().decode(bytes(part)));
  assert.deepEqual(read(head), { typ: 'JWT', alg: 'ES256' });
  assert.deepEqual(read(claims), { aud: 'https://push.example', exp: 1_700_000_000, sub: contact });
  assert.deepEqual([k, bytes(k).length, bytes(k)[0]], [vapidPublicKey(key), 65, 4]);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const verifier = await crypto.subtle.importKey('raw', bytes(k), algorithm, false, ['verify']);
  const signed = new TextEncoder().encode(`${head}.${claims}`);
  assert.ok(await crypto.subtle.verify(algorithm, verifier, bytes(signature), signed));
});
