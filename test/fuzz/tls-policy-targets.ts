import assert from 'node:assert/strict';
import { spkiOf, tlsaForCertificate, verifyDane, type TlsaRecord } from '#lib/dane';
import { allowsMx, chooseStsRecord, parseStsPolicy, parseStsRecord, readStsResponse } from '#lib/mta-sts';
import { writeStsPolicy, writeStsRecord } from '#lib/mta-sts';
import {
  defaultLimits as tlsrptLimits,
  parseTlsReport,
  parseTlsrptRecord,
  writeTlsReport,
  writeTlsrptRecord,
} from '#lib/tlsrpt';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';

/** Ed25519 certificates until 2136: for mx.example.org by "ca" (path length 0, only for example.org), by "root". */
const [leaf, ca, root] = [
  'MIIBKTCB3KADAgECAgEDMAUGAytlcDANMQswCQYDVQQDDAJjYTAgFw0yNjExMjQwMjMwNTVaGA8yMTM2MDUzMTAyMzA1NVowDzENMAsGA1UEAwwEbGVhZjAqMAUGAytlcAMhAIMNczm0jzvuKHoxfsyYqwTReJLRLpf8LD61TOu4dMn4o10wWzAZBgNVHREEEjAQgg5teC5leGFtcGxlLm9yZzAdBgNVHQ4EFgQUaEr0ta9vzSZ9BBSB4P3U7HKSqfcwHwYDVR0jBBgwFoAUGA76/NsDACwWfuY6tY5xpAalingwBQYDK2VwA0EAnVlqdjMAhTIrRK4Evhzx7tguaejprXpJDHLk3CA/ZCL09iYGlKEWJ3P77QUo82rhWJ4yuqkI6i5DYlaNj/9BDA==',
  'MIIBPjCB8aADAgECAgECMAUGAytlcDAPMQ0wCwYDVQQDDARyb290MCAXDTI2MTEyNDAyMzA1NVoYDzIxMzYwNTMxMDIzMDU1WjANMQswCQYDVQQDDAJjYTAqMAUGAytlcAMhAPEiWjbLdbkKfr9DDV+9cgfLd9xJsGJ82fNVq95Qsm5Xo3IwcDASBgNVHRMBAf8ECDAGAQH/AgEAMBoGA1UdHgQTMBGgDzANggtleGFtcGxlLm9yZzAdBgNVHQ4EFgQUGA76/NsDACwWfuY6tY5xpAalingwHwYDVR0jBBgwFoAUgMwEmYuzwOB8ztg0cLJt8sAjOLQwBQYDK2VwA0EAh3p30ZKD6ZNS84E3O7jcyxYYXlroUSGok2BdgjkULUFL7cC/Jz8+mxjEFRlNAJyvg45RGRx+A6VprLp6pX7VAg==',
  'MIIBNDCB56ADAgECAhRt2FhtTXgq3/hk6a2UciZ+YYQq2zAFBgMrZXAwDzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjQwMjMwNTRaGA8yMTM2MDUzMTAyMzA1NFowDzENMAsGA1UEAwwEcm9vdDAqMAUGAytlcAMhAPUIAzeYajETd8qLUH/CYPRbdtUWhiJbCoEFdTByEQnfo1MwUTAdBgNVHQ4EFgQUgMwEmYuzwOB8ztg0cLJt8sAjOLQwHwYDVR0jBBgwFoAUgMwEmYuzwOB8ztg0cLJt8sAjOLQwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQBh4ITFiacO9hxJwhG5T/Ys2c8q1AY4cuHL+JvuSXeJH5JYSZAyc3/oGPkEUgegb3J1wM2OjGfIf4hoh8otbm0F',
].map((text) => new Uint8Array(Buffer.from(text, 'base64')));
must(leaf !== undefined && ca !== undefined && root !== undefined, 'no certificates');
const certificates = [leaf, ca, root];
const keys = certificates.map(spkiIn);
/** Signed parts: TBSCertificate with its head, right behind the head of the whole. */
const signedParts = certificates.map((der) => der.subarray(4, der.length - 74));

