import { parseTlsa, tlsaName } from '#lib/dane';
import { clientRecords } from './client-records.ts';
import { outgoingIps, type DomainFacts } from './facts.ts';
import { stsRecords } from './sts-records.ts';
import { record, txt, type WantedRecord } from './wanted-record.ts';

/** Returns the records that DNS should hold for a domain, by area, the most important areas first. */
export function wantedRecords(facts: DomainFacts): WantedRecord[] {
  return [
    ...hostRecords(facts),
    ...outgoingHostRecords(facts),
    ...spfRecords(facts),
    ...dkimRecords(facts),
    ...dmarcRecords(facts),
    ...tlsaRecords(facts),
    ...stsRecords(facts),
    ...reportRecords(facts),
    ...clientRecords(facts),
    ...caaRecords(facts),
  ];
}

function hostRecords({ domain, mailHost, ips }: DomainFacts): WantedRecord[] {
  const purpose = {
    area: 'host',
    importance: 'must',
    why: 'Other servers connect to this address of the mail host.',
  } as const;
  return [
    ...ips.map((ip) => record(mailHost, { type: ip.includes(':') ? 'AAAA' : 'A', data: ip }, purpose)),
    record(
      domain,
      { type: 'MX', data: { preference: 10, exchange: mailHost } },
      { area: 'mx', importance: 'must', why: 'It says which host takes mail for the domain (RFC 5321 section 5.1).' },
    ),
  ];
}

/** Returns address records of our EHLO names other than the mail host: reverse DNS names them, and forward DNS must confirm them. */
function outgoingHostRecords(facts: DomainFacts): WantedRecord[] {
  const purpose = {
    area: 'host',
    importance: 'must',
    why: 'Mail goes out from this address; many servers take none from an address whose name does not lead back to it.',
  } as const;
  return outgoingIps(facts)
    .filter(({ ehloName }) => ehloName !== facts.mailHost)
    .map(({ ip, ehloName }) => record(ehloName, { type: ip.includes(':') ? 'AAAA' : 'A', data: ip }, purpose));
}

/** Returns the SPF records: of the domain, with every address from which we send (RFC 7208 §5), and of our EHLO names (RFC 7208 §2.3). */
function spfRecords(facts: DomainFacts): WantedRecord[] {
  const { domain, mailHost, ips, spfAll } = facts;
  const outgoing = outgoingIps(facts);
  const records = [
    txt(domain, ['v=spf1', ...outgoing.map(({ ip }) => mechanism(ip)), 'mx', `${spfAll}all`].join(' '), {
      area: 'spf',
      importance: 'must',
      why: 'It lists the addresses that may send mail for the domain, those of transports included (RFC 7208).',
    }),
  ];
  for (const name of new Set([mailHost, ...outgoing.map(({ ehloName }) => ehloName)])) {
    if (name === domain) continue;
    const others = outgoing.filter(({ ip, ehloName }) => ehloName === name && (name !== mailHost || !ips.includes(ip)));
    const terms = ['v=spf1', ...(name === mailHost ? ['a'] : []), ...others.map(({ ip }) => mechanism(ip)), '-all'];
    records.push(
      txt(name, terms.join(' '), {
        area: 'spf',
        importance: 'should',
        why: 'Receivers check the name in EHLO as well, above all for notices without a sender (RFC 7208 section 2.3).',
      }),
    );
  }
  return records;
}

/** Returns the SPF mechanism that lets an address send (RFC 7208 §5.6). */
export function mechanism(ip: string): string {
  return ip.includes(':') ? `ip6:${ip}` : `ip4:${ip}`;
}

function dkimRecords({ domain, dkim }: DomainFacts): WantedRecord[] {
  const why = 'Receivers check our signatures with this key (RFC 6376).';
  return dkim.map(({ selector, record: text }) =>
    // RFC 6376 §3.6.2.1: keys are at the selector below `_domainkey` of the domain.
    txt(`${selector}._domainkey.${domain}`, text, { area: 'dkim', importance: 'must', why }),
  );
}

function dmarcRecords({ domain, dmarc }: DomainFacts): WantedRecord[] {
  if (dmarc === null) return [];
  const { policy, rua } = dmarc;
  const records = [
    // RFC 7489 §6.1: the record is at `_dmarc` of the domain.
    txt(`_dmarc.${domain}`, `v=DMARC1; p=${policy}${rua === null ? '' : `; rua=mailto:${rua}`}`, {
      area: 'dmarc',
      importance: 'should',
      why: 'It says what to do with mail that only pretends to be from the domain, and large receivers ask for it (RFC 7489).',
    }),
  ];
  // RFC 7489 §7.1: receivers verify that another Organizational Domain agrees to get the reports. Without the list of public suffixes, only
  // names within each other are taken for the same organization.
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

/** Returns the TLSA records of the mail host. @throws Error for invalid text, which is a bug: we wrote it. */
function tlsaRecords({ mailHost, tlsa }: DomainFacts): WantedRecord[] {
  const why =
    'It names the key of the mail host, so that nobody can stand in between. It counts in a zone with DNSSEC only, and must change before the key does (RFC 7672).';
  return tlsa.map((text) => {
    const parsed = parseTlsa(text);
    if (!parsed.ok) throw new Error(`not a TLSA record: ${text}`);
    return record(
      tlsaName(mailHost),
      { type: 'TLSA', data: parsed.value },
      { area: 'tlsa', importance: 'should', why },
    );
  });
}

function reportRecords({ domain, tlsRpt }: DomainFacts): WantedRecord[] {
  if (tlsRpt === null) return [];
  const why = 'Senders report here when TLS to us fails (RFC 8460).';
  const text = `v=TLSRPTv1; rua=mailto:${tlsRpt.rua}`;
  // RFC 8460 §3: the record is at `_smtp._tls` of the policy domain; other than one such record voids the policy.
  return [txt(`_smtp._tls.${domain}`, text, { area: 'tls-rpt', importance: 'should', why })];
}

function caaRecords({ mailHost, caa }: DomainFacts): WantedRecord[] {
  if (caa === null) return [];
  const value = caa.accountUri === null ? caa.issuer : `${caa.issuer}; accounturi=${caa.accountUri}`;
  const who = caa.accountUri === null ? 'the authority of our certificate' : 'our account at our authority';
  const why = `Nobody but ${who} may issue certificates for the mail host; another authority is to be named here before it is asked (RFC 8659).`;
  return [
    record(mailHost, { type: 'CAA', data: { flags: 0, tag: 'issue', value } }, { area: 'caa', importance: 'may', why }),
  ];
}
