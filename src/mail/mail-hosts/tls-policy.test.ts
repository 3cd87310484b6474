import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaneDecision } from '#lib/dane';
import type { StsMode, StsSituation } from '#lib/mta-sts';
import { decideTls, type HostTls, type TlsInputs } from './index.ts';
import type { TlsMeasure } from './tls-policy.ts';

const record = { usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) };
const pkixRecord = { ...record, usage: 1 };
const unusable = [{ record: pkixRecord, reason: 'usage 1 (PKIX) does not work for SMTP' }];
const usable: DaneDecision = { kind: 'usable', records: [record], published: [record, pkixRecord], unusable };
const daneUnusable: DaneDecision = { kind: 'unusable', published: [pkixRecord], unusable };
const bogus: DaneDecision = { kind: 'failed', why: 'bogus' };
const timeout: DaneDecision = { kind: 'failed', why: 'timeout' };
const noDane: DaneDecision = { kind: 'none', why: 'absent' };

const sts = (mode: StsMode, ...mx: string[]): StsSituation => ({
  kind: 'policy',
  policy: { mode, maxAgeS: 86_400, mx },
});
const enforce = sts('enforce', '*.example');
const testing = sts('testing', '*.example');
const elsewhere = sts('enforce', 'mx.other');
const testingElsewhere = sts('testing', 'mx.other');
const left = sts('none', 'mx.other');
const noSts: StsSituation = { kind: 'none', reason: 'no MTA-STS record' };
const unknown: StsSituation = { kind: 'undetermined', reason: 'looking up the MTA-STS record failed: timeout' };
const fetchError = { result: 'sts-policy-fetch-error', reason: 'the policy host answered 404' } as const;

const plain: TlsInputs = {
  domain: 'alias.example',
  expandedDomain: 'example',
  mx: 'insecure',
  host: 'mx.example',
  baseDomain: 'mx.example',
  dane: noDane,
  sts: noSts,
  stsFailure: null,
  wish: 'default',
  local: 'opportunistic',
};
const signed = { mx: 'authentic' } as const;
const must = { wish: 'requiretls' } as const;
const no = { wish: 'tls-required-no' } as const;

function show(decided: HostTls): string {
  if (decided.kind === 'skip') return `skip ${decided.status}`;
  const { demand, requireTls, setAside } = decided;
  const names = 'names' in demand ? ` [${demand.names.join(' ')}]` : '';
  const name = 'name' in demand ? ` for ${demand.name}` : '';
  const extension = requireTls === 'no' ? '' : `, REQUIRETLS ${requireTls}`;
  return `${demand.kind}${names}${name}${extension}${setAside.length > 0 ? `, without ${setAside.join(' ')}` : ''}`;
}

const showMeasures = (measures: readonly TlsMeasure[]): string =>
  measures
    .map(({ policy, check, known }) =>
      [policy.type, policy.domain, check.kind, ...known.map((k) => k.result)].join(' '),
    )
    .join(', ');

const nothingFound = 'no-policy-found alias.example tls';
const threeNames = '[mx.example alias.example example]';

