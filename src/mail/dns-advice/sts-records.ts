import { createHash } from 'node:crypto';
import { stsPolicyLines, stsRecordName, writeStsRecord, type StsPolicy } from '#lib/mta-sts';
import type { DomainFacts } from './facts.ts';
import { record, txt, type WantedRecord } from './wanted-record.ts';

const weekS = 7 * 86_400;
/** RFC 8461 §3.1: at most 32 letters and digits. */
const idChars = 16;

/** Lines of the MTA-STS policy for a domain. Testing, as the owner is to see reports before anything is refused. */
export function stsPolicyText({ mailHost }: DomainFacts): readonly string[] {
  const policy: StsPolicy = { mode: 'testing', maxAgeS: weekS, mx: [mailHost] };
  return stsPolicyLines(policy);
}

/** MTA-STS: the record that announces the policy, and the name that it is fetched from. Its id changes with the policy, and only then. */
export function stsRecords(facts: DomainFacts): WantedRecord[] {
  const { domain, mailHost, servesWeb } = facts;
  const id = createHash('sha256').update(stsPolicyText(facts).join('\n')).digest('hex').slice(0, idChars);
  const purpose = { area: 'mta-sts', importance: servesWeb ? 'should' : 'later' } as const;
  const why = 'It makes senders insist on verified TLS, also without DNSSEC (RFC 8461).';
  const fetched = 'The MTA-STS policy is fetched from this name over HTTPS (RFC 8461 section 3.3).';
  return [
    txt(stsRecordName(domain), writeStsRecord({ id }), { ...purpose, why }),
    record(`mta-sts.${domain}`, { type: 'CNAME', data: mailHost }, { ...purpose, why: fetched }),
  ];
}
