import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { makeSelfSigned, type CertificatePem } from '#host/certificates';
import { tlsaForCertificate, writeTlsa } from '#lib/dane';
import { writeStsPolicy, type StsMode } from '#lib/mta-sts';
import { makeAuthority, type Authority } from './authority.ts';
import { labPrograms, type LabZone } from './dns-lab.ts';
import { startMailHost, type MailHost } from './mail-host.ts';
import { startPolicyServer, type PolicyServer, type PolicySite } from './policy-server.ts';
import { describePeer, needsRoot } from './programs.ts';
import { labNetwork, startSendingLab, type SendingLab, type SendOptions } from './sending-lab.ts';

/** Of the mail host: by the authority that we trust, or not, or for another name. */
type Certificate = 'good' | 'other name' | 'self-signed' | 'none';

interface Domain {
  readonly title: string;
  /** Of the domain, without `.test`. */
  readonly name: string;
  readonly certificate: Certificate;
  readonly mode: StsMode;
  /** Host that the policy names, when it is not the right one. */
  readonly mx?: string;
  /** Fault of the policy's site. */
  readonly site?: 'other name' | 'self-signed' | 'moved' | 'missing' | 'junk' | 'no address' | 'elsewhere';
  /** The signature of the TXT record is wrong. */
  readonly isBogus?: boolean;
  /** Its zone is signed, and the host has these records; not signed when absent. */
  readonly tlsa?: 'right' | 'wrong';
  readonly requireTls?: boolean;
  readonly send?: SendOptions;
  /** Wanted arrival of the one message, or the reason why it did not arrive. */
  readonly want:
    | 'verified by pkix'
    | 'verified by dane'
    | 'by TLS'
    | 'in clear'
    | { readonly state: 'queued' | 'failed'; readonly why: RegExp };
}

const later = (why: RegExp) => ({ state: 'queued', why }) as const;
const never = (why: RegExp) => ({ state: 'failed', why }) as const;
const mayBeClear = { header: 'TLS-Required: No\r\n' };
const mustBeTls = { requireTls: true };

