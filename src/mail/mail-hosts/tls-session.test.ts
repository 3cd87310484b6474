import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { X509Certificate } from 'node:crypto';
import { type DaneDecision, tlsaForCertificate } from '#lib/dane';
import { makeSelfSigned } from '#host/certificates';
import { decideTls, factsOfSkipped, judgeTls, type SessionTls, type TlsInputs, type TlsJudgement } from './index.ts';

const now = Date.UTC(2026, 5, 1);
let certificate = new Uint8Array();
let matching: DaneDecision;
const stranger = { usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) };
const mismatching: DaneDecision = { kind: 'usable', records: [stranger], published: [stranger], unusable: [] };

before(async () => {
  const { certPem } = await makeSelfSigned({ names: ['mx.example'], days: 10, now });
  certificate = new Uint8Array(new X509Certificate(certPem).raw);
  const record = tlsaForCertificate(certificate);
  assert.ok(record.ok);
  matching = { kind: 'usable', records: [record.value], published: [record.value], unusable: [] };
});

const plain: TlsInputs = {
  domain: 'example',
  expandedDomain: 'example',
  mx: 'authentic',
  host: 'mx.example',
  baseDomain: 'mx.example',
  dane: { kind: 'none', why: 'absent' },
  sts: { kind: 'none', reason: 'no MTA-STS record' },
  stsFailure: null,
  wish: 'default',
  local: 'opportunistic',
};
const ends = { sendingIp: '192.0.2.1', receivingIp: '192.0.2.2', mxHost: 'mx.example', mxHelo: null };
const enforce = { sts: { kind: 'policy', policy: { mode: 'enforce', maxAgeS: 1, mx: ['mx.example'] } } } as const;
const testing = { sts: { kind: 'policy', policy: { ...enforce.sts.policy, mode: 'testing' } } } as const;

