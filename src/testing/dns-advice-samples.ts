import { parseIp, reverseName } from '#lib/domain';
import type { DomainFacts } from '#mail/dns-advice';
import type { Records, RecordType } from '#ports/resolver';

/** Records of each type, by name. */
type Zone = Readonly<Record<string, { readonly [K in RecordType]?: readonly Records[K][] }>>;

/** A domain with everything, for tests. */
export const sampleFacts: DomainFacts = {
  domain: 'example.org',
  mailHost: 'mail.example.org',
  ips: ['192.0.2.1', '2001:db8::1'],
  remoteIps: [{ ip: '198.51.100.7', ehloName: 'out.example.net' }],
  spfAll: '~',
  dkim: [{ selector: 'a', record: 'v=DKIM1; k=ed25519; p=AAAA' }],
  dmarc: { policy: 'reject', rua: 'dmarc@example.org' },
  tlsRpt: { rua: 'tls@example.org' },
  tlsa: ['3 1 1 00ff'],
  ports: { submissions: 465, submission: 587, imaps: 993, imap: null, jmap: null },
  servesWeb: true,
  caa: { issuer: 'ca.example', accountUri: 'https://ca.example/1' },
};

/** Returns the name of an address in reverse DNS. */
export function reversed(ip: string): string {
  const parsed = parseIp(ip);
  return parsed.ok ? reverseName(parsed.value) : '';
}

/** Returns the name of an address in the block list `bl.example`. */
export function inList(ip: string): string {
  return `${reversed(ip).replace(/\.(?:in-addr|ip6)\.arpa$/, '')}.bl.example`;
}

/** Returns SRV records for a service of the mail host. */
export function srv(port: number): Zone[string] {
  return { SRV: [{ priority: 0, weight: 1, port, target: 'mail.example.org' }] };
}

/** The wanted SPF record. */
export const sampleSpf = 'v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ip4:198.51.100.7 mx ~all';

const none = { priority: 0, weight: 0, port: 0, target: '' };

/** DNS as it should be for `sampleFacts`. */
export const sampleZone: Zone = {
  'example.org': { MX: [{ preference: 10, exchange: 'mail.example.org' }], TXT: ['other', sampleSpf] },
  'mail.example.org': {
    A: ['192.0.2.1'],
    AAAA: ['2001:db8::1'],
    TXT: ['v=spf1 a -all'],
    CAA: [{ flags: 0, tag: 'issue', value: 'ca.example; accounturi=https://ca.example/1' }],
  },
  'a._domainkey.example.org': { TXT: ['v=DKIM1; k=ed25519; p=AAAA'] },
  '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; rua=mailto:dmarc@example.org'] },
  '_mta-sts.example.org': { TXT: ['v=STSv1; id=0c7edbd80dff2db3;'] },
  'mta-sts.example.org': { CNAME: ['mail.example.org'] },
  '_smtp._tls.example.org': { TXT: ['v=TLSRPTv1; rua=mailto:tls@example.org'] },
  '_25._tcp.mail.example.org': { TLSA: [{ usage: 3, selector: 1, matching: 1, data: Uint8Array.of(0, 255) }] },
  '_submissions._tcp.example.org': srv(465),
  '_submission._tcp.example.org': srv(587),
  '_imaps._tcp.example.org': srv(993),
  '_imap._tcp.example.org': { SRV: [none] },
  '_pop3s._tcp.example.org': { SRV: [none] },
  'autoconfig.example.org': { CNAME: ['mail.example.org'] },
  '_autodiscover._tcp.example.org': srv(443),
  [reversed('192.0.2.1')]: { PTR: ['mail.example.org'] },
  [reversed('2001:db8::1')]: { PTR: ['mail.example.org'] },
  [reversed('198.51.100.7')]: { PTR: ['out.example.net'] },
  'out.example.net': { A: ['198.51.100.7'], TXT: ['v=spf1 ip4:198.51.100.7 -all'] },
  [inList('127.0.0.2')]: { A: ['127.0.0.2'], TXT: ['test'] },
};
