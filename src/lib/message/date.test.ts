import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseDate, writeDate } from '#lib/message';

for (const [given, iso, offset] of [
  ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06.000Z', -360],
  ['Thu, 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)', '1969-02-14T03:02:00.000Z', -210],
  ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06.000Z', 0],
  ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', null, 0],
  ['1 Jan 49 00:00 EST', '2049-01-01T05:00:00.000Z', -300],
  ['1 Jan 50 00:00 pdt', '1950-01-01T07:00:00.000Z', -420],
  ['1 Jan 101 00:00:00 A', '2001-01-01T00:00:00.000Z', 0],
  ['Mon Jan  1 12:00:00 2024', '2024-01-01T12:00:00.000Z', 0],
  ['Mon Jan  1 12:00:00 CST 2024', '2024-01-01T18:00:00.000Z', -360],
  ['Junk, 1-January-2024 1:02:03 +05:30', '2023-12-31T19:32:03.000Z', 330],
  ['Sat, 31 Dec 2016 23:59:60 +0000', '2017-01-01T00:00:00.000Z', 0],
  ['1 Jan 2024 00:00:00 GMT+0100', '2023-12-31T23:00:00.000Z', 60],
  ['31 Feb 2024 00:00:00 +0000', null, 0],
  ['1 Jan 2024 24:00:00 +0000', null, 0],
  ['yesterday', null, 0],
  ['', null, 0],
] as const) {
  test(`parseDate(${JSON.stringify(given)})`, () => {
    const date = parseDate(given);
    assert.equal(date === null ? null : new Date(date.ms).toISOString(), iso);
    if (date !== null) assert.equal(date.offsetMinutes, offset);
  });
}

test('writeDate writes what parseDate reads', () => {
  assert.equal(writeDate(Date.UTC(2024, 0, 1, 12), -210), 'Mon, 01 Jan 2024 08:30:00 -0330');
  const seconds = fc.integer({ min: -2_000_000_000, max: 250_000_000_000 });
  const check = fc.property(seconds, fc.integer({ min: -1439, max: 1439 }), (at, offsetMinutes) => {
    assert.deepEqual(parseDate(writeDate(at * 1000, offsetMinutes)), { ms: at * 1000, offsetMinutes });
  });
  fc.assert(check, { numRuns: 200, seed: 1 });
});

test('parseDate reads the usual form as it reads the same with a comment, the general way', () => {
  const number = (max: number): fc.Arbitrary<string> => fc.nat(max).map((n) => String(n).padStart(2, '0'));
  const usual = fc.record({
    weekday: fc.constantFrom('', 'Mon, ', 'Xyz, '),
    day: fc.nat(32).map(String),
    month: fc.constantFrom('Jan', 'Feb', 'Apr', 'Dec', 'Foo', 'May'),
    year: fc.integer({ min: 1900, max: 9999 }).map(String),
    hour: number(24),
    minute: number(60),
    second: fc.constantFrom('', ':00', ':59', ':60', ':61'),
    sign: fc.constantFrom('+', '-'),
    zone: fc.constantFrom('0000', '0100', '0930', '1400', '0060', '9999'),
  });
  fc.assert(
    fc.property(usual, ({ weekday, day, month, year, hour, minute, second, sign, zone }) => {
      const text = `${weekday}${day} ${month} ${year} ${hour}:${minute}${second} ${sign}${zone}`;
      assert.deepEqual(parseDate(text), parseDate(`(a comment)${text}`));
    }),
    { seed: 5322, numRuns: 2000 },
  );
});
