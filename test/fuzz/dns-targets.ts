import { classify, decodeMessage } from '#lib/dns';
import { checkDomain, orderFindings, writeFindings, type DomainFacts } from '#mail/dns-advice';
import type { RecordType } from '#ports/resolver';
import { FakeClock } from '#testing/fake-clock';
import { FakeResolver, type FakeZone } from '#testing/fake-resolver';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';

const types: readonly RecordType[] = ['A', 'AAAA', 'CNAME', 'PTR', 'MX', 'TXT', 'SRV', 'TLSA', 'CAA'];

/** Name `example.org` asked for, then records whose owner is a pointer to it (RFC 1035 §4.1.4). */
function response(...records: readonly (readonly [type: number, data: readonly number[]])[]): Uint8Array {
  const name = [7, ...ascii('example'), 3, ...ascii('org'), 0];
  const head = [0x12, 0x34, 0x81, 0xa0, 0, 1, 0, records.length, 0, 0, 0, 0];
  const answers = records.flatMap(([type, data]) => [0xc0, 12, 0, type, 0, 1, 0, 0, 1, 0, 0, data.length, ...data]);
  return Uint8Array.from([...head, ...name, 0, records[0]?.[0] ?? 1, 0, 1, ...answers]);
}

function ascii(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}

/** Answers of name servers, which may be hostile. */
const dns: Target = {
  name: 'dns',
  seeds: [
    response([1, [192, 0, 2, 1]], [1, [192, 0, 2, 2]]),
    response([28, Array.from({ length: 16 }, (_, i) => i)]),
    response([5, [3, ...ascii('www'), 0xc0, 12]], [5, [0xc0, 12]]),
    response([15, [0, 10, 2, ...ascii('mx'), 0xc0, 12]]),
    response([16, [5, ...ascii('v=spf'), 3, ...ascii('-al')]]),
    response([33, [0, 1, 0, 2, 0, 25, 2, ...ascii('mx'), 0xc0, 12]]),
    response([52, [3, 1, 1, ...Array.from({ length: 32 }, () => 7)]]),
    response([1, []]),
    new Uint8Array(12),
  ],
  dictionary: ['\xc0\x0c', '\xc0\x00', '\x3f', '\0\0', '\0\x01\0\x01', '\xff\xff'],
  maxBytes: 4000,
  async run(input) {
    const decoded = decodeMessage(input);
    if (!decoded.ok) {
      must(decoded.at >= 0 && decoded.at <= input.length, `refused at ${decoded.at} of ${input.length}`);
      return;
    }
    must(JSON.stringify(decoded.value).length <= 1000 + 400 * input.length, 'names that grow without end');
    for (const type of types) classify(decoded.value, { name: 'example.org', type, isTrusted: true });
  },
};

const facts: DomainFacts = {
  domain: 'example.org',
  mailHost: 'mail.example.org',
  ips: ['192.0.2.1', '2001:db8::1'],
  remoteIps: [{ ip: '198.51.100.7', ehloName: 'out.example.net' }],
  spfAll: '~',
  dkim: [{ selector: 'a', record: 'v=DKIM1; k=ed25519; p=AAAA' }],
  dmarc: { policy: 'reject', rua: 'dmarc@example.org' },
  tlsRpt: { rua: 'tls@example.org' },
  tlsa: [],
  ports: { submissions: 465, submission: null, imaps: 993, imap: null, jmap: null },
  servesWeb: true,
  caa: null,
};
const hosts: FakeZone = {
  'mail.example.org': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'], TXT: ['v=spf1 a -all'] },
  'loop.example.org': { TXT: ['v=spf1 include:loop.example.org redirect=loop.example.org'] },
  'two.example.org': { TXT: ['v=spf1 a:mail.example.org mx:example.org ?all'] },
};

/** Published texts by unknown authors, judged beside those that should be there: one finding for each, printable, and few questions. */
const domainTexts: Target = {
  name: 'domain-texts',
  seeds: [
    'v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:two.example.org mx a:mail.example.org/24//64 ~all',
    'v=spf1 redirect=two.example.org exp=e.example.org',
    'v=spf1 exists:%{i}.x.example ptr -all\nv=DMARC1; p=reject; rua=mailto:dmarc@example.org!10m',
    'v=DMARC1; p=none; sp=quarantine; pct=50; adkim=s; fo=1:d',
    'v=STSv1; id=1;\nv=TLSRPTv1; rua=mailto:tls@example.org\nv=DKIM1; k=ed25519; p=AAAA; t=y:s; h=sha1:sha256',
  ].map(latin1),
  dictionary: [
    ['include:', 'redirect=', 'loop.example.org', 'ip4:', 'ip6:', '/', '//', '/129', '%{i}', '+', '-all', '?all', ' '],
    ['v=spf1 ', 'v=DMARC1;', 'p=', 'rua=mailto:', 'v=DKIM1;', ';', '=', ',', '!', '\n', '\x1b[2J', '\xc3\xa9'],
  ].flat(),
  maxBytes: 4000,
  async run(input) {
    const texts = new TextDecoder().decode(input).split('\n');
    const names = ['example.org', '_dmarc.example.org', '_mta-sts.example.org', '_smtp._tls.example.org'];
    const zone: FakeZone = {
      ...hosts,
      'a._domainkey.example.org': { TXT: texts },
      ...Object.fromEntries(names.map((name) => [name, { TXT: texts }])),
    };
    const resolver = new FakeResolver({
      ...zone,
      'example.org': { MX: [{ preference: 10, exchange: 'mail.example.org' }], TXT: texts },
    });
    const findings = await checkDomain(facts, { resolver, prober: null, clock: new FakeClock() });
    must(resolver.queries.length <= 500, `${resolver.queries.length} questions`);
    const areas = new Set(findings.map(({ area }) => area));
    for (const area of ['spf', 'dkim', 'dmarc', 'mta-sts', 'tls-rpt'] as const)
      must(areas.has(area), `nothing is said about ${area}`);
    // oxlint-disable-next-line no-control-regex -- control characters are the point
    must(!/[\x00-\x1f\x7f-\x9f]/.test(writeFindings(orderFindings(findings)).join(' ')), 'control characters');
  },
};

/** Everything that reads DNS. */
export const dnsTargets: readonly Target[] = [dns, domainTexts];
