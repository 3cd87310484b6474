/**
 * What a domain's DNS should hold, and how it compares: records to publish with the reason for each, and findings about what is published.
 * Facts come from the caller; questions go through the Resolver port and connections through a `HostProber`. Nothing here evaluates
 * SPF, DKIM or DMARC of incoming mail: the SPF here answers one question, whether the owner's own record lets the owner send.
 * Invariants: not knowing is never reported as absence; no more than the limits is asked; text of DNS is made harmless by `writeReport` only.
 */
export { checkDomain } from './check-domain.ts';
export type { HostProbe, HostProber } from './check-hosts.ts';
export type { DomainFacts } from './facts.ts';
export { orderFindings, type Finding } from './finding.ts';
export { reportJson, writeFindings, writeReport, type DomainReportJson } from './report.ts';
export { areas } from './wanted-record.ts';
export { domainRecords, type DomainRecords } from './zone.ts';
