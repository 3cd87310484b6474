import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '#lib/jmap';
import type { HeaderForm } from './header-property.ts';
import { BadHeader, writeHeaderField } from './header-value.ts';

const long = 'x'.repeat(999);

for (const [form, value, want] of [
  ['Raw', ' text', 'X: text'],
  ['Raw', 'text', 'X:text'],
  ['Raw', '', 'X:'],
  ['Raw', ' a\r\n\tb', 'X: a\r\n\tb'],
  ['Raw', ' Grüße', 'X: Grüße'],
  ['Raw', ' a\r\nB: c', null],
  ['Raw', ' a\nB: c', null],
  ['Raw', ' a\rB: c', null],
  ['Raw', ' a\r\n', null],
  ['Raw', ' a\r\n ', null],
  ['Raw', ' a\r\n \r\nB: c', null],
  ['Raw', ' a\0', null],
  ['Raw', ' a\u0085b', null],
  ['Raw', ' word'.repeat(250), /^X: word[^]*word\r\n word/],
  ['Raw', ` ${long}`, null],
  ['Raw', 1, null],
  ['Text', 'Grüße', 'X: =?utf-8?b?R3LDvMOfZQ==?='],
  ['Text', 'a\r\nB: c', null],
  ['Text', 'a\0', null],
  ['Text', long, /^X: =\?utf-8\?q\?x+\?=\r\n /],
  ['Addresses', [{ name: 'Doe, Jane', email: 'jane@example.org' }], 'X: "Doe, Jane" <jane@example.org>'],
  ['Addresses', [{ email: 'jane@example.org' }, { name: null, email: 'b@c' }], 'X: jane@example.org, b@c'],
  ['Addresses', [{ email: '"a b"@example.org' }], 'X: "a b"@example.org'],
  ['Addresses', [{ email: 'a@[IPv6:::1]' }], 'X: a@[IPv6:::1]'],
  ['Addresses', [{ email: 'jane@bücher.example' }], 'X: jane@xn--bcher-kva.example'],
  ['Addresses', [{ email: 'jane' }], 'X: jane'],
  ['Addresses', [{ email: 'jane@' }], 'X: "jane@"'],
  ['Addresses', [{ email: 'a@b, c@d' }], 'X: "a@b, c@d"'],
  ['Addresses', [{ email: 'a..b@example.org' }], 'X: "a..b"@example.org'],
  ['Addresses', [{ name: 'Jane', email: 'jane@ex ample' }], 'X: Jane <"jane@ex ample">'],
  [
    'Addresses',
    [
      { name: 'Jane', email: '' },
      { name: '', email: '' },
    ],
    'X: Jane',
  ],
  ['Addresses', [{ name: 'a\r\nB: c', email: 'a@b' }], null],
  ['Addresses', [{ email: 'a@b>\r\nB: c' }], null],
  ['Addresses', [{ email: 1 }], null],
  ['Addresses', ['a@b'], null],
  ['Addresses', { email: 'a@b' }, null],
  [
    'GroupedAddresses',
    [
      { name: null, addresses: [{ email: 'a@b' }] },
      { name: 'Team', addresses: [{ email: 'c@d' }] },
      { name: 'None', addresses: [] },
    ],
    'X: a@b, Team: c@d;, None:;',
  ],
  ['GroupedAddresses', [{ name: 'a\nb', addresses: [] }], null],
  ['GroupedAddresses', [{ name: 'Team' }], null],
  ['MessageIds', ['a@b', '<c@d>'], 'X: <a@b> <c@d>'],
  ['MessageIds', ['a b'], null],
  ['MessageIds', ['a> <b'], null],
  ['MessageIds', [''], null],
  ['Date', '2026-01-02T03:04:05+01:30', 'X: Fri, 02 Jan 2026 03:04:05 +0130'],
  ['Date', '2026-01-02T03:04:05Z', 'X: Fri, 02 Jan 2026 03:04:05 +0000'],
  ['Date', '1899-12-31T00:00:00Z', null],
  ['Date', '2026-02-30T00:00:00Z', null],
  ['Date', '2026-01-02', null],
  ['URLs', ['https://a.example/', 'mailto:a@b'], 'X: <https://a.example/>, <mailto:a@b>'],
  ['URLs', ['https://a.example/ b'], null],
  ['URLs', [`https://${long}`], null],
] as const satisfies readonly (readonly [HeaderForm, JsonValue, string | RegExp | null])[]) {
  test(`writeHeaderField: ${form} ${JSON.stringify(value).slice(0, 70)}`, () => {
    if (want === null) assert.throws(() => writeHeaderField('X', form, value), BadHeader);
    else if (typeof want === 'string') assert.equal(writeHeaderField('X', form, value), `${want}\r\n`);
    else assert.match(writeHeaderField('X', form, value), want);
  });
}

test('writeHeaderField: no line has more than 998 octets, also where characters have several', () => {
  const field = writeHeaderField('X', 'Raw', ' äöü'.repeat(400));
  for (const line of field.split('\r\n')) assert.ok(Buffer.byteLength(line) <= 998);
  assert.throws(() => writeHeaderField('X', 'Raw', `${' ä'.repeat(10)} ${'日'.repeat(400)}`), BadHeader);
  assert.throws(() => writeHeaderField('x'.repeat(201), 'Raw', ''), BadHeader);
});
