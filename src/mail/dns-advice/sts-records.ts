import { createHash } from 'node:crypto';
import { stsPolicyLines, stsRecordName, writeStsRecord, type StsPolicy } from '#lib/mta-sts';
import type { DomainFacts } from './facts.ts';
import { record, txt, type WantedRecord } from './wanted-record.ts';

const weekS = 7 * 86_400;
/** Characters of our policy id: RFC 8461 §3.1 allows at most 32 letters and digits. */
const idChars = 16;

/** Returns the lines of the MTA-STS policy for a domain. The mode is testing: the owner should see reports before mail is refused (RFC 8461 §3.2). */
export function stsPolicyText({ mailHost }: DomainFacts): readonly string[] {
  const policy: StsPolicy = { mode: 'testing', maxAgeS: weekS, mx: [mailHost] };
  return stsPolicyLines(policy);
}

/** Returns the MTA-STS record and the address of the policy host. The id changes exactly when the policy does (RFC 8461 §3.1). */
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
