import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { listen, nodeDialer, tlsContext } from '#host/net';
import { tlsaForCertificate } from '#lib/dane';
import { stsPolicyUrl, stsRecordName, writeStsPolicy } from '#lib/mta-sts';
import { tallyTls } from '#lib/tlsrpt';
import { clientTlsFor, findMailHosts, securedSession, type HostTls, type TlsWish } from '#mail/mail-hosts';
import type { Channel } from '#ports/channel';
import { FakeLog } from '#testing/fake-log';
import type { FakeFailure, FakeZone } from '#testing/fake-resolver';
import { TlsPoliciesWorld } from '#testing/tls-policies-world';
import { dayOf } from './index.ts';

const domain = 'example.com';
const mx = 'mx.example.net';
const tlsaName = `_25._tcp.${mx}`;
const pem = await makeSelfSigned({ names: [mx], days: 1, now: Date.now() });
const der = new Uint8Array(new X509Certificate(pem.certPem).raw);
const record = tlsaForCertificate(der);
assert.ok(record.ok);

const zone: FakeZone = {
  [domain]: { MX: [{ preference: 1, exchange: mx }] },
  [mx]: { A: ['127.0.0.1'] },
  [tlsaName]: { TLSA: [record.value] },
  [stsRecordName(domain)]: { TXT: ['v=STSv1; id=1;'] },
};
const without = (name: string): FakeZone => Object.fromEntries(Object.entries(zone).filter(([key]) => key !== name));
const signed = [domain, mx, tlsaName];

class World extends TlsPoliciesWorld {
  constructor(from: FakeZone, authentic: readonly string[], failures: Readonly<Record<string, FakeFailure>> = {}) {
    super(from, { authentic, failures });
    this.fetcher.serve(stsPolicyUrl(domain), writeStsPolicy({ mode: 'enforce', maxAgeS: 86_400, mx: [mx] }));
  }

  /** The only host and how to deal with it; null when there is none. */
  async decide(wish: TlsWish) {
    const found = await findMailHosts(domain, this.dns, (list) => [...list]);
    if (found.kind !== 'hosts') return null;
    const [host] = found.hosts;
    assert.ok(host !== undefined);
    const tls = await this.policies.forDomain({ domain, found, wish, local: 'opportunistic' });
    return { host, decided: await tls.forHost(host) };
  }
}

function show(decided: HostTls | null): string {
  if (decided === null) return 'no host';
  if (decided.kind === 'skip') return `skip ${decided.status}`;
  return [decided.demand.kind, ...decided.setAside].join(', without ');
}

/** DNS, names whose answers are authentic, what fails, what the message asks for, what is demanded. */
type Row = readonly [string, FakeZone, readonly string[], Readonly<Record<string, FakeFailure>>, TlsWish, string];

const rows: readonly Row[] = [
  ['everything signed: DANE decides (RFC 8461 §2)', zone, signed, {}, 'default', 'dane'],
  ['nothing signed: MTA-STS decides (RFC 7672 §2.2)', zone, [], {}, 'default', 'pkix'],
  ['MX insecure: both (RFC 7672 §2.2.1)', zone, [mx, tlsaName], {}, 'default', 'dane-and-pkix'],
  ['addresses insecure: no DANE (RFC 7672 §2.2.2)', zone, [domain, tlsaName], {}, 'default', 'pkix'],
  ['TLSA insecure: no DANE (RFC 7672 §2.2)', zone, [domain, mx], {}, 'default', 'pkix'],
  ['no TLSA: MTA-STS (RFC 8461 §2)', without(tlsaName), signed, {}, 'default', 'pkix'],
  ['neither', without(stsRecordName(domain)), [], {}, 'default', 'opportunistic'],
  ['MX bogus (RFC 7672 §2.1.2)', zone, signed, { [`MX ${domain}`]: 'bogus' }, 'default', 'no host'],
  ['MX failing (RFC 7672 §2.1.2)', zone, signed, { [`MX ${domain}`]: 'servfail' }, 'default', 'no host'],
  ['addresses bogus (RFC 7672 §2.1.2)', zone, signed, { [mx]: 'bogus' }, 'default', 'no host'],
  ['TLSA bogus (RFC 7672 §2.1.2)', zone, signed, { [tlsaName]: 'bogus' }, 'default', 'skip 4.4.3'],
  ['TLSA failing (RFC 7672 §2.1.2)', zone, signed, { [tlsaName]: 'servfail' }, 'default', 'skip 4.4.3'],
  ['TLSA failing where it is not asked for (RFC 7672 §2.2.2)', zone, [], { [tlsaName]: 'servfail' }, 'default', 'pkix'],
  [
    'TXT bogus, DANE decides anyway (RFC 8461 §2)',
    zone,
    signed,
    { [stsRecordName(domain)]: 'bogus' },
    'default',
    'dane',
  ],
  ['TXT failing', zone, [], { [stsRecordName(domain)]: 'servfail' }, 'default', 'skip 4.4.3'],
  ['REQUIRETLS (RFC 8689 §4.2.1)', without(stsRecordName(domain)), [domain], {}, 'requiretls', 'pkix'],
  ['REQUIRETLS, nobody vouches (RFC 8689 §4.2.1)', without(stsRecordName(domain)), [], {}, 'requiretls', 'skip 5.7.10'],
  [
    'TLS-Required: No (RFC 8689 §4.2.2)',
    zone,
    signed,
    {},
    'tls-required-no',
    'opportunistic, without dane, without mta-sts',
  ],
];

