import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { Files } from '#host/files';
import { tlsaForCertificate } from '#lib/dane';
import { stsPolicyUrl, stsRecordName, writeStsPolicy } from '#lib/mta-sts';
import { parseServerFile } from '#mail/config';
import type { Transmission } from '#mail/queue';
import type { RouteTarget } from '#mail/routes';
import { dayOf } from '#mail/tls-policies';
import type { FakeZone } from '#testing/fake-resolver';
import { showOutcome, TransmitWorld, type FakeHost, type TransmitWorldOptions } from '#testing/transmit-world';
import { SmtpTransmitter, TransportSecrets } from './index.ts';

const pem = await makeSelfSigned({ names: ['mx1.example'], days: 1, now: Date.UTC(2026, 0, 1) });
const der = new Uint8Array(new X509Certificate(pem.certPem).raw);
const record = tlsaForCertificate(der);
assert.ok(record.ok);
const wrongRecord = { ...record.value, data: new Uint8Array(record.value.data.length) };

const domain = 'two.example';
const tlsaName = '_25._tcp.mx1.example';
const signed = [domain, 'mx1.example', tlsaName];
const dane: FakeZone = { [tlsaName]: { TLSA: [record.value] } };
const wrongDane: FakeZone = { [tlsaName]: { TLSA: [wrongRecord] } };

/** A policy of the domain, and the record that announces it. */
function sts(mode: 'enforce' | 'testing', mx = '*.example'): Required<Pick<TransmitWorldOptions, 'zone' | 'policies'>> {
  return {
    zone: { [stsRecordName(domain)]: { TXT: ['v=STSv1; id=1;'] } },
    policies: { [stsPolicyUrl(domain)]: writeStsPolicy({ mode, maxAgeS: 86_400, mx: [mx] }) },
  };
}

function both(mode: 'enforce' | 'testing', more: FakeZone = dane): TransmitWorldOptions {
  const { zone, policies } = sts(mode);
  return { zone: { ...zone, ...more }, policies };
}

/** The hosts have this certificate, which no authority vouches for. */
const selfSigned: FakeHost = { startTls: true, pair: { tlsSession: { peerChain: [der] } }, badCertificate: true };
const good: FakeHost = { startTls: true, pair: { tlsSession: { peerChain: [der] } } };
const plain: FakeHost = {};
const broken: FakeHost = { startTls: true, pair: { tlsFails: true } };
const refusing: FakeHost = { startTls: true, startTlsRefused: true };

const one = '192.0.2.1:25';
const two = '192.0.2.2:25';
const ok = 'delivered by mx1.example';
const second = 'delivered by mx2.example';

interface Row {
  readonly title: string;
  readonly world?: TransmitWorldOptions;
  /** The first host; the second is plain, with a good certificate. */
  readonly host: FakeHost;
  readonly tls?: Transmission['tls'];
  readonly sender?: null;
  readonly settings?: string;
  readonly want: string | RegExp;
  readonly status?: string;
  readonly dialed?: readonly string[];
  /** Facts counted for reports: policy, failures, sessions. */
  readonly facts: readonly string[];
  /** TLS of the connection that took the message, and whose certificate it was. */
  readonly session?: string;
}

const encrypted = 'TLSv1.3 by nobody';

