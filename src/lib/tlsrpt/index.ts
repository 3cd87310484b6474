/**
 * SMTP TLS reporting (RFC 8460): the TXT record, the result types, and reports: aggregated, written and parsed.
 * Storing facts, compressing, sending and receiving reports are elsewhere.
 */
export { defaultLimits } from './limits.ts';
export { parseTlsReport } from './parse-report.ts';
export { parseTlsrptRecord, writeTlsrptRecord } from './record.ts';
export { tallyTls } from './tally.ts';
export { tlsResults } from './types.ts';
export type { TlsFact, TlsFailure, TlsPolicy, TlsResult } from './types.ts';
export { writeTlsReport } from './write-report.ts';
