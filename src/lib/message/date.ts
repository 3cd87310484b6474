import { skipCfws } from './scanner.ts';

/** A point in time, with the zone of its text. */
export interface MessageDate {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly ms: number;
  /** Minutes east of UTC; 0 for unknown zones, which SHOULD be considered -0000 (RFC 5322 §4.3). */
  readonly offsetMinutes: number;
}

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const weekdayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** RFC 5322 §4.3 obs-zone, in hours. Military letters count as unknown there, because they were used with either sign. */
const zones: Readonly<Record<string, number>> = {
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
};

/** Longest text that is read. */
const maxDateChars = 300;

/**
 * Parses a Date value (RFC 5322 §3.3 and §4.3) tolerantly: the weekday is ignored, comments are skipped, years may have two or three
 * digits, seconds may be missing, and the order may be that of asctime. Returns null when day, month, year or time is missing or out of range.
 */
export function parseDate(text: string): MessageDate | null {
  const usual = usualForm.exec(text);
  return usual === null ? parseAnyDate(text) : readUsual(usual);
}

/** Fast path for the usual form, which the general parser accepts too. */
const usualForm =
  /^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2})(?::(\d{2}))? ([+-])(\d{2})([0-5]\d)$/;

function readUsual(form: RegExpExecArray): MessageDate | null {
  const month = monthNames.indexOf(form[2] ?? '');
  if (month < 0) return parseAnyDate(form[0]);
  const time = [Number(form[4]), Number(form[5]), Number(form[6] ?? 0)] as const;
  const zone = Number(form[8]) * 60 + Number(form[9]);
  return moment(Number(form[3]), month, Number(form[1]), time, form[7] === '-' && zone > 0 ? -zone : zone);
}

function parseAnyDate(text: string): MessageDate | null {
  let day = -1;
  let month = -1;
  let year = -1;
  let time: readonly [number, number, number] | null = null;
  let offset: number | null = null;
  for (const word of words(text.slice(0, maxDateChars))) {
    const clock = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,]\d+)?)?$/.exec(word);
    if (clock !== null) time ??= [Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0)];
    else if (/^\d+$/.test(word)) {
      if (day < 0 && word.length <= 2) day = Number(word);
      else if (year < 0 && word.length <= 4) year = fullYear(word);
    } else if (month < 0 && monthOf(word) >= 0) month = monthOf(word);
    else if (time !== null && offset === null) offset = zoneOffset(word);
  }
  if (time === null || month < 0 || year < 0) return null;
  return moment(year, month, day, time, offset ?? 0);
}

/** Returns the month from 0 by its name or at least three first letters; -1 for other words. */
function monthOf(word: string): number {
  return word.length < 3 ? -1 : months.findIndex((name) => name.startsWith(word.toLowerCase()));
}

function moment(
  year: number,
  month: number,
  day: number,
  time: readonly [number, number, number],
  offsetMinutes: number,
): MessageDate | null {
  const [hour, minute, second] = time;
  // RFC 5322 §3.3: times are 00:00:00 to 23:59:60, which permits a leap second.
  if (hour > 23 || minute > 59 || second > 60) return null;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month, day);
  if (day < 1 || midnight.getUTCDate() !== day) return null;
  return { ms: midnight.getTime() + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000, offsetMinutes };
}

function words(text: string): string[] {
  let plain = '';
  for (let at = 0; at < text.length;) {
    const next = skipCfws(text, at);
    if (next > at) plain += ' ';
    const end = text.indexOf('(', next + 1);
    const stop = end < 0 ? text.length : end;
    plain += text.slice(next, stop);
    at = stop;
  }
  // `1-Jan-2024` is common; `-0500` must keep its sign.
  return plain.replace(/-(?=[a-z])|(?<=[a-z])-(?=\d)/gi, ' ').match(/[^\s,]+/g) ?? [];
}

/** Returns the year of two to four digits. RFC 5322 §4.3: 00 to 49 are 2000 to 2049; 50 to 99 and three digits count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length <= 2) return year < 50 ? year + 2000 : year + 1900;
  return digits.length === 3 ? year + 1900 : year;
}

function zoneOffset(word: string): number | null {
  const numeric = /^(?:GMT|UTC?)?([+-])(\d{2}):?(\d{2})$/i.exec(word);
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
    if (Number(numeric[3]) > 59) return 0;
    return numeric[1] === '-' && minutes > 0 ? -minutes : minutes;
  }
  return /^[a-z]/i.test(word) ? (zones[word.toLowerCase()] ?? 0) * 60 : null;
}

/** Formats a date (RFC 5322 §3.3): `Mon, 01 Jan 2024 00:00:00 +0000`, with a year of four digits, 1900 to 9999. */
export function writeDate(ms: number, offsetMinutes = 0): string {
  const local = new Date(ms + offsetMinutes * 60_000);
  const zone = Math.abs(offsetMinutes);
  const sign = offsetMinutes < 0 ? '-' : '+';
  const weekday = weekdayNames[local.getUTCDay()] ?? '';
  const month = monthNames[local.getUTCMonth()] ?? '';
  const clock = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const year = String(local.getUTCFullYear()).padStart(4, '0');
  return `${weekday}, ${two(local.getUTCDate())} ${month} ${year} ${clock} ${sign}${two(Math.floor(zone / 60))}${two(zone % 60)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