for (const [title, from, authentic, failures, wish, want] of rows) {
  test(`TlsPolicies.forDomain: ${title}`, async () => {
    await using world = new World(from, authentic, failures);
    assert.equal(show((await world.decide(wish))?.decided ?? null), want);
    assert.deepEqual(world.log.ofLevel('error'), []);
  });
}

/** A handshake with a server that has the certificate above. */
async function shakeHands(world: World, wish: TlsWish, isTrusted: boolean) {
  const chosen = await world.decide(wish);
  assert.ok(chosen?.decided.kind === 'connect');
  const context = tlsContext(pem);
  await using listener = await listen({
    address: '127.0.0.1',
    port: 0,
    log: new FakeLog(),
    tls: { contextFor: () => context },
    onConnection: async (channel: Channel) => void (await channel.startTls().catch(() => undefined)),
  });
  const dialer = nodeDialer(isTrusted ? { trustedPem: [pem.certPem] } : {});
  const [address = ''] = chosen.host.addresses;
  const channel = await dialer.dial({ address, port: listener.port, timeoutMs: 10_000 });
  const session = securedSession(await channel.startTls(clientTlsFor(chosen.host, chosen.decided)));
  channel.destroy();
  return { decided: chosen.decided, session };
}

const ends = { sendingIp: '127.0.0.1', receivingIp: '127.0.0.1', mxHost: mx, mxHelo: null };

/** Signed parts, whether a trusted authority made the certificate, the verdict, and failures by kind of policy. */
for (const [title, authentic, isTrusted, want] of [
  ['DANE vouches (RFC 7672 §3.1.1)', signed, false, 'authenticated, tlsa 0, sts 1'],
  ['MTA-STS is satisfied (RFC 8461 §4.2)', [], true, 'authenticated, sts 0'],
  ['MTA-STS is not (RFC 8461 §4.2)', [], false, 'skip 4.7.5, sts 1'],
  ['both are wanted, one is satisfied', [mx, tlsaName], false, 'skip 4.7.5, tlsa 0, sts 1'],
] as const) {
  test(`TlsPolicies.judge: a real handshake: ${title}`, async () => {
    await using world = new World(zone, authentic);
    // The certificate is of today.
    await world.clock.advance(Date.now() - world.clock.now());
    const { decided, session } = await shakeHands(world, 'default', isTrusted);
    const verdict = world.policies.judge(decided, session, ends);
    await world.policies.results.flush();
    const today = dayOf(world.clock.now());
    const facts = await Promise.all([mx, domain].map((name) => world.policies.results.facts(today, name)));
    const counts = tallyTls(facts.flat()).map(({ policy, failures }) => `${policy.type} ${failures}`);
    const what =
      verdict.kind === 'proceed' ? verdict.security : verdict.kind === 'skip' ? `skip ${verdict.status}` : 'clear';
    assert.equal([what, ...counts].join(', '), want);
  });
}

test('TlsPolicies.judge: a server that shows another certificate than DNS says is left, whoever signed it', async () => {
  const stranger = { usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) };
  await using world = new World({ ...zone, [tlsaName]: { TLSA: [stranger] } }, signed);
  const { decided, session } = await shakeHands(world, 'default', true);
  const verdict = world.policies.judge(decided, session, ends);
  assert.equal(verdict.kind, 'skip');
});

test('TlsPolicies.skipped: hosts that a policy does not allow are counted (RFC 8461 §6)', async () => {
  await using world = new World(zone, []);
  world.fetcher.serve(
    stsPolicyUrl(domain),
    writeStsPolicy({ mode: 'enforce', maxAgeS: 86_400, mx: ['other.example'] }),
  );
  const chosen = await world.decide('default');
  assert.ok(chosen?.decided.kind === 'skip');
  world.policies.skipped(chosen.decided, chosen.host.name);
  await world.policies.results.flush();
  const [fact] = await world.policies.results.facts(dayOf(world.clock.now()), domain);
  assert.deepEqual(
    fact?.failures.map(({ result, mxHost }) => [result, mxHost]),
    [['validation-failure', mx]],
  );
});
