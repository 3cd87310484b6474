const utcPattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d*[1-9])?Z$/;

/** Returns a UTCDate: seconds, and a fraction only when it is not zero (RFC 8620 §1.4). Times that RFC 3339 §5.6 cannot write become its nearest. */
export function writeUtcDate(ms: number): string {
  const text = new Date(Math.min(Math.max(ms, firstMs), lastMs)).toISOString();
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : `${text.slice(0, -1).replace(/0+$/, '')}Z`;
}

const firstMs = Date.UTC(2000, 0, 1) - 2000 * 365.2425 * 86_400_000;
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Returns a Date with its zone, such as `2014-10-30T14:12:00+08:00` (RFC 8620 §1.4). */
export function writeDate(ms: number, offsetMinutes: number): string {
  if (offsetMinutes === 0) return writeUtcDate(ms);
  const local = writeUtcDate(ms + offsetMinutes * 60_000).slice(0, -1);
  const minutes = Math.abs(offsetMinutes);
  const zone = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${zone}`;
}

/** Parses a UTCDate. @returns milliseconds since 1970, null when it is none. */
export function parseUtcDate(text: string): number | null {
  if (!utcPattern.test(text)) return null;
  const ms = Date.parse(text);
  // Date.parse takes the 31st of short months for the 1st of the next.
  return Number.isNaN(ms) || new Date(ms).getUTCDate() !== Number(text.slice(8, 10)) ? null : ms;
}

/** A point in time, with the zone in which it is written. */
export interface ZonedDate {
  /** Milliseconds since 1970. */
  readonly ms: number;
  /** Minutes east of UTC. */
  readonly offsetMinutes: number;
}

const zonedPattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d*[1-9])?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** Parses a Date with its zone (RFC 8620 §1.4); null when it is none. */
export function parseZonedDate(text: string): ZonedDate | null {
  const [, local, fraction = '', sign = '+', hours = '0', minutes = '0'] = zonedPattern.exec(text) ?? [];
  const localMs = local === undefined ? null : parseUtcDate(`${local}${fraction}Z`);
  if (localMs === null) return null;
  const offset = Number(hours) * 60 + Number(minutes);
  const offsetMinutes = sign === '-' && offset > 0 ? -offset : offset;
  return { ms: localMs - offsetMinutes * 60_000, offsetMinutes };
}