function spkiIn(der: Uint8Array): Uint8Array {
  const spki = spkiOf(der);
  must(spki.ok, 'a certificate of ours cannot be read');
  return spki.value;
}

function recordFor(der: Uint8Array, usage: 2 | 3, selector: 0 | 1, matching: 0 | 1 | 2): TlsaRecord {
  const record = tlsaForCertificate(der, { usage, selector, matching });
  must(record.ok, 'no record for a certificate of ours');
  return record.value;
}

const endRecords = ([0, 1, 2] as const).flatMap((matching) =>
  ([0, 1] as const).map((selector) => recordFor(leaf, 3, selector, matching)),
);
const anchorRecords = [ca, root].flatMap((der) =>
  ([0, 1, 2] as const).flatMap((matching) =>
    ([0, 1] as const).map((selector) => recordFor(der, 2, selector, matching)),
  ),
);

/** Certificates of a server that may be hostile: DANE never vouches for one that its records and signatures do not vouch for. */
const dane: Target = {
  name: 'dane',
  seeds: certificates,
  dictionary: [
    '\x30\x80',
    '\x30\x82\x01\x00',
    '\x30\x84\xff\xff\xff\xff',
    '\x02\x01\0',
    '\x03\x41\0',
    '\xa3',
    '\x55\x1d\x11',
  ],
  maxBytes: 4000,
  async run(input, random) {
    const spki = spkiOf(input);
    if (spki.ok) must(includes(input, spki.value), 'a key that is not in the certificate');
    const record = (list: readonly TlsaRecord[]): TlsaRecord => list[Math.floor(random() * list.length)] ?? missing();
    const check = { names: ['mx.example.org'], nowMs: Date.UTC(2030, 0, 1) };
    const at = Math.floor(random() * 3);
    const chain = certificates.with(at, input.slice());
    const byKey = verifyDane({ ...check, chain: [input, ...chain], records: [record(endRecords)] });
    if (byKey.kind === 'verified')
      must(spki.ok && same(spki.value, byKey.record.selector === 1 ? keys[0] : spki.value), 'another key was verified');
    if (byKey.kind === 'verified' && byKey.record.selector === 0)
      must(same(input, leaf), 'another certificate was verified');
    const records = [record(anchorRecords), record(anchorRecords)];
    const byAnchor = verifyDane({ ...check, chain, records });
    if (byAnchor.kind !== 'verified') return;
    must(byAnchor.by === 'DANE-TA', 'verified by a record that is not there');
    if (at === 0) must(includes(input, signedParts[0] ?? missing()), 'a leaf that nobody signed was verified');
    // The root and the CA may come whole from DNS; only the leaf must be the one that was signed.
    const fromDns = records.some(({ matching }) => matching === 0);
    if (at === 1 && !fromDns) must(includes(input, keys[1] ?? missing()), 'a CA that nobody named was verified');
  },
};

const stsTexts = [
  'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n',
  'version: STSv1\nmode: testing\nmax_age: 86400\nmx: mx.example.org\nkey: value\n',
  'version: STSv1\nmode: none\nmax_age: 0',
  'v=STSv1; id=20160831085700Z;',
  'v=STSv1;id=a;x=y',
];

