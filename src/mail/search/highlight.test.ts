import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { markedHtml, markedPreview, rangesOf } from './highlight.ts';

for (const [text, needles, want] of [
  ['The Foosball competition', ['foo'], 'The <mark>Foo</mark>sball competition'],
  ['a < b & c > FOO', ['foo'], 'a &lt; b &amp; c &gt; <mark>FOO</mark>'],
  ['<b>', ['b'], '&lt;<mark>b</mark>&gt;'],
  ['one two one', ['one', 'two'], '<mark>one</mark> <mark>two</mark> <mark>one</mark>'],
  ['aaa', ['aa'], '<mark>aa</mark>a'],
  ['abcdef', ['abc', 'cde'], '<mark>abcde</mark>f'],
  ['big  \r\n zebra', ['BIG zebra'], '<mark>big  \r\n zebra</mark>'],
  ['cafe\u0301 x', ['CAFÉ'], '<mark>cafe\u0301</mark> x'],
  ['Straße', ['STRASSE', 'straße'], '<mark>Straße</mark>'],
  ['日本語', ['本'], '日<mark>本</mark>語'],
  ['ΟΔΟΣ ΣΑΣ', ['οδος'], '<mark>ΟΔΟΣ</mark> ΣΑΣ'],
  ['İx', ['x'], 'İ<mark>x</mark>'],
  ['\u1112\u1161\u11ab글', ['한'], '<mark>\u1112\u1161\u11ab</mark>글'],
  ['𠮷野', ['野'], '𠮷<mark>野</mark>'],
  ['nothing', ['zebra', ' ', ''], 'nothing'],
] as const)
  test(`markedHtml(${JSON.stringify(text)}, ${JSON.stringify(needles)})`, () =>
    assert.equal(markedHtml(text, rangesOf(text, needles)), want));

const preview = (text: string, ...needles: string[]): string => markedPreview(text, rangesOf(text, needles));

test('markedPreview shows the section around what was found, on one line', () => {
  assert.equal(preview('short\r\n\r\ntext with foo', 'foo'), 'short text with <mark>foo</mark>');
  const long = `${'words before it '.repeat(20)}the foosball competition ${'and words behind '.repeat(30)}`;
  const shown = preview(long, 'foo');
  assert.match(shown, /^…it words before it .* the <mark>foo<\/mark>sball competition and words .*…$/);
  assert.ok(Buffer.byteLength(shown) > 220);
  assert.equal(preview('no match', 'foo'), '');
  assert.equal(preview(`${'x'.repeat(300)} foo`, 'foo'), `…${'x'.repeat(39)} <mark>foo</mark>`);
});

test('markedPreview has at most 255 octets, whole characters and closed marks, and shows a match', () => {
  const letters = ['a', 'B', ' ', '<', '&', '日', '𠮷', 'é', '\r\n', 'foo', 'FOO'];
  const text = fc.array(fc.constantFrom(...letters), { maxLength: 700 }).map((all) => all.join(''));
  fc.assert(
    fc.property(text, fc.constantFrom('foo', '日', 'b', 'foofoofoo', 'a'.repeat(400)), (value, needle) => {
      const shown = preview(value, needle);
      assert.ok(Buffer.byteLength(shown) <= 255);
      assert.ok(shown.isWellFormed());
      assert.equal(shown.includes('<mark>'), rangesOf(value, [needle]).length > 0, shown);
      const plain = shown.replace(/<mark>|<\/mark>/g, '');
      assert.ok(!/[<>]|&(?!amp;|lt;|gt;)/.test(plain));
      assert.match(shown, /^(?:[^<]|<mark>[^<]+<\/mark>)*$/);
    }),
    { numRuns: 500 },
  );
});