const rows: readonly Row[] = [
  { title: 'no policy, STARTTLS', host: good, want: ok, facts: ['no-policy-found ok 1'], session: encrypted },
  {
    title: 'no policy, STARTTLS and a bad certificate (RFC 7435 §3)',
    host: selfSigned,
    want: ok,
    facts: ['no-policy-found ok 1'],
    session: encrypted,
  },
  {
    title: 'no policy, no STARTTLS',
    host: plain,
    want: ok,
    facts: ['no-policy-found starttls-not-supported 1'],
    session: 'without TLS',
  },
  {
    title: 'no policy, the handshake fails: again without TLS, counted once',
    host: broken,
    want: ok,
    dialed: [one, one],
    facts: ['no-policy-found validation-failure 1'],
    session: 'without TLS',
  },
  {
    title: 'no policy, STARTTLS is refused: on without TLS',
    host: refusing,
    want: ok,
    dialed: [one],
    facts: ['no-policy-found validation-failure 1'],
    session: 'without TLS',
  },
  {
    title: 'DANE, the record matches (RFC 7672 §2.2)',
    world: { zone: dane, authentic: signed },
    host: selfSigned,
    want: ok,
    facts: ['tlsa ok 1'],
    session: 'TLSv1.3 by dane',
  },
  {
    title: 'DANE, the record does not match: the next host',
    world: { zone: wrongDane, authentic: signed },
    host: good,
    want: second,
    dialed: [one, two],
    facts: ['no-policy-found ok 1', 'tlsa certificate-not-trusted 1'],
    session: encrypted,
  },
  {
    title: 'DANE, no STARTTLS: the next host',
    world: { zone: dane, authentic: signed },
    host: plain,
    want: second,
    dialed: [one, two],
    facts: ['no-policy-found ok 1', 'tlsa starttls-not-supported 1'],
  },
  {
    title: 'DANE, the handshake fails: not without TLS',
    world: { zone: dane, authentic: signed },
    host: broken,
    want: second,
    dialed: [one, two],
    facts: ['no-policy-found ok 1', 'tlsa validation-failure 1'],
  },
  {
    title: 'DANE, STARTTLS is refused: not without TLS',
    world: { zone: dane, authentic: signed },
    host: refusing,
    want: second,
    dialed: [one, two],
    facts: ['no-policy-found ok 1', 'tlsa validation-failure 1'],
  },
  {
    title: 'TLSA records that are not authentic are none (RFC 7672 §2.2)',
    world: { zone: wrongDane },
    host: selfSigned,
    want: ok,
    facts: ['no-policy-found ok 1'],
    session: encrypted,
  },
  {
    title: 'MTA-STS enforce, a good certificate (RFC 8461 §4)',
    world: sts('enforce'),
    host: good,
    want: ok,
    facts: ['sts ok 1'],
    session: 'TLSv1.3 by pkix',
  },
  {
    title: 'MTA-STS enforce, a bad certificate: the next host (RFC 8461 §5)',
    world: sts('enforce'),
    host: selfSigned,
    want: second,
    dialed: [one, two],
    facts: ['sts certificate-expired 1', 'sts ok 1'],
  },
  {
    title: 'MTA-STS enforce, no STARTTLS: the next host',
    world: sts('enforce'),
    host: plain,
    want: second,
    dialed: [one, two],
    facts: ['sts ok 1', 'sts starttls-not-supported 1'],
  },
  {
    title: 'MTA-STS enforce, the host is not allowed: not even dialed',
    world: sts('enforce', 'mx2.example'),
    host: good,
    want: second,
    dialed: [two],
    facts: ['sts ok 1', 'sts validation-failure 1'],
  },
  {
    title: 'MTA-STS enforce, no host is allowed: later',
    world: sts('enforce', 'other.example'),
    host: good,
    want: /^deferred mx1\.example \(192\.0\.2\.1\): the MTA-STS .* host mx1\.example\nmx2\.example \(192\.0\.2\.2\): .* the host mx2\.example at mx2\.example$/,
    status: '4.7.5',
    dialed: [],
    facts: ['sts validation-failure 1', 'sts validation-failure 1'],
  },
  {
    title: 'MTA-STS testing, a bad certificate is told and not minded (RFC 8461 §5)',
    world: sts('testing'),
    host: selfSigned,
    want: ok,
    facts: ['sts certificate-expired 1'],
    session: encrypted,
  },
  {
    title: 'MTA-STS testing, the host is not allowed: told and not minded',
    world: sts('testing', 'mx2.example'),
    host: good,
    want: ok,
    facts: ['sts validation-failure 1'],
  },
  {
    title: 'MTA-STS testing, no STARTTLS',
    world: sts('testing'),
    host: plain,
    want: ok,
    facts: ['sts starttls-not-supported 1'],
    session: 'without TLS',
  },
  {
    title: 'both, everything signed: DANE decides, MTA-STS is told (RFC 8461 §2)',
    world: { ...both('enforce'), authentic: signed },
    host: selfSigned,
    want: ok,
    facts: ['sts certificate-expired 1', 'tlsa ok 1'],
    session: 'TLSv1.3 by dane',
  },
  {
    title: 'both, the MX record insecure: both',
    world: { ...both('enforce'), authentic: signed.slice(1) },
    host: good,
    want: ok,
    facts: ['sts ok 1', 'tlsa ok 1'],
    session: 'TLSv1.3 by dane-and-pkix',
  },
  {
    title: 'both, the MX record insecure, a certificate that only DANE vouches for: the next host',
    world: { ...both('enforce'), authentic: signed.slice(1) },
    host: selfSigned,
    want: second,
    dialed: [one, two],
    facts: ['sts certificate-expired 1', 'sts ok 1', 'tlsa ok 1'],
  },
  {
    title: 'REQUIRETLS (RFC 8689 §4.2.1)',
    world: { authentic: [domain] },
    host: good,
    tls: 'required',
    want: ok,
    facts: ['no-policy-found ok 1'],
    session: 'TLSv1.3 by pkix',
  },
  {
    title: 'REQUIRETLS is not offered: the next host',
    world: { authentic: [domain] },
    host: { ...good, noRequireTls: true },
    tls: 'required',
    want: second,
    dialed: [one, two],
    facts: ['no-policy-found ok 2'],
  },
  {
    title: 'REQUIRETLS, the certificate is bad: the next host',
    world: { authentic: [domain] },
    host: selfSigned,
    tls: 'required',
    want: second,
    dialed: [one, two],
    facts: ['no-policy-found ok 2'],
  },
  {
    title: 'REQUIRETLS, nobody vouches for the MX record: never',
    host: good,
    tls: 'required',
    want: /^refused mx1\.example \(192\.0\.2\.1\): REQUIRETLS: .* vouches for mx1\.example.*\nmx2\.example \(192\.0\.2\.2\): REQUIRETLS: neither DNSSEC nor MTA-STS vouches for mx2\.example/,
    status: '5.7.10',
    dialed: [],
    facts: [],
  },
  {
    title: 'REQUIRETLS in a notice: better without than not at all (RFC 8689 §5)',
    host: { ...selfSigned, noRequireTls: true },
    tls: 'required',
    sender: null,
    want: ok,
    facts: ['no-policy-found ok 1'],
    session: encrypted,
  },
  {
    title: 'TLS-Required: No sets MTA-STS aside (RFC 8689 §4.2.2)',
    world: sts('enforce', 'other.example'),
    host: plain,
    tls: 'optional',
    want: ok,
    facts: ['sts validation-failure+starttls-not-supported 1'],
    session: 'without TLS',
  },
  {
    title: 'TLS-Required: No sets DANE aside',
    world: { zone: wrongDane, authentic: signed },
    host: good,
    tls: 'optional',
    want: ok,
    facts: ['tlsa certificate-not-trusted 1'],
    session: encrypted,
  },
  {
    title: 'TLS-Required: No does not set the operator aside (RFC 8689 §3)',
    host: plain,
    settings: 'kind: direct, tls: required',
    tls: 'optional',
    want: second,
    dialed: [one, two],
    facts: ['no-policy-found ok 1', 'no-policy-found starttls-not-supported 1'],
  },
  {
    title: 'a transport that wants certificates verified takes what DANE vouches for',
    world: { zone: dane, authentic: signed },
    settings: 'kind: direct, tls: verified',
    host: selfSigned,
    want: ok,
    facts: ['tlsa ok 1'],
    session: 'TLSv1.3 by dane',
  },
  {
    title: 'through SOCKS: MTA-STS',
    world: sts('enforce'),
    settings: 'kind: socks, host: 127.0.0.1',
    host: selfSigned,
    want: second,
    dialed: ['through 127.0.0.1:1080', 'mx1.example:25', 'through 127.0.0.1:1080', 'mx2.example:25'],
    facts: ['sts certificate-expired 1', 'sts ok 1'],
  },
  {
    title: 'through SOCKS: DANE where the zone of the host is signed',
    world: { zone: dane, authentic: signed },
    settings: 'kind: socks, host: 127.0.0.1',
    host: selfSigned,
    want: ok,
    dialed: ['through 127.0.0.1:1080', 'mx1.example:25'],
    facts: ['tlsa ok 1'],
    session: 'TLSv1.3 by dane',
  },
  {
    title: 'through SOCKS: no DANE where it is not',
    world: { zone: wrongDane, authentic: [domain, tlsaName] },
    settings: 'kind: socks, host: 127.0.0.1',
    host: selfSigned,
    want: ok,
    dialed: ['through 127.0.0.1:1080', 'mx1.example:25'],
    facts: ['no-policy-found ok 1'],
  },
];

