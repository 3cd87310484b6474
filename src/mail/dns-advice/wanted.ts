import type { Records, RecordType } from '#ports/resolver';
import { outgoingIps, type DomainFacts } from './facts.ts';
import { recordText } from './record-text.ts';

/** What a record or finding is about; the order here is the order of reports. */
export const areas = [
  'host',
  'mx',
  'smtp',
  'reverse',
  'dnsbl',
  'spf',
  'dkim',
  'dmarc',
  'dnssec',
  'tlsa',
  'mta-sts',
  'tls-rpt',
  'srv',
  'autoconfig',
  'caa',
] as const;

/** One of `areas`. */
export type Area = (typeof areas)[number];

/** Without a `must` record mail does not work or is not believed, without a `should` it is less safe; `may` is comfort. */
export type Importance = 'must' | 'should' | 'may';

/** A record's type with its data. */
export type RecordData = { [K in RecordType]: { readonly type: K; readonly data: Records[K] } }[RecordType];

/** A record that DNS should hold. */
export type WantedRecord = RecordData & {
  /** Owner, without the final dot. */
  readonly name: string;
  /** The data as in a zone file; the text of a TXT record as it is, without quotes. */
  readonly value: string;
  /** A sentence. */
  readonly why: string;
  readonly importance: Importance;
  readonly area: Area;
};

type Details = Pick<WantedRecord, 'area' | 'importance' | 'why'>;

function record(name: string, data: RecordData, details: Details): WantedRecord {
  return { name, ...data, value: recordText(data), ...details };
}

function txt(name: string, data: string, details: Details): WantedRecord {
  return record(name, { type: 'TXT', data }, details);
}

/** The records that DNS should hold for a domain, by area, the most important areas first. */
export function wantedRecords(facts: DomainFacts): WantedRecord[] {
  return [
    ...hostRecords(facts),
    ...authenticationRecords(facts),
    ...transportRecords(facts),
    ...serviceRecords(facts),
    ...clientRecords(facts),
    ...caaRecords(facts),
  ];
}

function hostRecords({ domain, mailHost, ips }: DomainFacts): WantedRecord[] {
  const details = {
    area: 'host',
    importance: 'must',
    why: 'Other servers connect to this address of the mail host.',
  } as const;
  return [
    ...ips.map((ip) => record(mailHost, { type: ip.includes(':') ? 'AAAA' : 'A', data: ip }, details)),
    record(
      domain,
      { type: 'MX', data: { preference: 10, exchange: mailHost } },
      { area: 'mx', importance: 'must', why: 'It says which host takes mail for the domain (RFC 5321 section 5.1).' },
    ),
  ];
}

/** The SPF record of a domain: every address that mail goes out from (RFC 7208 §5). */
export function spfText(facts: DomainFacts): string {
  const mechanisms = outgoingIps(facts).map(({ ip }) => (ip.includes(':') ? `ip6:${ip}` : `ip4:${ip}`));
  return ['v=spf1', ...mechanisms, 'mx', `${facts.spfAll}all`].join(' ');
}

function authenticationRecords(facts: DomainFacts): WantedRecord[] {
  const { domain, mailHost, dkim, dmarc } = facts;
  const records = [
    txt(domain, spfText(facts), {
      area: 'spf',
      importance: 'must',
      why: 'It lists the addresses that may send mail for the domain, those of proxies included (RFC 7208).',
    }),
  ];
  if (mailHost !== domain)
    records.push(
      txt(mailHost, 'v=spf1 a -all', {
        area: 'spf',
        importance: 'should',
        why: 'Receivers check the name in EHLO as well, above all for notices without a sender (RFC 7208 section 2.3).',
      }),
    );
  for (const { selector, record: text } of dkim)
    records.push(
      txt(`${selector}._domainkey.${domain}`, text, {
        area: 'dkim',
        importance: 'must',
        why: 'Receivers check our signatures with this key (RFC 6376).',
      }),
    );
  if (dmarc !== null) records.push(...dmarcRecords(domain, dmarc));
  return records;
}

function dmarcRecords(domain: string, { policy, rua }: NonNullable<DomainFacts['dmarc']>): WantedRecord[] {
  const records = [
    txt(`_dmarc.${domain}`, `v=DMARC1; p=${policy}${rua === null ? '' : `; rua=mailto:${rua}`}`, {
      area: 'dmarc',
      importance: 'should',
      why: 'It says what to do with mail that only pretends to be from the domain, and large receivers ask for it (RFC 7489).',
    }),
  ];
  const elsewhere = rua?.slice(rua.lastIndexOf('@') + 1).toLowerCase() ?? domain;
  if (elsewhere !== domain && !elsewhere.endsWith(`.${domain}`) && !domain.endsWith(`.${elsewhere}`))
    records.push(
      txt(`${domain}._report._dmarc.${elsewhere}`, 'v=DMARC1', {
        area: 'dmarc',
        importance: 'should',
        why: `${elsewhere} must agree to get reports about another domain (RFC 7489 section 7.1).`,
      }),
    );
  return records;
}

