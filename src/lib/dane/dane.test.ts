import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPublicKey, webcrypto } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import * as fc from 'fast-check';
import {
  daneFor,
  type DaneVerdict,
  parseTlsa,
  problemWith,
  referenceNames,
  spkiOf,
  type TlsaChoice,
  tlsaForCertificate,
  tlsaName,
  type TlsaRecord,
  verifyDane,
  writeTlsa,
} from './index.ts';
import type { DaneCheck } from './verify.ts';
import { tlsaForKey } from './tlsa.ts';

const now = Date.UTC(2026, 5, 1);
const dayMs = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

interface Made {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
  readonly der: Uint8Array;
}
type CryptoKeyPair = Awaited<ReturnType<typeof makeKeys>>;
const makeKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

interface MakeOptions {
  readonly issuer?: Made;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly names?: readonly string[];
  readonly days?: readonly [number, number];
  readonly extra?: readonly x509.Extension[];
  readonly serverAuth?: boolean;
}

let serial = 1;
async function make(cn: string, options: MakeOptions = {}): Promise<Made> {
  const keys = await makeKeys();
  const [from, to] = options.days ?? [-1, 30];
  const extensions: x509.Extension[] = [
    ...(options.ca === true ? [new x509.BasicConstraintsExtension(true, options.pathLength, true)] : []),
    ...(options.names === undefined
      ? []
      : [new x509.SubjectAlternativeNameExtension(options.names.map((value) => ({ type: 'dns' as const, value })))]),
    ...(options.serverAuth === false ? [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])] : []),
    ...(options.extra ?? []),
  ];
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: (serial++).toString(16).padStart(4, '0'),
      subject: `CN=${cn}`,
      issuer: options.issuer?.certificate.subject ?? `CN=${cn}`,
      notBefore: new Date(now + from * dayMs),
      notAfter: new Date(now + to * dayMs),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: options.issuer?.keys.privateKey ?? keys.privateKey,
      extensions,
    },
    webcrypto,
  );
  return { certificate, keys, der: new Uint8Array(certificate.rawData) };
}

// Name constraints in DER: permitted .example (dNSName), and excluded bad.example.
const constraint = (tag: number, name: string): Uint8Array => {
  const text = new TextEncoder().encode(name);
  const base = [0x30, text.length + 2, 0x82, text.length, ...text];
  return Uint8Array.of(0x30, base.length + 2, tag, base.length, ...base);
};
const nameConstraints = (tag: number, name: string) => new x509.Extension('2.5.29.30', true, constraint(tag, name));

let made: Awaited<ReturnType<typeof makeAll>>;
async function makeAll() {
  const root = await make('Root', { ca: true });
  const middle = await make('Middle', { ca: true, issuer: root });
  const names = ['mx.some.example'];
  const flatRoot = await make('Flat', { ca: true, pathLength: 0 });
  const underFlat = await make('Under flat', { ca: true, issuer: flatRoot });
  const oldRoot = await make('Old', { ca: true, days: [-30, -1] });
  const permitting = await make('Permitting', { ca: true, extra: [nameConstraints(0xa0, 'example')] });
  const excluding = await make('Excluding', { ca: true, extra: [nameConstraints(0xa1, 'mx.some.example')] });
  const plain = await make('Not a CA', { names });
  const leaf = await make('mx', { issuer: middle, names });
  return {
    root,
    middle,
    leaf,
    flatRoot,
    underFlat,
    oldRoot,
    permitting,
    excluding,
    plain,
    alone: await make('alone', { names: ['other.example'], days: [-30, -1] }),
    wildcard: await make('mx', { issuer: root, names: ['*.some.example'] }),
    partial: await make('mx', { issuer: root, names: ['m*.some.example'] }),
    byCn: await make('mx.some.example', { issuer: root }),
    cnBesideNames: await make('mx.some.example', { issuer: root, names: ['other.example'] }),
    elsewhere: await make('mx', { issuer: root, names: ['evil.test'] }),
    expired: await make('mx', { issuer: root, names, days: [-30, -1] }),
    future: await make('mx', { issuer: root, names, days: [1, 30] }),
    forClients: await make('mx', { issuer: root, names, serverAuth: false }),
    critical: await make('mx', {
      issuer: root,
      names,
      extra: [new x509.Extension('1.2.3.4', true, Uint8Array.of(5, 0))],
    }),
    tooDeep: await make('mx', { issuer: underFlat, names }),
    direct: await make('mx', { issuer: flatRoot, names }),
    underOld: await make('mx', { issuer: oldRoot, names }),
    underPlain: await make('mx', { issuer: plain, names }),
    permitted: await make('mx', { issuer: permitting, names }),
    notPermitted: await make('mx', { issuer: permitting, names: [...names, 'mx.test'] }),
    excluded: await make('mx', { issuer: excluding, names }),
  };
}
before(async () => {
  made = await makeAll();
});
after(() => {
  serial = 1;
});