const domains: readonly Domain[] = [
  { title: 'enforce', name: 'enforce', certificate: 'good', mode: 'enforce', want: 'verified by pkix' },
  {
    title: 'enforce with a wildcard',
    name: 'wildcard',
    certificate: 'good',
    mode: 'enforce',
    mx: '*.wildcard.test',
    want: 'verified by pkix',
  },
  {
    title: 'enforce, certificate for another name',
    name: 'name',
    certificate: 'other name',
    mode: 'enforce',
    want: later(
      /its certificate is for another name .*; demanded is a certificate for mx\.name\.test .*MTA-STS of name\.test/,
    ),
  },
  {
    title: 'enforce, certificate by nobody',
    name: 'own',
    certificate: 'self-signed',
    mode: 'enforce',
    want: later(/no trusted authority vouches for its certificate/),
  },
  { title: 'enforce, no STARTTLS', name: 'clear', certificate: 'none', mode: 'enforce', want: later(/STARTTLS/) },
  {
    title: 'enforce, another host in the policy',
    name: 'mx',
    certificate: 'good',
    mode: 'enforce',
    mx: 'other.test',
    want: later(/policy of mx\.test does not allow/),
  },
  {
    title: 'testing, certificate for another name',
    name: 'testing',
    certificate: 'other name',
    mode: 'testing',
    want: 'by TLS',
  },
  {
    title: 'testing, another host in the policy and no STARTTLS',
    name: 'testing-clear',
    certificate: 'none',
    mode: 'testing',
    mx: 'other.test',
    want: 'in clear',
  },
  { title: 'none, no STARTTLS', name: 'none', certificate: 'none', mode: 'none', want: 'in clear' },
  {
    title: 'the policy’s host has a certificate for another name',
    name: 'site-name',
    certificate: 'self-signed',
    mode: 'enforce',
    site: 'other name',
    want: 'by TLS',
  },
  {
    title: 'the policy’s host has a certificate by nobody',
    name: 'site-own',
    certificate: 'self-signed',
    mode: 'enforce',
    site: 'self-signed',
    want: 'by TLS',
  },
  {
    title: 'the policy is elsewhere: redirects are not followed',
    name: 'site-moved',
    certificate: 'self-signed',
    mode: 'enforce',
    site: 'moved',
    want: 'by TLS',
  },
  {
    title: 'the policy is missing',
    name: 'site-missing',
    certificate: 'none',
    mode: 'enforce',
    site: 'missing',
    want: 'in clear',
  },
  {
    title: 'the policy is junk',
    name: 'site-junk',
    certificate: 'none',
    mode: 'enforce',
    site: 'junk',
    want: 'in clear',
  },
  {
    title: 'the policy’s host has no address',
    name: 'site-nowhere',
    certificate: 'none',
    mode: 'enforce',
    site: 'no address',
    want: 'in clear',
  },
  {
    title: 'DANE matches, and enforce is not asked',
    name: 'dane',
    certificate: 'self-signed',
    mode: 'enforce',
    tlsa: 'right',
    want: 'verified by dane',
  },
  {
    title: 'DANE does not match, though enforce would',
    name: 'dane-wrong',
    certificate: 'good',
    mode: 'enforce',
    tlsa: 'wrong',
    want: later(/TLSA/),
  },
  {
    title: 'REQUIRETLS by the policy',
    name: 'require',
    certificate: 'good',
    mode: 'enforce',
    requireTls: true,
    send: mustBeTls,
    want: 'verified by pkix',
  },
  {
    title: 'REQUIRETLS, certificate for another name',
    name: 'require-name',
    certificate: 'other name',
    mode: 'testing',
    requireTls: true,
    send: mustBeTls,
    want: never(/its certificate is for another name .*REQUIRETLS/),
  },
  {
    title: 'TLS-Required: No, certificate for another name',
    name: 'relaxed',
    certificate: 'other name',
    mode: 'enforce',
    send: mayBeClear,
    want: 'by TLS',
  },
  {
    title: 'TLS-Required: No, no STARTTLS',
    name: 'relaxed-clear',
    certificate: 'none',
    mode: 'enforce',
    send: mayBeClear,
    want: 'in clear',
  },
  {
    title: 'policy and record are at a provider',
    name: 'hosted',
    certificate: 'good',
    mode: 'enforce',
    site: 'elsewhere',
    want: 'verified by pkix',
  },
  {
    title: 'a record with a wrong signature',
    name: 'bogus',
    certificate: 'good',
    mode: 'enforce',
    isBogus: true,
    want: later(/looking up the MTA-STS record failed: the answer is not validly signed \(DNSSEC: bogus\)/),
  },
];

const net = labNetwork();
const siteAddress = `${net}.2`;
const addressOf = (i: number): string => `${net}.${i + 10}`;

