import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MessageSigner, type SigningKey } from '#lib/dkim';
import {
  dinner,
  domainOf,
  ed25519Key,
  pushInPieces,
  rsaKey,
  show,
  signMessage,
  verifyMessage,
} from '#testing/dkim-samples';

const encoder = new TextEncoder();

test('MessageSigner makes the same fields every time, folded within 78 columns', async () => {
  const keys = [
    { ...ed25519Key, lifetimeS: 259_200 },
    { ...rsaKey, seals: [], headers: ['To', 'Subject', 'Received'] },
  ];
  const fields = await signMessage(dinner, keys);
  const want = [
    'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
    ' d=football.example.com; s=brisbane; t=1514764800; x=1515024000; h=from:from:',
    ' to:to:cc:subject:subject:date:date:message-id:message-id:reply-to:',
    ' in-reply-to:references:content-type;',
    ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=QrN6+BaLKhC3VNQklptUtnHSc+',
    ' OJ997ziYcIq85B1NDXdoSD900aY5NJoiK+5yIIZ8GPM3JLcq0u4+lzO0w7Cw==',
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=football.example.com;',
    ' s=test; t=1514764800; h=from:to:subject;',
    ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=QcOEBYb0uqva/iThc/m9oxk9+4',
    ' RgGTDH9hpNgzDkM5S0ABj2gW6/POu2kFFgnFFxBJz9SypVv9aTODY2K1k7/0kvQ/FGanrDvA14gwx',
    ' YNLvCGzSnOUAX5yXqiMOiX4F/id8yjJo6Mm7kdWLdrDOqfxiDxl1h/R1HUTmkGUZn55Q=',
    '',
  ].join('\r\n');
  assert.equal(fields, want);
  assert.deepEqual(show(await verifyMessage(fields + dinner)), ['pass', 'pass']);
});

const texts = fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\t', ';', ':', '='), maxLength: 30 });
const fieldNames = fc.constantFrom('To', 'Subject', 'REFERENCES', 'X-Odd', 'List-Id', 'Received', 'DKIM-Signature');
const headerFields = fc.array(
  fc
    .tuple(fieldNames, fc.array(texts, { minLength: 1, maxLength: 3 }))
    .map(([name, lines]) => `${name}:${lines.join('\r\n ')}\r\n`),
  { maxLength: 6 },
);
const bodies = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '.', '\r\n', '\r\n'), maxLength: 40 });
const kinds = fc.constantFrom('simple' as const, 'relaxed' as const);
const signingKeys = fc
  .record({
    base: fc.constantFrom(rsaKey, ed25519Key),
    header: kinds,
    body: kinds,
    seals: fc.subarray(['from', 'To', 'Subject', 'X-Odd', 'received', 'X-None']),
    headers: fc.subarray(['to', 'Subject', 'references', 'X-Odd', 'list-id']),
    lifetimeS: fc.option(fc.integer({ min: 1, max: 1e6 })),
    localpart: fc.option(texts),
  })
  .map(({ base, header, body, seals, headers, lifetimeS, localpart }): SigningKey => {
    const identity = localpart === null ? null : { localpart, domain: domainOf('goal.football.example.com') };
    return { ...base, canonicalizations: { header, body }, seals, headers, lifetimeS, identity };
  });

test('MessageSigner and MessageVerifier agree, however the message is cut', async () => {
  const cuts = fc.array(fc.nat(2000), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(signingKeys, { minLength: 1, maxLength: 3 }),
      headerFields,
      bodies,
      cuts,
      async (keys, fields, body, where) => {
        const message = `From: a@football.example.com\r\n${fields.join('')}\r\n${body}`;
        const made = await signMessage(message, keys, {}, where);
        assert.equal(await signMessage(message, keys), made);
        for (const line of made.split('\r\n')) assert.ok(line.length <= 78, line);
        const { results } = await verifyMessage(made + message, {}, where);
        const ours = results.slice(0, keys.length);
        assert.deepEqual(
          ours.map(({ status }) => status),
          keys.map(() => 'pass'),
        );
        for (const [i, { signature }] of ours.entries()) {
          assert.equal(signature?.identity.localpart, keys[i]?.identity?.localpart ?? '');
        }
      },
    ),
    { numRuns: 150, seed: 8463 },
  );
});

