import type { TlsPolicy, TlsReport, TlsTally } from './types.ts';

/** Formats a report as JSON (RFC 8460 §4.4). Null and empty members are left out where they are optional. */
export function writeTlsReport(report: TlsReport): string {
  return JSON.stringify({
    'organization-name': report.organization,
    'date-range': { 'start-datetime': dateTime(report.startMs), 'end-datetime': dateTime(report.endMs) },
    'contact-info': report.contact,
    'report-id': report.reportId,
    policies: report.policies.map(writeTally),
  });
}

/** Formats a date-time (RFC 3339 §5.6) in whole seconds. */
function dateTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function writeTally({ policy, successes, failures, details }: TlsTally): object {
  return {
    policy: writePolicy(policy),
    summary: { 'total-successful-session-count': successes, 'total-failure-session-count': failures },
    // `undefined` leaves a key out.
    'failure-details':
      details.length === 0
        ? undefined
        : details.map((detail) => ({
            'result-type': detail.result,
            'sending-mta-ip': detail.sendingIp ?? undefined,
            'receiving-mx-hostname': detail.mxHost ?? undefined,
            'receiving-mx-helo': detail.mxHelo ?? undefined,
            'receiving-ip': detail.receivingIp ?? undefined,
            'failed-session-count': detail.sessions,
            'additional-information': detail.moreInfo ?? undefined,
            'failure-reason-code': detail.reasonCode ?? undefined,
          })),
  };
}

function writePolicy({ type, strings, domain, mxHosts }: TlsPolicy): object {
  return {
    'policy-type': type,
    'policy-string': strings.length === 0 ? undefined : strings,
    'policy-domain': domain,
    'mx-host': mxHosts.length === 0 ? undefined : mxHosts,
  };
}

/** Names of a report outside its JSON. Domains are A-labels. */
export interface ReportNaming {
  /** Domain of the contact address. */
  readonly submitter: string;
  readonly policyDomain: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Letters and digits. */
  readonly uniqueId: string;
}

/** Returns the file name of a report compressed with gzip (RFC 8460 §5.1). */
export function tlsReportFileName({ submitter, policyDomain, startMs, endMs, uniqueId }: ReportNaming): string {
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  return `${submitter}!${policyDomain}!${seconds(startMs)}!${seconds(endMs)}!${uniqueId}.json.gz`;
}

/** Returns the subject of the message with a report; `reportId` has the form of a Message-ID without its brackets (RFC 8460 §5.3). */
export function tlsReportSubject(naming: Pick<ReportNaming, 'submitter' | 'policyDomain'>, reportId: string): string {
  return `Report Domain: ${naming.policyDomain} Submitter: ${naming.submitter} Report-ID: <${reportId}>`;
}