/** Policies and records of MTA-STS: what is understood can be written, and is then understood the same. */
const mtaSts: Target = {
  name: 'mta-sts',
  seeds: stsTexts.map(latin1),
  dictionary: [
    'mx: ',
    'mx: *.',
    'max_age: ',
    'mode: ',
    'version: STSv1',
    'v=STSv1;',
    'id=',
    ';',
    ':',
    '\r\n',
    '\n',
    '\xc3\xbc',
    'xn--',
    '99999999999',
    '.',
  ],
  maxBytes: 70_000,
  async run(input, random) {
    const policy = parseStsPolicy(input);
    const contentType =
      [null, 'text/plain', 'text/plain; charset=utf-8', 'text/html'][Math.floor(random() * 4)] ?? null;
    const fetched = readStsResponse({ status: random() < 0.9 ? 200 : 301, contentType, body: input });
    if (!policy.ok) {
      must(policy.at >= 0 && policy.at <= input.length, `refused at ${policy.at} of ${input.length}`);
      must(fetched.kind === 'failed', 'a policy that cannot be read was fetched');
    } else {
      const again = parseStsPolicy(new TextEncoder().encode(writeStsPolicy(policy.value)));
      must(again.ok, 'written, and not understood');
      assert.deepEqual(again.value, policy.value);
      for (const mx of policy.value.mx)
        must(allowsMx(policy.value, mx.replace('*', 'a')), `its own ${mx} is not allowed`);
    }
    const text = new TextDecoder().decode(input);
    const record = parseStsRecord(text);
    const chosen = chooseStsRecord([text, 'v=spf1 -all']);
    must(chosen.ok === record.ok, 'chosen and not understood, or the other way round');
    if (!record.ok) must(record.at >= 0 && record.at <= text.length, `refused at ${record.at} of ${text.length}`);
    else assert.deepEqual(parseStsRecord(writeStsRecord(record.value)), record);
  },
};

const report = writeTlsReport({
  organization: 'Example',
  contact: 'tls@example.org',
  reportId: '1@example.org',
  startMs: Date.UTC(2026, 0, 1),
  endMs: Date.UTC(2026, 0, 2) - 1000,
  policies: [
    {
      policy: {
        type: 'sts',
        strings: ['version: STSv1', 'mode: enforce'],
        domain: 'example.com',
        mxHosts: ['*.example.com'],
      },
      successes: 5,
      failures: 3,
      details: [
        {
          result: 'certificate-expired',
          sendingIp: '192.0.2.1',
          mxHost: 'mx.example.com',
          mxHelo: 'mx.example.com',
          receivingIp: '2001:db8::1',
          moreInfo: 'https://example.org/x',
          reasonCode: 'E1',
          sessions: 3,
        },
      ],
    },
  ],
});

/** Records that ask for TLS reports, and reports of strangers. */
const tlsrpt: Target = {
  name: 'tlsrpt',
  seeds: [
    report,
    'v=TLSRPTv1; rua=mailto:reports@example.com',
    'v=TLSRPTv1;rua=https://example.com/v1?a=b#c,mailto:%22a%20b%22@xn--bcher-kva.example?subject=x; ext=1;',
  ].map(latin1),
  dictionary: [
    'mailto:',
    'https://',
    'rua=',
    ',',
    ';',
    '!',
    '%2C',
    '%C3%A9',
    '@',
    '[',
    ']',
    '{',
    '}',
    '"',
    ':',
    '1e999',
    '-1',
    'null',
    '\\u0000',
    '[[[[[[[[',
  ],
  maxBytes: 40_000,
  async run(input) {
    const parsed = parseTlsReport(input);
    if (parsed.ok) {
      must(JSON.stringify(parsed.value).length <= 30 * input.length + 1000, 'much longer than its bytes');
      const { startMs, endMs } = parsed.value;
      must(Number.isFinite(startMs) && endMs >= startMs, 'a time that is none');
      const texts = parsed.value.policies.flatMap(({ policy }) => [policy.domain, ...policy.strings]);
      // oxlint-disable-next-line no-control-regex -- control characters are the point
      must(!/[\x00-\x1f\x7f-\x9f]/.test(texts.join('')), 'control characters');
    }
    const text = new TextDecoder().decode(input);
    const record = parseTlsrptRecord(text);
    if (!record.ok) {
      must(record.at >= 0 && record.at <= text.length, `refused at ${record.at} of ${text.length}`);
      return;
    }
    // What is encoded is longer than it was.
    const again = parseTlsrptRecord(writeTlsrptRecord(record.value), { ...tlsrptLimits, maxRecordChars: 200_000 });
    must(again.ok, 'written, and not understood');
    assert.deepEqual(again.value, record.value);
  },
};

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(part);
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

function missing(): never {
  throw new Error('the target lost something');
}

/** Everything that decides which TLS another server must offer. */
export const tlsPolicyTargets: readonly Target[] = [dane, mtaSts, tlsrpt];