const sessions = {
  good: () => ({ kind: 'secured', chain: [certificate], pkixProblem: null }),
  selfSigned: () => ({ kind: 'secured', chain: [certificate], pkixProblem: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
  expired: () => ({ kind: 'secured', chain: [certificate], pkixProblem: 'CERT_HAS_EXPIRED' }),
  otherName: () => ({ kind: 'secured', chain: [certificate], pkixProblem: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
  empty: () => ({ kind: 'secured', chain: [], pkixProblem: 'UNABLE_TO_GET_ISSUER_CERT' }),
  broken: () => ({ kind: 'failed', reason: 'TLS failed: wrong version number' }),
  none: () => ({ kind: 'not-offered' }),
} as const satisfies Record<string, () => SessionTls>;

function show({ verdict, facts }: TlsJudgement): string {
  const what =
    verdict.kind === 'proceed' ? verdict.security : verdict.kind === 'skip' ? `skip ${verdict.status}` : verdict.kind;
  const results = facts.map(
    ({ policy, failures }) => `${policy.type}: ${failures.map((f) => f.result).join(' ') || 'ok'}`,
  );
  return [what, ...results].join(', ');
}

/** Published policies and the query, the result of TLS, and what follows. */
const rows: readonly (readonly [string, () => Partial<TlsInputs>, keyof typeof sessions, string])[] = [
  ['nothing published, any certificate', () => ({}), 'selfSigned', 'encrypted, no-policy-found: ok'],
  ['nothing published, no STARTTLS', () => ({}), 'none', 'plaintext, no-policy-found: starttls-not-supported'],
  ['nothing published, no handshake', () => ({}), 'broken', 'retry-plaintext, no-policy-found: validation-failure'],
  [
    'the operator demands TLS: any certificate',
    () => ({ local: 'required' }),
    'selfSigned',
    'encrypted, no-policy-found: ok',
  ],
  [
    'the operator demands TLS: none',
    () => ({ local: 'required' }),
    'none',
    'skip 4.7.10, no-policy-found: starttls-not-supported',
  ],
  [
    'the operator demands TLS: no handshake',
    () => ({ local: 'required' }),
    'broken',
    'skip 4.7.5, no-policy-found: validation-failure',
  ],
  ['DANE, RFC 7672 §3.1.1', () => ({ dane: matching }), 'selfSigned', 'authenticated, tlsa: ok'],
  ['DANE, another certificate', () => ({ dane: mismatching }), 'good', 'skip 4.7.5, tlsa: certificate-not-trusted'],
  ['DANE, no certificate', () => ({ dane: matching }), 'empty', 'skip 4.7.5, tlsa: validation-failure'],
  [
    'DANE, no STARTTLS (RFC 7672 §2.2)',
    () => ({ dane: matching }),
    'none',
    'skip 4.7.10, tlsa: starttls-not-supported',
  ],
  ['MTA-STS', () => enforce, 'good', 'authenticated, sts: ok'],
  ['MTA-STS, self-signed', () => enforce, 'selfSigned', 'skip 4.7.5, sts: certificate-not-trusted'],
  ['MTA-STS, expired', () => enforce, 'expired', 'skip 4.7.5, sts: certificate-expired'],
  ['MTA-STS, another name', () => enforce, 'otherName', 'skip 4.7.5, sts: certificate-host-mismatch'],
  ['MTA-STS, no STARTTLS', () => enforce, 'none', 'skip 4.7.10, sts: starttls-not-supported'],
  [
    'MTA-STS in testing, self-signed (RFC 8461 §5)',
    () => testing,
    'selfSigned',
    'encrypted, sts: certificate-not-trusted',
  ],
  ['MTA-STS in testing, no STARTTLS', () => testing, 'none', 'plaintext, sts: starttls-not-supported'],
  [
    'DANE decides, MTA-STS is reported (RFC 8461 §2)',
    () => ({ ...enforce, dane: matching }),
    'selfSigned',
    'authenticated, tlsa: ok, sts: certificate-not-trusted',
  ],
  [
    'MTA-STS does not override DANE (RFC 8461 §2)',
    () => ({ ...enforce, dane: mismatching }),
    'good',
    'skip 4.7.5, tlsa: certificate-not-trusted, sts: ok',
  ],
  [
    'insecure MX: both',
    () => ({ ...enforce, dane: matching, mx: 'insecure' }),
    'good',
    'authenticated, tlsa: ok, sts: ok',
  ],
  [
    'insecure MX: only DANE',
    () => ({ ...enforce, dane: matching, mx: 'insecure' }),
    'selfSigned',
    'skip 4.7.5, tlsa: ok, sts: certificate-not-trusted',
  ],
  [
    'insecure MX: only PKIX',
    () => ({ ...enforce, dane: mismatching, mx: 'insecure' }),
    'good',
    'skip 4.7.5, tlsa: certificate-not-trusted, sts: ok',
  ],
  [
    'REQUIRETLS, self-signed (RFC 8689 §4.2.1)',
    () => ({ wish: 'requiretls' }),
    'selfSigned',
    'skip 5.7.10, no-policy-found: ok',
  ],
  [
    'REQUIRETLS, no STARTTLS (RFC 8689 §4.2.1)',
    () => ({ wish: 'requiretls' }),
    'none',
    'skip 5.7.10, no-policy-found: starttls-not-supported',
  ],
  ['REQUIRETLS, verified', () => ({ wish: 'requiretls' }), 'good', 'authenticated, no-policy-found: ok'],
  [
    'TLS-Required: No, DANE, another certificate (RFC 8689 §4.2.2)',
    () => ({ wish: 'tls-required-no', dane: mismatching }),
    'good',
    'encrypted, tlsa: certificate-not-trusted',
  ],
  [
    'TLS-Required: No, MTA-STS, no STARTTLS',
    () => ({ ...enforce, wish: 'tls-required-no' }),
    'none',
    'plaintext, sts: starttls-not-supported',
  ],
];

for (const [title, given, how, want] of rows) {
  test(`judgeTls: ${title}`, () => {
    const decided = decideTls({ ...plain, ...given() });
    assert.ok(decided.kind === 'connect');
    assert.equal(show(judgeTls(decided, sessions[how](), ends, now)), want);
  });
}

test('judgeTls tells who spoke to whom and why it failed', () => {
  const decided = decideTls({ ...plain, ...enforce });
  assert.ok(decided.kind === 'connect');
  const { facts } = judgeTls(decided, sessions.selfSigned(), ends, now);
  assert.deepEqual(facts[0]?.failures, [
    { ...ends, result: 'certificate-not-trusted', moreInfo: null, reasonCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  ]);
  const plainly = judgeTls(decided, sessions.none(), ends, now).facts;
  assert.equal(plainly[0]?.failures[0]?.reasonCode, null);
});

test('factsOfSkipped reports what failed before a connection (RFC 8461 §6)', () => {
  const sts = { kind: 'policy', policy: { mode: 'enforce', maxAgeS: 1, mx: ['mx.other'] } } as const;
  const show = (inputs: Partial<TlsInputs>): string[] => {
    const decided = decideTls({ ...plain, ...inputs });
    assert.ok(decided.kind === 'skip');
    return factsOfSkipped(decided, ends).map(({ policy, failures }) => `${policy.type} ${failures[0]?.result}`);
  };
  assert.deepEqual(show({ sts }), ['sts validation-failure']);
  assert.deepEqual(show({ dane: { kind: 'failed', why: 'bogus' }, ...enforce }), ['tlsa dnssec-invalid']);
  assert.deepEqual(show({ dane: { kind: 'failed', why: 'timeout' } }), []);
});