function recordFor(der: Uint8Array, code: string): TlsaRecord {
  const [usage, selector, matching] = code.split('').map(Number);
  const record = tlsaForCertificate(der, { usage, selector, matching } as TlsaChoice);
  assert.ok(record.ok);
  return record.value;
}

const show = (verdict: DaneVerdict): string =>
  verdict.kind === 'verified' ? `verified by ${verdict.by}` : `${verdict.why}: ${verdict.reason}`;

type Name = keyof Awaited<ReturnType<typeof makeAll>>;
/** Chain, records as `code certificate`, and the start of the verdict. */
const rows: readonly (readonly [string, readonly Name[], readonly `${string} ${Name}`[], string])[] = [
  ['3 1 1 of the key (RFC 7672 §3.1.1)', ['leaf'], ['311 leaf'], 'verified by DANE-EE'],
  ['3 1 2', ['leaf'], ['312 leaf'], 'verified by DANE-EE'],
  ['3 0 1 of the certificate', ['leaf'], ['301 leaf'], 'verified by DANE-EE'],
  ['3 0 2', ['leaf'], ['302 leaf'], 'verified by DANE-EE'],
  ['3 0 0, the certificate itself', ['leaf'], ['300 leaf'], 'verified by DANE-EE'],
  ['3 1 0, the key itself', ['leaf'], ['310 leaf'], 'verified by DANE-EE'],
  ['an expired certificate for another name (RFC 7672 §3.2.1)', ['alone'], ['311 alone'], 'verified by DANE-EE'],
  ['one record of two is enough (RFC 7672 §4)', ['leaf'], ['311 alone', '311 leaf'], 'verified by DANE-EE'],
  ['another key', ['leaf', 'middle'], ['311 alone'], 'no-match: its TLSA record matches none'],
  ['DANE-EE does not look above the leaf', ['leaf', 'middle', 'root'], ['311 root'], 'no-match'],
  ['no certificate', [], ['311 leaf'], 'no-certificate'],
  ['2 0 1 of the root (RFC 7672 §3.1.2)', ['leaf', 'middle', 'root'], ['201 root'], 'verified by DANE-TA'],
  ['2 1 1 of the root', ['leaf', 'middle', 'root'], ['211 root'], 'verified by DANE-TA'],
  ['2 0 2 of the intermediate', ['leaf', 'middle'], ['202 middle'], 'verified by DANE-TA'],
  ['any order of the chain', ['leaf', 'root', 'middle'], ['201 root'], 'verified by DANE-TA'],
  ['certificates that have nothing to do with it', ['leaf', 'alone', 'middle'], ['201 middle'], 'verified by DANE-TA'],
  ['2 0 1, anchor not sent (RFC 7671 §5.2.2)', ['leaf', 'middle'], ['201 root'], 'no-match'],
  ['2 0 0, anchor only in DNS (RFC 7671 §5.2.2)', ['leaf', 'middle'], ['200 root'], 'verified by DANE-TA'],
  ['2 1 0, key only in DNS (RFC 7671 §5.2.3)', ['leaf', 'middle'], ['210 root'], 'verified by DANE-TA'],
  ['2 1 0, key of the leaf’s issuer', ['leaf'], ['210 middle'], 'verified by DANE-TA'],
  ['2 1 0, key of somebody else', ['leaf', 'middle'], ['210 alone'], 'no-match'],
  ['2 1 0, wrong name', ['elsewhere'], ['210 root'], 'name-mismatch'],
  ['a gap in the chain', ['leaf', 'root'], ['201 root'], 'no-match'],
  ['an anchor beside a chain that it did not sign', ['alone', 'root'], ['201 root'], 'no-match'],
  ['the leaf is no anchor', ['plain'], ['201 plain'], 'no-match'],
  ['wildcard (RFC 7672 §3.2.3)', ['wildcard', 'root'], ['201 root'], 'verified by DANE-TA'],
  ['partial wildcard (RFC 7672 §3.2.3)', ['partial', 'root'], ['201 root'], 'name-mismatch'],
  ['CN without DNS-IDs (RFC 7672 §3.2.3)', ['byCn', 'root'], ['201 root'], 'verified by DANE-TA'],
  ['CN beside DNS-IDs (RFC 7672 §3.2.3)', ['cnBesideNames', 'root'], ['201 root'], 'name-mismatch'],
  [
    'another name',
    ['elsewhere', 'root'],
    ['201 root'],
    'name-mismatch: the certificate is for none of mx.some.example',
  ],
  ['expired', ['expired', 'root'], ['201 root'], 'expired: the certificate expired'],
  ['not valid yet', ['future', 'root'], ['201 root'], 'expired: the certificate is valid only from'],
  ['expired anchor', ['underOld', 'oldRoot'], ['201 oldRoot'], 'expired: the CA certificate 1 above it'],
  ['for clients only', ['forClients', 'root'], ['201 root'], 'untrusted: the certificate is not for servers'],
  ['unknown critical extension', ['critical', 'root'], ['201 root'], 'untrusted: the certificate: unknown critical'],
  ['path length kept', ['direct', 'flatRoot'], ['201 flatRoot'], 'verified by DANE-TA'],
  ['path length exceeded', ['tooDeep', 'underFlat', 'flatRoot'], ['201 flatRoot'], 'untrusted: the CA certificate 2'],
  ['issued by what is no CA', ['underPlain', 'plain'], ['201 plain'], 'no-match'],
  ['name constraint kept', ['permitted', 'permitting'], ['201 permitting'], 'verified by DANE-TA'],
  [
    'name not permitted',
    ['notPermitted', 'permitting'],
    ['201 permitting'],
    'untrusted: the CA certificate 1 above it may',
  ],
  ['name excluded', ['excluded', 'excluding'], ['201 excluding'], 'untrusted: the CA certificate 1 above it may'],
  ['EE helps where TA fails', ['expired', 'root'], ['201 root', '311 expired'], 'verified by DANE-EE'],
];