function routeBy(settings: string | undefined): RouteTarget {
  if (settings === undefined) return { kind: 'direct', domain };
  const text = `{ hostname: us.example, postmaster: a, listeners: {}, transports: { t: { ${settings} } } }`;
  const transport = parseServerFile({ file: 'server.yaml', text }).transports['t'];
  assert.ok(transport);
  return { kind: 'transport', name: 't', transport, domain };
}

async function countedFacts({ tlsPolicies: { results }, clock }: TransmitWorld): Promise<string[]> {
  await results.flush();
  const day = dayOf(clock.now());
  const facts = await Promise.all((await results.domains(day)).map((name) => results.facts(day, name)));
  return facts
    .flat()
    .map(({ policy, failures, sessions = 1 }) => {
      const failed = failures.map(({ result }) => result).join('+');
      return `${policy.type} ${failed === '' ? 'ok' : failed} ${sessions}`;
    })
    .toSorted();
}

for (const { title, world: options = {}, host, tls = 'default', sender, settings, ...want } of rows) {
  test(`SmtpTransmitter and TLS: ${title}`, async () => {
    const secrets = new TransportSecrets({ files: new Files(), folder: 'nowhere' });
    const hosts = { '192.0.2.1': host, '192.0.2.2': good, 'mx1.example': host, 'mx2.example': good };
    await using world = new TransmitWorld(hosts, (parts) => new SmtpTransmitter({ ...parts, secrets }), options);
    const more = { tls, ...(sender !== undefined && { sender }) };
    const [outcome] = await world.transmit(routeBy(settings), ['a@two.example'], more);
    assert.ok(outcome);
    if (typeof want.want === 'string') assert.equal(showOutcome(outcome), want.want);
    else assert.match(showOutcome(outcome), want.want);
    if (want.status !== undefined) assert.equal('status' in outcome && outcome.status, want.status);
    assert.deepEqual(world.dialed, want.dialed ?? [one]);
    assert.deepEqual(await countedFacts(world), want.facts);
    const session = outcome.remote?.session ?? null;
    const facts = session?.tls ?? null;
    const shown = facts === null ? 'without TLS' : `${facts.version} by ${facts.verifiedBy ?? 'nobody'}`;
    if (want.session !== undefined) assert.equal(shown, want.session);
    assert.deepEqual(world.log.ofLevel('error'), []);
  });
}