describePeer('MTA-STS decides what leaves', needsRoot(...labPrograms), () => {
  const running = new AsyncDisposableStack();
  const hosts = new Map<string, MailHost>();
  const sites = new Map<string, PolicySite>();
  let lab: SendingLab;
  let server: PolicyServer;
  let authority: Authority;

  before(async () => {
    authority = await makeAuthority('Trusted by us');
    const zones: Record<string, LabZone> = {};
    for (const [i, domain] of domains.entries()) {
      const { name, certificate, requireTls = false } = domain;
      const tls = await certificateOf(certificate, `mx.${name}.test`, authority);
      const settings = { address: addressOf(i), hostname: `mx.${name}.test`, tls, requireTls };
      hosts.set(name, running.use(await startMailHost(settings)));
      sites.set(`${name}.test`, await siteOf(domain, authority));
      zones[`${name}.test`] = zoneOf(domain, addressOf(i), tls, authority);
    }
    server = running.use(await startPolicyServer(siteAddress, sites));
    lab = running.use(await startSendingLab({ net, zones, trustedPem: authority.certPem }));
    await Promise.all(domains.map(({ name, send }) => lab.send(`a@${name}.test`, send)));
  });
  after(() => running.disposeAsync());

  for (const { title, name, want, send } of domains) {
    test(`${title}: ${typeof want === 'string' ? want : want.state}`, async () => {
      const { state, attempts } = await lab.attempted(`a@${name}.test`);
      const [attempt] = attempts;
      const received = hosts.get(name)?.received ?? [];
      if (typeof want !== 'string') {
        assert.match(attempt?.reply ?? '', want.why);
        assert.deepEqual([state, received.length], [want.state, 0]);
        return;
      }
      assert.equal(state, 'delivered', attempt?.reply ?? '');
      assert.equal(received.length, 1);
      assert.equal(received[0]?.isTls, want !== 'in clear');
      assert.equal(received[0]?.requireTls, send?.requireTls === true);
      const verifiedBy = attempt?.session?.tls?.verifiedBy ?? null;
      assert.equal(verifiedBy, want.startsWith('verified by ') ? want.slice('verified by '.length) : null);
    });
  }

  test('what waited is delivered once the host has the right certificate', async () => {
    await lab.attempted('a@own.test');
    hosts.get('own')?.use(await authority.forServer('mx.own.test'));
    await lab.ask('queue', 'kick', '--to', 'a@own.test');
    const { state, attempts } = await lab.attempted('a@own.test', 2);
    assert.deepEqual([state, attempts[1]?.session?.tls?.verifiedBy], ['delivered', 'pkix']);
  });

  test('a policy is kept: the next message does not fetch it, and it counts while the site is down', async () => {
    const fetches = (): number => server.asked.filter((host) => host === 'mta-sts.enforce.test').length;
    assert.equal(fetches(), 1);
    sites.delete('enforce.test');
    await lab.send('b@enforce.test');
    const { state, attempts } = await lab.attempted('b@enforce.test');
    assert.deepEqual([state, attempts[0]?.session?.tls?.verifiedBy, fetches()], ['delivered', 'pkix', 1]);
  });
});

async function certificateOf(kind: Certificate, name: string, authority: Authority): Promise<CertificatePem | null> {
  switch (kind) {
    case 'none':
      return null;
    case 'self-signed':
      return await makeSelfSigned({ names: [name], days: 2, now: Date.now() });
    case 'good':
      return await authority.forServer(name);
    case 'other name':
      return await authority.forServer('other.test');
  }
}

async function siteOf({ name, mode, mx = `mx.${name}.test`, site }: Domain, authority: Authority): Promise<PolicySite> {
  const host = `mta-sts.${name}.test`;
  const body = writeStsPolicy({ mode, maxAgeS: 86_400, mx: [mx] });
  const kind = site === 'other name' || site === 'self-signed' ? site : 'good';
  const tls = (await certificateOf(kind, host, authority)) ?? (await authority.forServer(host));
  switch (site) {
    case 'moved':
      return { tls, body, status: 301, headers: { location: 'https://mta-sts.enforce.test/.well-known/mta-sts.txt' } };
    case 'missing':
      return { tls, body, status: 404 };
    case 'junk':
      return { tls, body: '<html>hello</html>' };
    default:
      return { tls, body };
  }
}

function zoneOf(
  { name, site, tlsa, isBogus }: Domain,
  address: string,
  tls: CertificatePem | null,
  authority: Authority,
): LabZone {
  const records = ['@ MX 10 mx', `mx A ${address}`, ...stsRecords(site)];
  if (isBogus === true) return { kind: 'zone', signatures: ['TXT'], records };
  if (tlsa === undefined) return { kind: 'zone', signatures: 'none', records };
  const certPem = tlsa === 'right' ? (tls?.certPem ?? '') : authority.certPem;
  const record = tlsaForCertificate(new Uint8Array(new X509Certificate(certPem).raw));
  if (!record.ok) throw new Error(`no TLSA record for ${name}: ${record.reason}`);
  return { kind: 'zone', signatures: 'good', records: [...records, `_25._tcp.mx TLSA ${writeTlsa(record.value)}`] };
}

function stsRecords(site: Domain['site']): readonly string[] {
  const txt = '_mta-sts TXT "v=STSv1; id=1;"';
  switch (site) {
    case 'no address':
      return [txt];
    case 'elsewhere':
      return ['_mta-sts CNAME _mta-sts.enforce.test.', 'mta-sts CNAME mta-sts.enforce.test.'];
    default:
      return [txt, `mta-sts A ${siteAddress}`];
  }
}
