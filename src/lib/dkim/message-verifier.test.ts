import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { SigningKey } from '#lib/dkim';
import type { VerifierOptions } from './message-verifier.ts';
import type { KeyAnswer } from './key-choice.ts';
import { MessageVerifier } from '#lib/dkim';
import {
  dinner,
  domainOf,
  ed25519Key,
  ed25519Pem,
  keyRecords,
  lookupIn,
  rsaKey,
  show,
  signMessage,
  verifyMessage,
} from '#testing/dkim-samples';

const rsaName = 'test._domainkey.football.example.com';
const rsaRecord = keyRecords[rsaName] ?? '';
const edRecord = keyRecords['brisbane._domainkey.football.example.com'] ?? '';
const rsaBase64 = /p=(.*)/.exec(rsaRecord)?.[1] ?? '';
const signed = (await signMessage(dinner, [{ ...rsaKey, lifetimeS: 1000 }])) + dinner;
const inSubdomain: SigningKey = {
  ...rsaKey,
  identity: { localpart: 'joe', domain: domainOf('goal.football.example.com') },
};
const signedForSubdomain = (await signMessage(dinner, [inSubdomain])) + dinner;

const found = (...records: string[]): KeyAnswer => ({ kind: 'found', records, isAuthentic: true });
const bits = (modulusLength: number): string => {
  const pem = generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ type: 'spki', format: 'pem' });
  return `p=${pem.replace(/-----[^-]+-----|\s/g, '')}`;
};

for (const [title, answer, want, reason] of [
  ['another key', bits(1024), 'fail signature', /another key signed/],
  ['a small key', bits(512), 'policy weakKey', /RSA key of 512 bits, at least 1024 are needed/],
  ['a small key of a domain that is testing', `t=y; ${bits(512)}`, 'neutral weakKey', /\(the domain is testing\)/],
  ['a testing domain, right', `t=y; p=${rsaBase64}`, 'pass', /^$/],
  ['a testing domain, wrong', `t=y; ${bits(1024)}`, 'neutral signature', /\(the domain is testing\)/],
  ['no such name', { kind: 'absent' }, 'permerror noKey', /no key/],
  ['no records', found(), 'permerror noKey', /no key/],
  ['no answer', { kind: 'failed', reason: 'SERVFAIL' }, 'temperror keyUnavailable', /SERVFAIL/],
  ['a wildcard record', 'v=spf1 -all', 'permerror keySyntax', /must be DKIM1/],
  ['a key among other records', found('v=spf1 -all', rsaRecord), 'pass', /^$/],
  ['two keys', found(bits(1024), rsaRecord), 'pass', /^$/],
  ['two wrong keys', found('p=', bits(1024)), 'permerror keyRevoked', /revoked/],
  ['too many records', found('x', 'y', 'z', rsaRecord), 'permerror keySyntax', /= expected/],
  ['a revoked key', 'v=DKIM1; p=', 'permerror keyRevoked', /revoked/],
  ['a key of another type', edRecord, 'permerror keyMismatch', /not for rsa-sha256/],
  ['a key of an unknown type', `k=new; p=${rsaBase64}`, 'permerror keyMismatch', /not for rsa-sha256/],
  ['a key for SHA-1', `h=sha1; p=${rsaBase64}`, 'permerror keyMismatch', /not for SHA-256/],
  ['a key for several hashes', `h=sha1:x:sha256; p=${rsaBase64}`, 'pass', /^$/],
  ['a key for another service', `s=chat; p=${rsaBase64}`, 'permerror keyMismatch', /not for mail/],
  ['a key for mail', `s=chat:email; p=${rsaBase64}`, 'pass', /^$/],
  ['a strict key', `t=s; p=${rsaBase64}`, 'pass', /^$/],
  ['no key in p=', 'p=aGVsbG8=', 'permerror keySyntax', /not an RSA public key/],
] as const) {
  test(`MessageVerifier: ${title}`, async () => {
    const verification = await verifyMessage(signed, { lookupKey: lookupIn({ [rsaName]: answer }) });
    assert.deepEqual(show(verification), [want]);
    const [result] = verification.results;
    assert.match(result === undefined || result.status === 'pass' ? '' : result.reason, reason);
  });
}

test('MessageVerifier: a strict key and an identity in a subdomain', async () => {
  assert.deepEqual(show(await verifyMessage(signedForSubdomain)), ['pass']);
  const lookupKey = lookupIn({ [rsaName]: `t=s; p=${rsaBase64}` });
  assert.deepEqual(show(await verifyMessage(signedForSubdomain, { lookupKey })), ['permerror keyMismatch']);
});