/** Facts of each case, the decision, and the measures for reports. */
const rows: readonly (readonly [string, Partial<TlsInputs>, string, string])[] = [
  ['RFC 7435 §3: nothing published', {}, 'opportunistic', nothingFound],
  ['the operator demands TLS', { local: 'required' }, 'unverified', nothingFound],
  [
    'RFC 7672 §2.2: insecure TLSA records',
    { ...signed, dane: { kind: 'none', why: 'insecure' } },
    'opportunistic',
    nothingFound,
  ],
  ['RFC 7672 §2.2: usable records', { ...signed, dane: usable }, `dane ${threeNames}`, 'tlsa mx.example dane'],
  [
    'RFC 7672 §2.2: only unusable records',
    { ...signed, dane: daneUnusable },
    'unverified',
    'tlsa mx.example tls tlsa-invalid',
  ],
  [
    'RFC 7672 §2.1.2: bogus TLSA records',
    { ...signed, dane: bogus },
    'skip 4.4.3',
    'tlsa mx.example tls dnssec-invalid',
  ],
  ['RFC 7672 §2.1.2: TLSA query without answer', { ...signed, dane: timeout }, 'skip 4.4.3', nothingFound],
  ['RFC 7672 §2.2.1: usable records, insecure MX', { dane: usable }, 'dane [mx.example]', 'tlsa mx.example dane'],
  [
    'RFC 7672 §2.2.2: no MX records',
    { mx: 'none', host: 'example', baseDomain: 'example', domain: 'example', dane: usable },
    'dane [example]',
    'tlsa example dane',
  ],
  ['RFC 8461 §5: enforce', { sts: enforce }, 'pkix for mx.example', 'sts alias.example pkix'],
  [
    'RFC 8461 §5: enforce, host not named',
    { sts: elsewhere },
    'skip 4.7.5',
    'sts alias.example pkix validation-failure',
  ],
  ['RFC 8461 §5: testing', { sts: testing }, 'opportunistic', 'sts alias.example pkix'],
  [
    'RFC 8461 §5: testing, host not named',
    { sts: testingElsewhere },
    'opportunistic',
    'sts alias.example pkix validation-failure',
  ],
  ['RFC 8461 §5: none', { sts: left }, 'opportunistic', nothingFound],
  [
    'RFC 8461 §5: testing where the operator demands TLS',
    { sts: testing, local: 'required' },
    'unverified',
    'sts alias.example pkix',
  ],
  [
    'RFC 8461 §3.3: no policy could be fetched',
    { stsFailure: fetchError },
    'opportunistic',
    'sts alias.example tls sts-policy-fetch-error',
  ],
  [
    'RFC 8461 §6: a kept policy could not be refreshed',
    { sts: enforce, stsFailure: fetchError },
    'pkix for mx.example',
    'sts alias.example pkix sts-policy-fetch-error',
  ],
  ['RFC 8461 §10.2: the record cannot be looked up', { sts: unknown }, 'skip 4.4.3', nothingFound],
  [
    'RFC 8461 §10.2: the same, but DANE decides',
    { ...signed, dane: usable, sts: unknown },
    `dane ${threeNames}`,
    'tlsa mx.example dane',
  ],
  [
    'RFC 8461 §2: DANE before MTA-STS',
    { ...signed, dane: usable, sts: enforce },
    `dane ${threeNames}`,
    'tlsa mx.example dane, sts alias.example pkix',
  ],
  [
    'RFC 8461 §2: DANE before MTA-STS, host not named',
    { ...signed, dane: usable, sts: elsewhere },
    `dane ${threeNames}`,
    'tlsa mx.example dane, sts alias.example pkix validation-failure',
  ],
  [
    'RFC 8461 §2: MTA-STS does not override failing DANE',
    { ...signed, dane: bogus, sts: enforce },
    'skip 4.4.3',
    'tlsa mx.example tls dnssec-invalid, sts alias.example pkix',
  ],
  [
    'RFC 8461 §2: unusable records leave MTA-STS in force',
    { ...signed, dane: daneUnusable, sts: enforce },
    'pkix for mx.example',
    'tlsa mx.example tls tlsa-invalid, sts alias.example pkix',
  ],
  [
    'RFC 8461 §5: unusable records and testing',
    { ...signed, dane: daneUnusable, sts: testing },
    'unverified',
    'tlsa mx.example tls tlsa-invalid, sts alias.example pkix',
  ],
  [
    'RFC 7672 §1.3.2: insecure MX, both',
    { dane: usable, sts: enforce },
    'dane-and-pkix [mx.example] for mx.example',
    'tlsa mx.example dane, sts alias.example pkix',
  ],
  [
    'RFC 7672 §1.3.2: insecure MX, DANE for a host that MTA-STS does not name',
    { dane: usable, sts: elsewhere },
    'skip 4.7.5',
    'tlsa mx.example dane, sts alias.example pkix validation-failure',
  ],
  ['RFC 8689 §4.2.1: REQUIRETLS, insecure MX', must, 'skip 5.7.10', nothingFound],
  [
    'RFC 8689 §4.2.1: REQUIRETLS, signed MX',
    { ...must, ...signed },
    'pkix for mx.example, REQUIRETLS must',
    nothingFound,
  ],
  ['RFC 8689 §4.2.1: REQUIRETLS, no MX', { ...must, mx: 'none' }, 'pkix for mx.example, REQUIRETLS must', nothingFound],
  [
    'RFC 8689 §4.2.1: REQUIRETLS, DANE',
    { ...must, ...signed, dane: usable },
    `dane ${threeNames}, REQUIRETLS must`,
    'tlsa mx.example dane',
  ],
  [
    'RFC 8689 §4.2.1: REQUIRETLS, unusable records',
    { ...must, ...signed, dane: daneUnusable },
    'pkix for mx.example, REQUIRETLS must',
    'tlsa mx.example tls tlsa-invalid',
  ],
  ['RFC 8689 §4.2.1: REQUIRETLS, DANE, insecure MX', { ...must, dane: usable }, 'skip 5.7.10', 'tlsa mx.example dane'],
  [
    'RFC 8689 §2: REQUIRETLS, MTA-STS',
    { ...must, sts: enforce },
    'pkix for mx.example, REQUIRETLS must',
    'sts alias.example pkix',
  ],
  [
    'RFC 8689 §2: REQUIRETLS, MTA-STS in testing names the host',
    { ...must, sts: testing },
    'pkix for mx.example, REQUIRETLS must',
    'sts alias.example pkix',
  ],
  [
    'RFC 8689 §2: REQUIRETLS, MTA-STS in testing does not',
    { ...must, sts: testingElsewhere },
    'skip 5.7.10',
    'sts alias.example pkix validation-failure',
  ],
  [
    'RFC 8689 §4.2.1: REQUIRETLS, TLSA query fails: later',
    { ...must, ...signed, dane: timeout },
    'skip 4.4.3',
    nothingFound,
  ],
  [
    'RFC 8689 §5: a bounce of REQUIRETLS',
    { wish: 'requiretls-bounce' },
    'opportunistic, REQUIRETLS if-offered',
    nothingFound,
  ],
  [
    'RFC 8689 §5: a bounce of REQUIRETLS, DANE',
    { ...signed, wish: 'requiretls-bounce', dane: usable },
    `dane ${threeNames}, REQUIRETLS if-offered`,
    'tlsa mx.example dane',
  ],
  [
    'RFC 8689 §4.2.2: TLS-Required: No, DANE',
    { ...no, ...signed, dane: usable },
    'opportunistic, without dane',
    'tlsa mx.example dane',
  ],
  [
    'RFC 8689 §4.2.2: TLS-Required: No, bogus TLSA records',
    { ...no, ...signed, dane: bogus },
    'opportunistic, without dane',
    'tlsa mx.example tls dnssec-invalid',
  ],
  [
    'RFC 8689 §4.2.2: TLS-Required: No, unusable records',
    { ...no, ...signed, dane: daneUnusable },
    'opportunistic, without dane',
    'tlsa mx.example tls tlsa-invalid',
  ],
  [
    'RFC 8689 §4.2.2: TLS-Required: No, MTA-STS',
    { ...no, sts: elsewhere },
    'opportunistic, without mta-sts',
    'sts alias.example pkix validation-failure',
  ],
  [
    'RFC 8689 §4.2.2: TLS-Required: No, both',
    { ...no, dane: usable, sts: enforce },
    'opportunistic, without dane mta-sts',
    'tlsa mx.example dane, sts alias.example pkix',
  ],
  ['RFC 8689 §4.2.2: TLS-Required: No, unknown MTA-STS', { ...no, sts: unknown }, 'opportunistic', nothingFound],
  [
    'RFC 8689 §3: TLS-Required: No does not bind the operator',
    { ...no, local: 'required', sts: enforce },
    'unverified, without mta-sts',
    'sts alias.example pkix',
  ],
];

