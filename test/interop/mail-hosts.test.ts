import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import { labPrograms, type LabZone } from './dns-lab.ts';
import { startMailHost, type MailHost } from './mail-host.ts';
import { reportAbout } from './mailbox.ts';
import { describePeer, needsRoot } from './programs.ts';
import { sampleId } from './sample-message.ts';
import { labNetwork, startSendingLab, type SendingLab } from './sending-lab.ts';

const net = labNetwork();
const [mxAddress, deadAddress] = [`${net}.2`, `${net}.3`];

const signed = (...records: string[]): LabZone => ({ kind: 'zone', signatures: 'good', records });
const mxAndA = ['@ MX 10 mx', `mx A ${mxAddress}`];

const zones: Record<string, LabZone> = {
  'plain.test': { kind: 'zone', signatures: 'none', records: mxAndA },
  'signed.test': signed(...mxAndA, 'alias CNAME signed.test.', 'hosted MX 10 mx-alias', 'mx-alias CNAME mx'),
  'order.test': signed(
    '@ MX 30 c',
    '@ MX 10 a',
    '@ MX 20 b',
    `a A ${deadAddress}`,
    `b A ${mxAddress}`,
    `c A ${mxAddress}`,
  ),
  'dead.test': signed('@ MX 10 mx', `mx A ${deadAddress}`),
  'null.test': signed('@ MX 0 .', `@ A ${mxAddress}`),
  'implicit.test': signed(`@ A ${mxAddress}`),
  'ipv6.test': signed('@ MX 10 mx', 'mx AAAA ::1'),
  'homeless.test': signed('@ MX 10 nobody'),
  'bogus.test': { kind: 'zone', signatures: ['MX'], records: mxAndA },
  'bogus-address.test': { kind: 'zone', signatures: ['A'], records: mxAndA },
  'expired.test': { kind: 'zone', signatures: 'expired', records: mxAndA },
  'failing.test': { kind: 'failing' },
  'silent.test': { kind: 'silent' },
};

/** Domain, host and address of the attempt, or what it says. */
const delivered: readonly (readonly [string, string, string])[] = [
  ['an unsigned zone', 'plain.test', `mx.plain.test ${mxAddress}`],
  ['a signed zone', 'signed.test', `mx.signed.test ${mxAddress}`],
  ['a domain that is an alias', 'alias.signed.test', `mx.signed.test ${mxAddress}`],
  ['a mail host that is an alias', 'hosted.signed.test', `mx-alias.signed.test ${mxAddress}`],
  ['the next host by preference when one is down', 'order.test', `b.order.test ${mxAddress}`],
  ['no MX', 'implicit.test', `implicit.test ${mxAddress}`],
  ['a host with IPv6 only', 'ipv6.test', 'mx.ipv6.test ::1'],
  ['an address literal', `[${mxAddress}]`, `[${mxAddress}] ${mxAddress}`],
];
const deferred: readonly (readonly [string, string, RegExp])[] = [
  ['a host that is down', 'dead.test', /connection refused/],
  [
    'wrong signatures',
    'bogus.test',
    /looking up the mail hosts of bogus\.test: the answer is not validly signed \(DNSSEC: bogus\)/,
  ],
  [
    'wrong signatures of addresses',
    'bogus-address.test',
    /looking up the addresses of the mail hosts of bogus-address\.test: mx\.bogus-address\.test: the answer is not validly signed \(DNSSEC: bogus\)/,
  ],
  [
    'signatures that expired',
    'expired.test',
    /looking up the mail hosts of expired\.test: the answer is not validly signed \(DNSSEC: bogus\)/,
  ],
  [
    'a name server that fails',
    'failing.test',
    /looking up the mail hosts of failing\.test: the name servers failed \(SERVFAIL\)/,
  ],
  ['a name server that is silent', 'silent.test', /looking up the mail hosts of silent\.test: no answer in time/],
];
const failed: readonly (readonly [string, string, string, RegExp])[] = [
  ['a null MX', 'null.test', '5.1.10', /takes no mail/],
  ['a mail host without address', 'homeless.test', '5.4.4', /have no addresses/],
  ['a domain that does not exist', 'nowhere.test', '5.1.2', /does not exist/],
];

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

describePeer('Mail finds its way by DNS', needsRoot(...labPrograms), () => {
  const running = new AsyncDisposableStack();
  const subjects = new Map<string, string>();
  let lab: SendingLab;
  let host: MailHost;
  let ipv6Host: MailHost | null = null;

  before(async () => {
    host = running.use(await startMailHost({ address: mxAddress, hostname: 'mx.test', tls: null }));
    if (hasIpv6) ipv6Host = running.use(await startMailHost({ address: '::1', hostname: 'mx.ipv6.test', tls: null }));
    lab = running.use(await startSendingLab({ net, zones }));
    const domains = [...delivered, ...deferred, ...failed].map((row) => row[1]);
    // All at once: some take seconds.
    await Promise.all(domains.map(async (domain) => subjects.set(domain, await lab.send(`a@${domain}`))));
  });
  after(() => running.disposeAsync());

  for (const [title, domain, want] of delivered) {
    const skip = want.endsWith(' ::1') && !hasIpv6 ? 'skipped: no IPv6 on this machine' : false;
    test(`${title}: delivered`, { skip }, async () => {
      const { state, attempts } = await lab.attempted(`a@${domain}`);
      assert.equal(`${state} ${attempts[0]?.host} ${attempts[0]?.ip}`, `delivered ${want}`);
      assert.equal(receivedFor(domain), 1);
    });
  }

  for (const [title, domain, want] of deferred) {
    test(`${title}: waits, and the attempt says why`, async () => {
      const { state, attempts } = await lab.attempted(`a@${domain}`);
      assert.deepEqual([state, attempts[0]?.outcome], ['queued', 'deferred']);
      assert.match(attempts[0]?.reply ?? '', want);
      assert.equal(receivedFor(domain), 0);
    });
  }

  for (const [title, domain, status, want] of failed) {
    test(`${title}: comes back with ${status}`, async () => {
      const { state, attempts } = await lab.attempted(`a@${domain}`);
      assert.equal(state, 'failed');
      assert.match(attempts[0]?.reply ?? '', want);
      const report = await reportAbout(lab.server, sampleId(subjects.get(domain) ?? ''));
      assert.ok(report.includes(`\r\nStatus: ${status}\r\n`), report.toString());
      assert.equal(receivedFor(domain), 0);
    });
  }

  function receivedFor(domain: string): number {
    return [...host.received, ...(ipv6Host?.received ?? [])].filter(({ to }) => to.includes(`a@${domain}`)).length;
  }
});
