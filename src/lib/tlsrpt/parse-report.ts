import { type Parsed, parsed, refused } from '#lib/parsed';
import { defaultLimits, type TlsrptLimits } from './limits.ts';
import type { TlsFailure, TlsPolicy, TlsPolicyType, TlsReport, TlsTally } from './types.ts';

/**
 * Parses the JSON of a received report (RFC 8460 §4.4), after decompression. Refuses reports whose counts, times or names are missing or
 * malformed; the rest is optional. Texts lose control characters and everything beyond `maxTextChars`; details beyond `maxDetails` are
 * dropped. Unknown result types are kept: the list is expected to grow (RFC 8460 §4.3).
 */
export function parseTlsReport(bytes: Uint8Array, limits: TlsrptLimits = defaultLimits): Parsed<TlsReport<string>> {
  if (bytes.length > limits.maxReportBytes) return refused(limits.maxReportBytes, 'report too long');
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return parsed(new ReportReader(limits).report(json));
  } catch (error) {
    if (error instanceof BadReport) return refused(0, error.message);
    if (error instanceof SyntaxError || error instanceof TypeError) return refused(0, 'report is not JSON');
    throw error;
  }
}

class BadReport extends Error {
  override readonly name = 'BadReport';
}

type Fields = Readonly<Record<string, unknown>>;

const policyTypes: ReadonlySet<unknown> = new Set<TlsPolicyType>(['sts', 'tlsa', 'no-policy-found']);
const isPolicyType = (value: unknown): value is TlsPolicyType => policyTypes.has(value);

class ReportReader {
  readonly #limits: TlsrptLimits;

  constructor(limits: TlsrptLimits) {
    this.#limits = limits;
  }

  report(json: unknown): TlsReport<string> {
    const fields = fieldsOf(json, 'report');
    const range = fieldsOf(fields['date-range'], 'date-range');
    const startMs = time(range['start-datetime'], 'start-datetime');
    const endMs = time(range['end-datetime'], 'end-datetime');
    if (endMs < startMs) throw new BadReport('date-range ends before it starts');
    const policies = fields['policies'];
    if (!Array.isArray(policies)) throw new BadReport('policies is missing');
    if (policies.length > this.#limits.maxPolicies) throw new BadReport(`${policies.length} policies are too many`);
    return {
      organization: this.#text(fields['organization-name']) ?? '',
      contact: this.#text(fields['contact-info']) ?? '',
      reportId: this.#needed(fields['report-id'], 'report-id'),
      startMs,
      endMs,
      policies: policies.map((policy) => this.#tally(policy)),
    };
  }

  #tally(json: unknown): TlsTally<string> {
    const fields = fieldsOf(json, 'policy');
    const summary = fieldsOf(fields['summary'], 'summary');
    const details = fields['failure-details'] ?? [];
    if (!Array.isArray(details)) throw new BadReport('failure-details is not a list');
    return {
      policy: this.#policy(fieldsOf(fields['policy'], 'policy')),
      successes: count(summary['total-successful-session-count'], 'total-successful-session-count'),
      failures: count(summary['total-failure-session-count'], 'total-failure-session-count'),
      details: details.slice(0, this.#limits.maxDetails).map((detail) => this.#detail(detail)),
    };
  }

  #policy(fields: Fields): TlsPolicy {
    const type = fields['policy-type'];
    if (!isPolicyType(type)) throw new BadReport('policy-type is unknown');
    return {
      type,
      strings: this.#texts(fields['policy-string']),
      domain: this.#needed(fields['policy-domain'], 'policy-domain').toLowerCase(),
      mxHosts: this.#texts(fields['mx-host']),
    };
  }

  #detail(json: unknown): TlsFailure<string> & { readonly sessions: number } {
    const fields = fieldsOf(json, 'failure-details');
    return {
      result: this.#needed(fields['result-type'], 'result-type'),
      sendingIp: this.#text(fields['sending-mta-ip']),
      mxHost: this.#text(fields['receiving-mx-hostname']),
      mxHelo: this.#text(fields['receiving-mx-helo']),
      receivingIp: this.#text(fields['receiving-ip']),
      moreInfo: this.#text(fields['additional-information']),
      reasonCode: this.#text(fields['failure-reason-code']),
      sessions: count(fields['failed-session-count'], 'failed-session-count'),
    };
  }

  /** Reads a list of texts; some senders write one text in place of a list. */
  #texts(value: unknown): string[] {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    return list.slice(0, this.#limits.maxStrings).flatMap((item) => this.#text(item) ?? []);
  }

  #needed(value: unknown, name: string): string {
    const text = this.#text(value);
    if (text === null || text === '') throw new BadReport(`${name} is missing`);
    return text;
  }

  #text(value: unknown): string | null {
    if (typeof value !== 'string') return null;
    // oxlint-disable-next-line no-control-regex -- control characters are the point
    return value.slice(0, this.#limits.maxTextChars).replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ');
  }
}

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadReport(`${name} is missing`);
  return value as Fields;
}

/** Reads a count; some senders write numbers as text. @throws BadReport */
function count(value: unknown, name: string): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
    throw new BadReport(`${name} is not a count`);
  return number;
}

const dateTimePattern = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Reads a date-time (RFC 3339 §5.6) as milliseconds since 1970. @throws BadReport */
function time(value: unknown, name: string): number {
  const ms = typeof value === 'string' && dateTimePattern.test(value) ? Date.parse(value.toUpperCase()) : Number.NaN;
  if (Number.isNaN(ms)) throw new BadReport(`${name} is not a date-time`);
  return ms;
}
