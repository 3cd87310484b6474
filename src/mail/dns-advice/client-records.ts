import type { DomainFacts } from './facts.ts';
import { record, type WantedRecord } from './wanted-record.ts';

/** Returns the records by which mail programs find the server: SRV records, and names for automatic configuration. */
export function clientRecords(facts: DomainFacts): WantedRecord[] {
  return [...serviceRecords(facts), ...settingsRecords(facts)];
}

const notOffered = { priority: 0, weight: 0, port: 0, target: '' };

function serviceRecords({ domain, mailHost, ports }: DomainFacts): WantedRecord[] {
  const services = [
    ['_submissions', ports.submissions, 'should', 'RFC 8314 section 5.1'],
    ['_imaps', ports.imaps, 'should', 'RFC 6186 section 3.2'],
    ['_submission', ports.submission, 'may', 'RFC 6186 section 3.1'],
    ['_imap', ports.imap, 'may', 'RFC 6186 section 3.2'],
    ['_jmap', ports.jmap, 'may', 'RFC 8620 section 2.2'],
    ['_pop3s', null, 'may', 'RFC 6186 section 3.3'],
    ['_pop3', null, 'may', 'RFC 6186 section 3.3'],
  ] as const;
  return services.flatMap(([service, port, importance, rfc]) => {
    const name = `${service}._tcp.${domain}`;
    if (port !== null) {
      const data = { priority: 0, weight: 1, port, target: mailHost };
      const why = `Mail programs find the server by it (${rfc}).`;
      return [record(name, { type: 'SRV', data }, { area: 'srv', importance, why })];
    }
    // RFC 6186 §3.4: a target of "." says that a service is not offered. RFC 8620 §2.2 has no such rule for JMAP.
    if (service === '_jmap') return [];
    const why = 'They tell mail programs that these services are not offered (RFC 6186 section 3.4).';
    return [record(name, { type: 'SRV', data: notOffered }, { area: 'srv', importance: 'may', why })];
  });
}

const httpsPort = 443;

function settingsRecords({ domain, mailHost, servesWeb }: DomainFacts): WantedRecord[] {
  const purpose = { area: 'autoconfig', importance: servesWeb ? 'may' : 'later' } as const;
  return [
    record(
      `autoconfig.${domain}`,
      { type: 'CNAME', data: mailHost },
      { ...purpose, why: 'Thunderbird and others ask this name for their settings.' },
    ),
    record(
      `_autodiscover._tcp.${domain}`,
      { type: 'SRV', data: { priority: 0, weight: 1, port: httpsPort, target: mailHost } },
      { ...purpose, why: 'Outlook asks this host for its settings.' },
    ),
  ];
}
