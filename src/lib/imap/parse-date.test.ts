import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cursor, SyntaxFailure } from './cursor.ts';
import { defaultLimits, writeInternalDate } from './index.ts';
import { parseDate, parseDateTime } from './parse-date.ts';

function read(parse: (cursor: Cursor) => number, text: string): string {
  const cursor = new Cursor(new TextEncoder().encode(text), { limits: defaultLimits, utf8: false });
  try {
    const ms = parse(cursor);
    cursor.end();
    return new Date(ms).toISOString();
  } catch (error) {
    assert.ok(error instanceof SyntaxFailure);
    return `${error.at}: ${error.message}`;
  }
}

for (const [text, want] of [
  ['1-Feb-1994', '1994-02-01T00:00:00.000Z'],
  ['"29-fEB-2000"', '2000-02-29T00:00:00.000Z'],
  ['01-Jan-0050', '0050-01-01T00:00:00.000Z'],
  ['29-Feb-1900', '0: no such day'],
  ['0-Feb-1994', '0: no such day'],
  ['001-Feb-1994', '0: expected a day of one or two digits'],
  ['1-Foo-1994', '2: expected a month such as Jan'],
  ['1-Feb-94', '8: expected a digit'],
  ['1-Feb-19940', '10: expected the end of the command'],
  ['"1-Feb-1994', '11: expected "'],
] as const) {
  test(`parseDate(${text})`, () => assert.equal(read(parseDate, text), want));
}

for (const [text, want] of [
  ['"17-Jul-1996 02:44:25 -0700"', '1996-07-17T09:44:25.000Z'],
  ['" 7-Feb-1994 21:52:25 +0545"', '1994-02-07T16:07:25.000Z'],
  ['"31-Dec-1998 23:59:60 +0000"', '1999-01-01T00:00:00.000Z'],
  ['"7-Feb-1994 21:52:25 +0000"', '2: expected a digit'],
  ['"07-Feb-1994 24:00:00 +0000"', '13: no such time'],
  ['"07-Feb-1994 21:60:00 +0000"', '13: no such time'],
  ['"07-Feb-1994 21:52:25 0000"', '22: expected +'],
  ['"07-Feb-1994 21:52:25 +0060"', '22: no such time zone'],
  ['"07-Feb-1994 21:52:25 +00000"', '27: expected "'],
  ['07-Feb-1994', '0: expected "'],
] as const) {
  test(`parseDateTime(${text})`, () => assert.equal(read(parseDateTime, text), want));
}

test('parseDateTime reads what writeInternalDate writes', () => {
  for (const ms of [0, 837_596_665_000, -1_000, 253_402_300_799_000]) {
    assert.equal(read(parseDateTime, writeInternalDate(ms)), new Date(ms).toISOString());
  }
});
