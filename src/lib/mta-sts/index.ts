/**
 * MTA-STS (RFC 8461): the TXT record and the policy file, read and written, and which policy applies when.
 * Queries, HTTPS and the stored cache are elsewhere; what a policy means for one connection is in #mail/mail-hosts.
 * Invariant: a policy that was fetched counts until it expires or another was fetched; no failure takes it away.
 */
export { isRefreshDue, planSts, settleSts } from './cache.ts';
export type { CachedSts, StsAnswer, StsFailedFetch, StsPlan, StsSettled, StsSituation } from './cache.ts';
export { defaultLimits, maxMaxAgeS } from './limits.ts';
export { allowsMx, parseStsPolicy, stsPolicyLines, stsPolicyUrl, writeStsPolicy } from './policy.ts';
export type { StsMode, StsPolicy } from './policy.ts';
export { chooseStsRecord, parseStsRecord, stsRecordName, writeStsRecord } from './record.ts';
export { readStsResponse } from './response.ts';
export type { StsFetched, StsFetchFailure } from './response.ts';
