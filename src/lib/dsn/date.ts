/** Formats a date-time (RFC 5322 §3.3) in UTC from milliseconds since 1970. */
export function dsnDate(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}
