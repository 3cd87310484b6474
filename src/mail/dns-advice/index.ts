/**
 * Advice on a domain's DNS: records to publish, with the reason for each, and findings about the published ones.
 * Callers pass the facts; queries go through the Resolver port and connections through a `HostProber`. Nothing here evaluates SPF, DKIM or
 * DMARC of incoming mail: the SPF code only checks whether the owner's own record lets the owner send.
 * Invariants: a missing answer is never reported as absence; queries stay within the limits; only `writeReport` escapes text from DNS.
 */
export { checkDomain } from './check-domain.ts';
export type { HostProbe, HostProber } from './check-hosts.ts';
export type { DomainFacts } from './facts.ts';
export { orderFindings, type Finding } from './finding.ts';
export { reportJson, writeFindings, writeReport, type DomainReportJson } from './report.ts';
export { areas } from './wanted-record.ts';
export { domainRecords, type DomainRecords } from './zone.ts';