test('MessageVerifier: limits on RSA keys are arguments', async () => {
  assert.deepEqual(show(await verifyMessage(signed, { limits: { minRsaBits: 2048 } })), ['policy weakKey']);
  assert.deepEqual(show(await verifyMessage(signed, { limits: { maxRsaBits: 512 } })), ['policy keyTooLarge']);
});

test('MessageVerifier tells the facts about the key', async () => {
  const lookupKey = lookupIn({ [rsaName]: { kind: 'found', records: [rsaRecord], isAuthentic: true } });
  const { results } = await verifyMessage(signed, { lookupKey });
  assert.deepEqual(results[0]?.key, { keyType: 'rsa', bits: 1024, isAuthentic: true, isTesting: false });
  assert.equal(results[0]?.signature?.domain.ascii, 'football.example.com');
});

for (const [title, change, want] of [
  ['SHA-1', ['rsa-sha256', 'rsa-sha1'], 'policy sha1'],
  ['an unknown algorithm', ['rsa-sha256', 'dsa-sha3'], 'neutral unsupported'],
  ['another hash with ed25519', ['rsa-sha256', 'ed25519-sha1'], 'neutral unsupported'],
  ['an unknown canonicalization', ['relaxed/relaxed', 'nofws'], 'neutral unsupported'],
  ['an unknown query method', ['v=1;', 'v=1; q=http;'], 'neutral unsupported'],
  ['several query methods', ['v=1;', 'v=1; q=http : dns/txt;'], 'fail signature'],
  ['another version', ['v=1;', 'v=2;'], 'neutral syntax'],
  ['a missing tag', ['s=test;', ''], 'neutral syntax'],
  ['a hash of another length', [/bh=[^;]+;/, 'bh=AAAA;'], 'neutral syntax'],
  ['From not signed', ['h=from:from:', 'h='], 'permerror fromUnsigned'],
  ['an identity elsewhere', ['v=1;', 'v=1; i=@example.com;'], 'permerror identity'],
  ['an identity that only ends alike', ['v=1;', 'v=1; i=@xfootball.example.com;'], 'permerror identity'],
  ['another selector', ['s=test;', 's=west;'], 'permerror noKey'],
] as const) {
  test(`MessageVerifier: ${title}`, async () => {
    assert.deepEqual(show(await verifyMessage(signed.replace(change[0], change[1]))), [want]);
  });
}

test('MessageVerifier: a signature ends with its x=, but for clocks that differ a little', async () => {
  const expiresAtMs = Date.UTC(2018, 0, 1) + 1_000_000;
  assert.deepEqual(show(await verifyMessage(signed, { nowMs: expiresAtMs + 299_000 })), ['pass']);
  assert.deepEqual(show(await verifyMessage(signed, { nowMs: expiresAtMs + 301_000 })), ['policy expired']);
});

test("MessageVerifier asks for the caller's own rule before it asks DNS", async () => {
  const options: Partial<VerifierOptions> = {
    lookupKey: () => Promise.reject(new Error('asked')),
    refuse: ({ domain }) => (domain.ascii.endsWith('.example.com') ? 'not from there' : null),
  };
  const { results } = await verifyMessage(signed, options);
  assert.deepEqual(show({ results, untriedSignatures: 0 }), ['policy refused']);
  await assert.rejects(verifyMessage(signed, { ...options, refuse: () => null }), /asked/);
});

test('MessageVerifier asks DNS once for equal names, with names in ASCII and the signal', async () => {
  const asked: unknown[] = [];
  const { signal } = new AbortController();
  const fields = await signMessage(dinner, [rsaKey, rsaKey, ed25519Key]);
  const verification = await verifyMessage(fields.replace('s=test;', 's=TEST;') + dinner, {
    signal,
    lookupKey: async (selector, domain, given) => {
      asked.push(`${selector} ${domain} ${given === signal}`);
      return await lookupIn()(selector, domain);
    },
  });
  assert.deepEqual(show(verification), ['fail signature', 'pass', 'pass']);
  assert.deepEqual(asked, ['test football.example.com true', 'brisbane football.example.com true']);
});

test('MessageVerifier whose message never ends leaves nothing behind', async () => {
  const verifier = new MessageVerifier({ lookupKey: () => Promise.reject(new Error('aborted')), nowMs: 0 });
  verifier.push(new TextEncoder().encode(signed));
  await new Promise((resolve) => setImmediate(resolve));
});

