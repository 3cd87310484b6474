/**
 * MTA-STS (RFC 8461): parsing and writing of the TXT record and the policy file, and decisions on the cached policy.
 * Queries, HTTPS and the stored cache are elsewhere; #mail/mail-hosts applies a policy to a connection.
 * Invariant: a fetched policy stays valid until it expires or another is fetched; no failure removes it.
 */
export { isRefreshDue, planSts, settleSts } from './cache.ts';
export type { CachedSts, StsFailedFetch, StsPlan, StsSettled, StsSituation } from './cache.ts';
export { defaultLimits } from './limits.ts';
export { allowsMx, parseStsPolicy, stsPolicyLines, stsPolicyUrl, writeStsPolicy } from './policy.ts';
export type { StsMode, StsPolicy } from './policy.ts';
export { chooseStsRecord, parseStsRecord, stsRecordName, writeStsRecord } from './record.ts';
export { readStsResponse } from './response.ts';
export type { StsFetched, StsFetchFailure } from './response.ts';