for (const [title, given, want, wantMeasures] of rows) {
  test(`decideTls: ${title}`, () => {
    const decided = decideTls({ ...plain, ...given });
    assert.equal(show(decided), want);
    assert.equal(showMeasures(decided.measures), wantMeasures);
  });
}

test('decideTls sends the TLSA base domain as SNI (RFC 7672 §8.1) and reports policies as RFC 8460 §4.5 writes them', () => {
  const decided = decideTls({ ...plain, ...signed, baseDomain: 'mx.provider.test', dane: usable, sts: enforce });
  assert.ok(decided.kind === 'connect');
  assert.equal(decided.serverName, 'mx.provider.test');
  assert.deepEqual(
    decided.measures.map(({ policy }) => policy),
    [
      {
        type: 'tlsa',
        domain: 'mx.provider.test',
        strings: [`3 1 1 ${'00'.repeat(32)}`, `1 1 1 ${'00'.repeat(32)}`],
        mxHosts: [],
      },
      {
        type: 'sts',
        domain: 'alias.example',
        strings: ['version: STSv1', 'mode: enforce', 'mx: *.example', 'max_age: 86400'],
        mxHosts: ['*.example'],
      },
    ],
  );
  const none = decideTls({ ...plain, ...signed, baseDomain: 'mx.provider.test' });
  assert.ok(none.kind === 'connect' && none.serverName === 'mx.example');
});