/** Signs `dinner` with `l=`, which MessageSigner never writes. */
function signedInPart(length: number): string {
  const body = dinner.slice(dinner.indexOf('\r\n\r\n') + 4);
  const hash = createHash('sha256').update(body.slice(0, length)).digest('base64');
  const unsigned = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=football.example.com; s=brisbane; l=${length}; h=from; bh=${hash}; b=`;
  const from = /^From: (.*)$/m.exec(dinner)?.[1] ?? '';
  const input = `from:${from}\r\n${unsigned.replace('DKIM-Signature: ', 'dkim-signature:')}`;
  const signature = sign(null, createHash('sha256').update(input).digest(), ed25519Pem);
  return `${unsigned}${signature.toString('base64')}\r\n${dinner}`;
}

test('MessageVerifier honours l=, and tells how much of the body nobody signed', async () => {
  const body = dinner.length - dinner.indexOf('\r\n\r\n') - 4;
  for (const [length, added, want] of [
    [body, '', 0],
    [body, 'added\r\n', 7],
    [10, '', body - 10],
    [0, 'x', body + 3],
  ] as const) {
    const { results } = await verifyMessage(signedInPart(length) + added, {}, [700, 701]);
    const [result] = results;
    assert.equal(result?.status, 'pass');
    assert.equal(result?.status === 'pass' ? result.unsignedBodyBytes : -1, want);
  }
  const longer = await verifyMessage(signedInPart(body + 1));
  assert.deepEqual(show(longer), ['fail bodyHash']);
  assert.match(JSON.stringify(longer.results), /the body was cut to \d+ of \d+ signed octets; the signed header/);
});

test('MessageVerifier tries ten signatures of 10,000 and counts the rest', async () => {
  const one = await signMessage(dinner, [ed25519Key]);
  let lookups = 0;
  const lookupKey = async (selector: string, domain: string): Promise<KeyAnswer> => {
    lookups++;
    return await lookupIn()(selector, domain);
  };
  const many = one.repeat(10_000) + dinner;
  const verification = await verifyMessage(many, { lookupKey, limits: { maxHeaderBytes: many.length } });
  assert.deepEqual(
    show(verification),
    Array.from({ length: 10 }, () => 'pass'),
  );
  assert.equal(verification.untriedSignatures, 9990);
  assert.equal(lookups, 1);
  const cut = await verifyMessage(many, { lookupKey });
  assert.deepEqual(
    show(cut),
    Array.from({ length: 10 }, () => 'policy tooLarge'),
  );
  assert.equal(lookups, 1);
});

for (const [title, field, want] of [
  ['no value', '', 'neutral syntax'],
  ['a giant list of tags', Array.from({ length: 1000 }, (_, i) => `t${i}=x`).join(';'), 'neutral syntax'],
  ['a giant field', `v=1; x=${'9'.repeat(20_000)}`, 'policy tooLarge'],
  ['blanks', ' \t'.repeat(5000), 'neutral syntax'],
  ['semicolons', ';'.repeat(10_000), 'neutral syntax'],
  ['NUL', 'v=1; a=\0', 'neutral syntax'],
  ['octets that are no UTF-8', 'v=1; d=\xff\xfe', 'neutral syntax'],
  ['a field of names', `v=1;a=rsa-sha256;d=a.b;s=c;bh=AAAA;b=AAAA;h=${'a:'.repeat(5000)}a`, 'neutral syntax'],
] as const) {
  test(`MessageVerifier stands ${title}`, async () => {
    assert.deepEqual(show(await verifyMessage(`DKIM-Signature: ${field}\r\n${dinner}`)), [want]);
  });
}

test('MessageVerifier: messages without end, header or body', async () => {
  for (const message of ['', '\r\n', '\r\n\r\n', 'DKIM-Signature', 'DKIM-Signature:', '\n', '\r', ' ']) {
    const { results } = await verifyMessage(message);
    assert.equal(results.length, message.includes(':') ? 1 : 0);
  }
  assert.deepEqual(show(await verifyMessage(signed.slice(0, signed.indexOf('\r\n\r\n') + 2))), ['fail bodyHash']);
});

test('MessageVerifier takes a header with bare LF for one with CRLF', async () => {
  assert.deepEqual(show(await verifyMessage(signed.replaceAll('\r\n', '\n'))), ['pass']);
});

test('MessageVerifier gives a verdict on anything, the same however it is cut', async () => {
  const bytes = new TextEncoder().encode(signed);
  const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(40), fc.uint8Array({ maxLength: 3 })), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(edits, fc.array(fc.nat(1500), { maxLength: 5 }), async (changes, cuts) => {
      let message = Array.from(bytes);
      for (const [at, count, put] of changes) message = message.toSpliced(at, count, ...put);
      const whole = await verifyMessage(Uint8Array.from(message));
      assert.deepEqual(await verifyMessage(Uint8Array.from(message), {}, cuts), whole);
    }),
    { numRuns: 300, seed: 8301 },
  );
});