for (const [title, chain, records, want] of rows) {
  test(`verifyDane: ${title}`, () => {
    const check: DaneCheck = {
      chain: chain.map((name) => made[name].der),
      records: records.map((text) => {
        const [code = '', name = 'leaf'] = text.split(' ');
        return recordFor(made[name as Name].der, code);
      }),
      names: ['mx.some.example'],
      nowMs: now,
    };
    const shown = show(verifyDane(check));
    assert.ok(shown.startsWith(want), shown);
  });
}

test('verifyDane bounds the chain, the certificates and the signatures that it looks at', () => {
  const check = { records: [recordFor(made.root.der, '201')], names: ['mx.some.example'], nowMs: now };
  const chain = [made.leaf.der, made.middle.der, made.root.der];
  assert.equal(verifyDane({ ...check, chain }).kind, 'verified');
  for (const limits of [{ maxChainCertificates: 2 }, { maxCertificateBytes: 50 }, { maxSignatureChecks: 1 }]) {
    const all = { maxChainCertificates: 9, maxCertificateBytes: 9999, maxAnchorsFromDns: 4, maxSignatureChecks: 9 };
    assert.equal(verifyDane({ ...check, chain }, { ...all, ...limits }).kind, 'refused');
  }
});

test('verifyDane survives certificates with any byte changed, cut off, and rubbish', () => {
  const records = [recordFor(made.root.der, '201'), recordFor(made.leaf.der, '311')];
  const whole = [made.leaf.der, made.middle.der, made.root.der] as const;
  fc.assert(
    fc.property(fc.nat(2), fc.nat(2000), fc.integer({ min: 1, max: 255 }), fc.boolean(), (which, at, change, cut) => {
      const chain = whole.map((der, i) => {
        if (i !== which) return der;
        const copy = der.slice(0, cut ? at % der.length : undefined);
        if (!cut) copy[at % der.length] = (copy[at % der.length] ?? 0) ^ change;
        return copy;
      });
      const verdict = verifyDane({ chain, records, names: ['mx.some.example'], nowMs: now });
      // The leaf's key is vouched for, whatever the rest says; nothing else may be accepted.
      if (verdict.kind === 'verified' && verdict.by === 'DANE-TA') assert.fail('a changed chain was accepted');
    }),
    { numRuns: 150, seed: 7 },
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), (chain) => {
      assert.equal(verifyDane({ chain, records, names: ['mx.some.example'], nowMs: now }).kind, 'refused');
    }),
    { numRuns: 100, seed: 7 },
  );
});

const answer = (records: readonly TlsaRecord[], authentic = true) =>
  ({ kind: 'found', records, authentic, ttlS: 60, canonicalName: '_25._tcp.mx.some.example' }) as const;

test('daneFor: the four outcomes of RFC 7672 §2.2', () => {
  const good = recordFor(made.leaf.der, '311');
  const pkix = { ...good, usage: 1 };
  assert.equal(daneFor(answer([pkix, good])).kind, 'usable');
  assert.equal(daneFor(answer([pkix])).kind, 'unusable');
  assert.deepEqual(daneFor(answer([good], false)), { kind: 'none', why: 'insecure' });
  for (const authentic of [true, false])
    assert.deepEqual(daneFor({ kind: 'absent', why: 'nodata', authentic, ttlS: 1 }), { kind: 'none', why: 'absent' });
  for (const why of ['bogus', 'servfail', 'refused', 'timeout', 'unavailable'] as const)
    assert.deepEqual(daneFor({ kind: 'failed', why }), { kind: 'failed', why });
});

