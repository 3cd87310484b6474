import { CharacterClass } from './characters.ts';
import type { Cursor } from './cursor.ts';

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** Parses the `date` of SEARCH, with or without quotes (RFC 9051 §9), to milliseconds of its 00:00 UTC. */
export function parseDate(cursor: Cursor): number {
  const quoted = cursor.take('"');
  const start = cursor.at;
  const digits = cursor.word(CharacterClass.Digit, 'a day');
  if (digits.length > 2) cursor.fail('expected a day of one or two digits', start);
  const day = restOfDate(cursor, Number(digits), start);
  if (quoted) cursor.expect('"');
  return day;
}

/** Parses the `date-time` of APPEND (RFC 9051 §9) to milliseconds since 1970. */
export function parseDateTime(cursor: Cursor): number {
  cursor.expect('"');
  const start = cursor.at;
  // RFC 9051 §9, date-day-fixed: two digits, or a space and one.
  const day = cursor.take(' ') ? fixed(cursor, 1) : fixed(cursor, 2);
  const dayMs = restOfDate(cursor, day, start);
  cursor.space();
  const timeAt = cursor.at;
  const hours = fixed(cursor, 2);
  cursor.expect(':');
  const minutes = fixed(cursor, 2);
  cursor.expect(':');
  const seconds = fixed(cursor, 2);
  // RFC 5322 §3.3: seconds go up to 60, for leap seconds.
  if (hours > 23 || minutes > 59 || seconds > 60) cursor.fail('no such time', timeAt);
  cursor.space();
  const zoneMs = parseZone(cursor);
  cursor.expect('"');
  return dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1000 - zoneMs;
}

/** Parses `("+" / "-") 4DIGIT` to the milliseconds that the time is ahead of UTC (RFC 9051 §9, zone). */
function parseZone(cursor: Cursor): number {
  const start = cursor.at;
  const sign = cursor.take('-') ? -1 : 1;
  if (sign === 1) cursor.expect('+');
  const hours = fixed(cursor, 2);
  const minutes = fixed(cursor, 2);
  if (hours > 23 || minutes > 59) cursor.fail('no such time zone', start);
  return sign * (hours * 60 + minutes) * 60_000;
}

function restOfDate(cursor: Cursor, day: number, start: number): number {
  cursor.expect('-');
  const monthAt = cursor.at;
  const month = months.indexOf(String.fromCharCode(...cursor.bytes.subarray(monthAt, monthAt + 3)).toUpperCase());
  if (month < 0) cursor.fail('expected a month such as Jan');
  cursor.at += 3;
  cursor.expect('-');
  const year = fixed(cursor, 4);
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (day === 0 || date.getUTCMonth() !== month) cursor.fail('no such day', start);
  return date.getTime();
}

/** Parses a number of exactly `digits` digits. */
function fixed(cursor: Cursor, digits: number): number {
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = (cursor.next ?? 0) - 0x30;
    if (digit < 0 || digit > 9) cursor.fail('expected a digit');
    value = value * 10 + digit;
    cursor.at++;
  }
  return value;
}