function transportRecords({ domain, mailHost, tlsa, mtaSts, tlsRpt }: DomainFacts): WantedRecord[] {
  const records = tlsa.map((text) =>
    record(
      `_25._tcp.${mailHost}`,
      { type: 'TLSA', data: tlsaData(text) },
      {
        area: 'tlsa',
        importance: 'should',
        why: 'It names the key of the mail host, so that nobody stands in between; it counts in a zone with DNSSEC only (RFC 7672).',
      },
    ),
  );
  if (mtaSts !== null) {
    const why = 'It makes senders insist on verified TLS, also without DNSSEC (RFC 8461).';
    records.push(
      txt(`_mta-sts.${domain}`, `v=STSv1; id=${mtaSts.policyId}`, { area: 'mta-sts', importance: 'should', why }),
      record(
        `mta-sts.${domain}`,
        { type: 'CNAME', data: mtaSts.host },
        {
          area: 'mta-sts',
          importance: 'should',
          why: 'The policy is fetched from this name over HTTPS (RFC 8461 section 3.3).',
        },
      ),
    );
  }
  if (tlsRpt !== null)
    records.push(
      txt(`_smtp._tls.${domain}`, `v=TLSRPTv1; rua=mailto:${tlsRpt.rua}`, {
        area: 'tls-rpt',
        importance: 'should',
        why: 'Senders report here when TLS to us fails (RFC 8460).',
      }),
    );
  return records;
}

function serviceRecords({ domain, mailHost, ports }: DomainFacts): WantedRecord[] {
  const services = [
    ['_submissions', ports.submissions, 'should', 'RFC 8314 section 5.1'],
    ['_imaps', ports.imaps, 'should', 'RFC 6186 section 3.2'],
    ['_submission', ports.submission, 'may', 'RFC 6186 section 3.1'],
    ['_imap', ports.imap, 'may', 'RFC 6186 section 3.2'],
    ['_pop3s', null, 'may', 'RFC 6186 section 3.3'],
    ['_pop3', null, 'may', 'RFC 6186 section 3.3'],
  ] as const;
  return services.map(([service, port, importance, rfc]) => {
    const name = `${service}._tcp.${domain}`;
    if (port === null) {
      const none = { priority: 0, weight: 0, port: 0, target: '' };
      const why = `It tells mail programs that this service is not offered (${rfc}).`;
      return record(name, { type: 'SRV', data: none }, { area: 'srv', importance: 'may', why });
    }
    const data = { priority: 0, weight: 1, port, target: mailHost };
    const why = `Mail programs find the server by it (${rfc}).`;
    return record(name, { type: 'SRV', data }, { area: 'srv', importance, why });
  });
}

function clientRecords({ domain, autoconfigHost, autodiscover }: DomainFacts): WantedRecord[] {
  const records: WantedRecord[] = [];
  if (autoconfigHost !== null)
    records.push(
      record(
        `autoconfig.${domain}`,
        { type: 'CNAME', data: autoconfigHost },
        { area: 'autoconfig', importance: 'may', why: 'Thunderbird and others ask this name for their settings.' },
      ),
    );
  if (autodiscover !== null)
    records.push(
      record(
        `_autodiscover._tcp.${domain}`,
        { type: 'SRV', data: { priority: 0, weight: 1, port: autodiscover.port, target: autodiscover.host } },
        { area: 'autoconfig', importance: 'may', why: 'Outlook asks this host for its settings.' },
      ),
    );
  return records;
}

function caaRecords({ mailHost, caa }: DomainFacts): WantedRecord[] {
  if (caa === null) return [];
  const value = caa.accountUri === null ? caa.issuer : `${caa.issuer}; accounturi=${caa.accountUri}`;
  return [
    record(
      mailHost,
      { type: 'CAA', data: { flags: 0, tag: 'issue', value } },
      {
        area: 'caa',
        importance: 'may',
        why: 'Nobody else than our account at our authority gets certificates of the mail host (RFC 8659, RFC 8657).',
      },
    ),
  ];
}

/** @throws Error for text that is no TLSA record: it is our own. */
function tlsaData(text: string): Records['TLSA'] {
  const match = /^(\d{1,3}) (\d{1,3}) (\d{1,3}) ((?:[0-9a-f]{2})+)$/i.exec(text.trim());
  if (match === null) throw new Error(`not a TLSA record: ${text}`);
  const bytes = (match[4] ?? '').match(/../g) ?? [];
  const data = Uint8Array.from(bytes, (pair) => Number.parseInt(pair, 16));
  return { usage: Number(match[1]), selector: Number(match[2]), matching: Number(match[3]), data };
}