for (const [title, keyChange, added, want] of [
  ['a sealed field that was missing', {}, 'Reply-To: evil@example.net\r\n', 'fail signature'],
  ['a second instance of a sealed field', {}, 'Subject: other\r\n', 'fail signature'],
  ['a second instance of a field that is only signed', { seals: [] }, 'Subject: other\r\n', 'pass'],
  ['a field that was missing and is not sealed', {}, 'Sender: list@example.net\r\n', 'pass'],
  ['a field that nobody signed', {}, 'X-Spam: no\r\n', 'pass'],
] as const) {
  test(`MessageSigner seals against additions: ${title}`, async () => {
    const fields = await signMessage(dinner, [{ ...rsaKey, ...keyChange }]);
    assert.deepEqual(show(await verifyMessage(added + fields + dinner)), [want]);
  });
}

test('MessageSigner signs every instance from the bottom up', async () => {
  const message = `Received: A\r\nReceived: B\r\nReceived: C\r\n${dinner}`;
  const fields = await signMessage(message, [{ ...rsaKey, headers: ['Received'], seals: [] }]);
  assert.match(fields, /h=from:received:received:received;/);
  assert.deepEqual(show(await verifyMessage(`Received: D\r\n${fields}${message}`)), ['pass']);
  assert.deepEqual(show(await verifyMessage(fields + message.replace(': A', ': E'))), ['fail signature']);
  assert.deepEqual(show(await verifyMessage(fields + message.replace('A\r\nReceived: B', 'B\r\nReceived: A'))), [
    'fail signature',
  ]);
});

for (const [title, message, want] of [
  ['no From', 'Subject: x\r\n\r\n', 'the message has no From'],
  ['nothing', '', 'the message has no From'],
  ['two From', `From: a@b\r\n${dinner}`, 'the message has more than one From'],
  ['a giant header', `X: ${'x'.repeat(5000)}\r\n${dinner}`, 'the header is too large to be signed'],
  ['many fields', `${'To: x\r\n'.repeat(100)}${dinner}`, 'the header has too many fields to be signed'],
] as const) {
  test(`MessageSigner refuses ${title}`, async () => {
    const limits = { maxHeaderBytes: 4000, maxSignedFields: 80 };
    const signer = new MessageSigner({ keys: [rsaKey], sign: () => Promise.reject(new Error()), nowMs: 0, limits });
    pushInPieces(signer, message, [10, 20]);
    assert.deepEqual(await signer.finish(), { kind: 'unsignable', reason: want });
  });
}

test('MessageSigner passes on what the signing function throws, and refuses keys that make no sense', async () => {
  const sign = (): Promise<Uint8Array> => Promise.reject(new Error('key store is closed'));
  await assert.rejects(signMessage(dinner, [rsaKey, ed25519Key], { sign }), /key store is closed/);
  await assert.rejects(signMessage(dinner, [{ ...rsaKey, keyId: 'lost' }]), /no DKIM key lost/);
  await assert.rejects(signMessage(dinner, [{ ...rsaKey, keyId: 'ed25519' }]), /not for rsa-sha256/);
  const identity = { localpart: '', domain: domainOf('example.com') };
  await assert.rejects(signMessage(dinner, [{ ...rsaKey, identity }]), /not within football/);
  await assert.rejects(signMessage(dinner, [{ ...rsaKey, lifetimeS: 0 }]), /bad lifetime/);
  assert.equal(await signMessage(dinner, []), '');
});

test('MessageSigner gives an ed25519 signature of the hash, and all of the input to the signing function', async () => {
  const inputs: string[] = [];
  const sign = async (keyId: string, algorithm: string, data: Uint8Array): Promise<Uint8Array> => {
    inputs.push(`${keyId} ${algorithm} ${new TextDecoder().decode(data)}`);
    return encoder.encode('0123456789');
  };
  const fields = await signMessage('From: a@b\r\n\r\n', [{ ...ed25519Key, seals: [] }], { sign });
  assert.match(fields, / b=MDEyMzQ1Njc4OQ==\r\n$/);
  assert.equal(inputs.length, 1);
  assert.match(inputs[0] ?? '', /^ed25519 ed25519-sha256 from:a@b\r\ndkim-signature:v=1; .* b=$/);
});