test('daneFor: digest algorithm agility (RFC 7671 §9)', () => {
  const codes = (records: readonly TlsaRecord[]): string[] => records.map((r) => writeTlsa(r).slice(0, 5));
  const of = (...list: string[]) => list.map((code) => recordFor(made.leaf.der, code));
  const decide = (records: readonly TlsaRecord[]): string[] => {
    const decision = daneFor(answer(records));
    return decision.kind === 'usable' ? codes(decision.records) : [decision.kind];
  };
  assert.deepEqual(decide(of('311', '312', '310')), ['3 1 2', '3 1 0']);
  assert.deepEqual(decide(of('311', '302', '201', '211')), ['3 1 1', '3 0 2', '2 0 1', '2 1 1']);
  // A malformed stronger digest is discarded first.
  const [weak, strong] = of('311', '312');
  assert.ok(weak !== undefined && strong !== undefined);
  assert.deepEqual(decide([weak, { ...strong, data: strong.data.slice(1) }]), ['3 1 1']);
});

for (const [text, want] of [
  ['0 1 1 00', 'usage 0 (PKIX) does not work for SMTP'],
  ['1 0 1 00', 'usage 1 (PKIX) does not work for SMTP'],
  ['4 0 1 00', 'unknown usage 4'],
  ['255 0 1 00', 'unknown usage 255'],
  ['3 2 1 00', 'unknown selector 2'],
  ['3 1 3 00', 'unknown matching type 3'],
  ['3 1 1 00ff', 'digest of 2 octets, 32 expected'],
  ['3 1 2 00ff', 'digest of 2 octets, 64 expected'],
  ['3 0 0 3000', 'data is not a certificate'],
  ['2 0 0 ff', 'data is not a certificate'],
  ['3 1 0 308000', 'data is not a public key'],
  ['3 1 0 300000', 'data is not a public key'],
] as const) {
  test(`problemWith(${text})`, () => {
    const record = parseTlsa(text);
    assert.ok(record.ok);
    assert.equal(problemWith(record.value), want);
  });
}

test('parseTlsa(writeTlsa(x)) gives back x', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(byte, byte, byte, fc.uint8Array({ minLength: 1, maxLength: 80 }), (usage, selector, matching, data) => {
      const record = { usage, selector, matching, data };
      assert.deepEqual(parseTlsa(writeTlsa(record)), { ok: true, value: record });
    }),
    { numRuns: 50, seed: 1 },
  );
});

for (const [text, want] of [
  ['3 1 1 0B9F A6A5', '3 1 1 0b9fa6a5'],
  ['', 'three numbers and hexadecimal digits expected'],
  ['3 1 1', 'three numbers and hexadecimal digits expected'],
  ['3 1 1 ', 'no association data'],
  ['256 1 1 00', 'number above 255'],
  ['3 1 1 0', 'hexadecimal digit expected'],
  ['3 1 1 zz', 'hexadecimal digit expected'],
  [`3 1 1 ${'0'.repeat(300_000)}`, 'TLSA record too long'],
] as const) {
  test(`parseTlsa(${text.slice(0, 20)})`, () => {
    const record = parseTlsa(text);
    assert.equal(record.ok ? writeTlsa(record.value) : record.reason, want);
  });
}

test('tlsaForKey says the same as tlsaForCertificate with selector SPKI, and OpenSSL agrees on what the key is', () => {
  const spki = spkiOf(made.leaf.der);
  assert.ok(spki.ok);
  const exported = createPublicKey({
    key: made.leaf.certificate.toString('pem'),
    format: 'pem',
  }).export({ type: 'spki', format: 'der' });
  assert.deepEqual(new Uint8Array(spki.value), new Uint8Array(exported));
  assert.deepEqual(tlsaForKey(spki.value), recordFor(made.leaf.der, '311'));
  assert.equal(tlsaName('mx.some.example'), '_25._tcp.mx.some.example');
  assert.equal(tlsaForCertificate(Uint8Array.of(1, 2, 3)).ok, false);
});

test('referenceNames: RFC 7672 §3.2.2', () => {
  const origin = { baseDomain: 'mx.some.example', nextHop: 'alias.example', expandedNextHop: 'example' } as const;
  assert.deepEqual(referenceNames({ ...origin, mx: 'authentic' }), ['mx.some.example', 'alias.example', 'example']);
  assert.deepEqual(referenceNames({ ...origin, mx: 'insecure' }), ['mx.some.example']);
  const direct = { baseDomain: 'example', nextHop: 'alias.example', expandedNextHop: 'example', mx: 'none' } as const;
  assert.deepEqual(referenceNames(direct), ['example', 'alias.example']);
});
