/**
 * SMTP TLS reporting (RFC 8460): the TXT record, the result types, and reports: aggregated, written and parsed.
 * Storing facts, compressing, sending and receiving reports are elsewhere.
 */
export { defaultLimits } from './limits.ts';
export { parseTlsReport } from './parse-report.ts';
export { chooseTlsrptRecord, parseTlsrptRecord, tlsrptRecordName, writeTlsrptRecord } from './record.ts';
export type { TlsrptRecord } from './record.ts';
export { tallyTls } from './tally.ts';
export { tlsResults } from './types.ts';
export type { TlsFact, TlsFailure, TlsPolicy, TlsReport, TlsResult } from './types.ts';
export { tlsReportFileName, tlsReportSubject, writeTlsReport } from './write-report.ts';
