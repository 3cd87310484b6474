import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseDomain } from './index.ts';
import { domainEquals } from './domain.ts';

/** Formats a row of the tables: `ascii`, `ascii (unicode)` when they differ, or the refusal. */
function show(text: string, options?: Parameters<typeof parseDomain>[1]): string {
  const domain = parseDomain(text, options);
  if (!domain.ok) return `offset ${domain.at}: ${domain.reason}`;
  const { ascii, unicode } = domain.value;
  return ascii === unicode ? ascii : `${ascii} (${unicode})`;
}

const label63 = 'a'.repeat(63);
const name253 = `${label63}.${label63}.${label63}.${'a'.repeat(61)}`;

for (const [given, want] of [
  ['example.org', 'example.org'],
  ['EXAMPLE.Org', 'example.org'],
  ['localhost', 'localhost'],
  ['1.2.3', '1.2.3'],
  ['r3---sn-a.example', 'r3---sn-a.example'],
  ['münchen.example', 'xn--mnchen-3ya.example (münchen.example)'],
  ['MÜNCHEN.example', 'xn--mnchen-3ya.example (münchen.example)'],
  ['mu\u0308nchen.example', 'xn--mnchen-3ya.example (münchen.example)'],
  ['XN--mnchen-3ya.example', 'xn--mnchen-3ya.example (münchen.example)'],
  ['faß.example', 'xn--fa-hia.example (faß.example)'],
  ['例え。テスト', 'xn--r8jz45g.xn--zckzah (例え.テスト)'],
  [label63, label63],
  [name253, name253],
  ['', 'offset 0: empty domain name'],
  ['.', 'offset 0: empty label in domain name'],
  ['a..b', 'offset 2: empty label in domain name'],
  ['a.', 'offset 2: empty label in domain name'],
  ['-a.b', 'offset 0: label begins with a hyphen'],
  ['a-.b', 'offset 1: label ends with a hyphen'],
  ['a_b.c', 'offset 1: character not allowed in a domain name'],
  ['a b', 'offset 1: character not allowed in a domain name'],
  ['a\0b', 'offset 1: character not allowed in a domain name'],
  ['a@b', 'offset 1: character not allowed in a domain name'],
  [`${label63}a`, 'offset 63: label longer than 63 octets'],
  [`${name253}a`, 'offset 253: domain name longer than 253 octets'],
  ['xn--zzzzzz--', 'offset 0: domain name breaks the rules of IDNA'],
  ['xn--a', 'offset 0: domain name breaks the rules of IDNA'],
  ['a\u200db', 'offset 0: domain name breaks the rules of IDNA'],
  ['☃'.repeat(2000), 'offset 1024: domain name too long'],
] as const) {
  test(`parseDomain(${JSON.stringify(given.slice(0, 40))})`, () => assert.equal(show(given), want));
}

test('parseDomain with options: underscores and one trailing dot', () => {
  assert.equal(show('_dmarc.Example.org', { allowUnderscore: true }), '_dmarc.example.org');
  assert.equal(show('_dmarc.münchen.de', { allowUnderscore: true }), '_dmarc.xn--mnchen-3ya.de (_dmarc.münchen.de)');
  assert.equal(show('example.org.', { allowTrailingDot: true }), 'example.org');
  assert.equal(show('example.org..', { allowTrailingDot: true }), 'offset 12: empty label in domain name');
});

test('domainEquals compares names, not spellings', () => {
  const [a, b, c] = ['MÜNCHEN.de', 'xn--mnchen-3ya.DE', 'muenchen.de'].map((text) => parseDomain(text));
  assert.ok(a?.ok && b?.ok && c?.ok);
  assert.ok(domainEquals(a.value, b.value));
  assert.ok(!domainEquals(a.value, c.value));
});

test('parseDomain never throws, and both forms of what it accepts are the same domain', () => {
  const labels = fc.string({
    unit: fc.constantFrom('a', 'Z', '0', '-', '.', 'x', 'n', 'ü', 'ß', 'א', '例', '\u200d', '\ud800'),
  });
  fc.assert(
    fc.property(fc.oneof(labels, fc.string({ unit: 'binary' }), fc.domain()), (text) => {
      const domain = parseDomain(text);
      if (!domain.ok) return;
      assert.deepEqual(parseDomain(domain.value.ascii), domain);
      assert.deepEqual(parseDomain(domain.value.unicode), domain);
    }),
    { seed: 20260103, numRuns: 1000 },
  );
});
