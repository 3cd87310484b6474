import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseDomain, parseIp } from '#lib/domain';
import {
  type Address,
  canonicalLocalpart,
  findPathEnd,
  needsSmtputf8,
  parseAddress,
  parseAddressDomain,
  parseAddressLiteral,
  parseForwardPath,
  parseLocalpart,
  parsePath,
  parseReversePath,
  postmasterAt,
  wholeAddress,
  writeAddress,
  writeAddressDomain,
  writeLocalpart,
  writePath,
} from './index.ts';
import { isAddressLiteral } from './address-literal.ts';
import type { AddressOptions } from './address.ts';

const pedantic = { pedantic: true } as const;
const ascii = { smtputf8: false } as const;
const local64 = 'l'.repeat(64);

/** Formats a row of the tables: the path written in Unicode, or the refusal. */
function show(text: string, options?: AddressOptions): string {
  const path = parsePath(text, options);
  return path.ok ? writePath(path.value, 'unicode') : `offset ${path.at}: ${path.reason}`;
}

for (const [given, want] of [
  ['<>', '<>'],
  ['<user@example.org>', '<user@example.org>'],
  ['<User@EXAMPLE.org>', '<User@example.org>'],
  ["<!#$%&'*+-/=?^_`{|}~@example.org>", "<!#$%&'*+-/=?^_`{|}~@example.org>"],
  ['<"quoted"@example.org>', '<quoted@example.org>'],
  ['<"a b"@example.org>', '<"a b"@example.org>'],
  ['<"a\\b\\"\\\\"@example.org>', '<"ab\\"\\\\"@example.org>'],
  ['<"@>"@example.org>', '<"@>"@example.org>'],
  ['<""@example.org>', '<""@example.org>'],
  ['<a..b.@example.org>', '<"a..b."@example.org>'],
  ['<用户@例え.テスト>', '<用户@例え.テスト>'],
  ['<u\u0308@example.org>', '<ü@example.org>'],
  ['<"ü x"@example.org>', '<"ü x"@example.org>'],
  ['<user@my_host.example>', '<user@my_host.example>'],
  ['<user@[192.0.2.1]>', '<user@[192.0.2.1]>'],
  ['<user@[IPv6:2001:DB8:0::1]>', '<user@[IPv6:2001:db8::1]>'],
  ['<user@[ipv6:::ffff:192.0.2.1]>', '<user@[192.0.2.1]>'],
  ['<user@[X-Tag:a>b]>', '<user@[x-tag:a>b]>'],
  ['<@one.example,@[192.0.2.1]:user@two.example>', '<user@two.example>'],
  [`<${local64}@example.org>`, `<${local64}@example.org>`],
  ['', 'offset 0: < expected'],
  ['user@example.org', 'offset 0: < expected'],
  ['<user@example.org', 'offset 17: > expected'],
  ['< user@example.org>', 'offset 1: localpart expected'],
  ['<user>', 'offset 5: character not allowed here'],
  ['<@example.org>', 'offset 13: : expected after a source route'],
  ['<@one.example,two.example:u@three.example>', 'offset 14: @ expected in a source route'],
  ['<@!:u@three.example>', 'offset 2: character not allowed in a domain name'],
  ['<@-:u@three.example>', '<u@three.example>'],
  ['<user@-a-.b-.example>', '<user@-a-.b-.example>'],
  ['<user@example.org.>', '<user@example.org>'],
  ['<user@example.org..>', 'offset 18: empty label in domain name'],
  ['<user@>', 'offset 6: empty domain name'],
  ['<user@a@b>', 'offset 7: character not allowed in a domain name'],
  ['<user@example.org>>', 'offset 17: character not allowed in a domain name'],
  ['<us er@example.org>', 'offset 3: character not allowed here'],
  ['<us(er)@example.org>', 'offset 3: character not allowed here'],
  ['<"user@example.org>', 'offset 19: closing quote expected'],
  ['<"a"b@example.org>', 'offset 4: character not allowed here'],
  ['<"a\tb"@example.org>', 'offset 3: control character in a quoted localpart'],
  ['<"a\\ü"@example.org>', 'offset 4: character not allowed after a backslash'],
  ['<\ud800@example.org>', 'offset 1: localpart is not Unicode text'],
  ['<user@[192.0.2.256]>', 'offset 7: bad IPv4 address'],
  ['<user@[2001:db8::1]>', 'offset 7: an IPv6 address literal begins with IPv6:'],
  ['<user@[x:a b]>', 'offset 10: bad content of an address literal'],
  ['<user@[IPv6:192.0.2.1]>', 'offset 12: bad IPv6 address'],
  ['<user@[IPv6:fe80::1%eth0]>', 'offset 12: bad IPv6 address'],
  ['<user@[192.0.2.1]x>', 'offset 17: > expected'],
  ['<user@[192.0.2.1>', 'offset 16: address literal must end with ]'],
  ['<user@[-:x]>', 'offset 7: bad tag of an address literal'],
  [`<${local64}l@example.org>`, `<${local64}l@example.org>`],
  [`<${'ü'.repeat(300)}@example.org>`, `<${'ü'.repeat(300)}@example.org>`],
  [`<"${'a b'.repeat(100)}"@example.org>`, `<"${'a b'.repeat(100)}"@example.org>`],
  [`<${'l'.repeat(886)}@example.org>`, `<${'l'.repeat(886)}@example.org>`],
  [`<${'l'.repeat(887)}@example.org>`, 'offset 900: path longer than 900 octets'],
  [`<${'ü'.repeat(450)}@example.org>`, 'offset 464: path longer than 900 octets'],
  [`<user@${'a.'.repeat(130)}org>`, 'offset 259: domain name longer than 253 octets'],
] as const) {
  test(`parsePath(${JSON.stringify(given.slice(0, 60))})`, () => assert.equal(show(given), want));
}

for (const [given, options, want] of [
  ['<a..b@example.org>', pedantic, 'offset 3: dot without an atom before it'],
  ['<.b@example.org>', pedantic, 'offset 1: dot without an atom before it'],
  ['<b.@example.org>', pedantic, 'offset 2: localpart ends with a dot'],
  ['<"a..b"@example.org>', pedantic, '<"a..b"@example.org>'],
  ['<u@my_host.example>', pedantic, 'offset 5: character not allowed in a domain name'],
  ['<u@-a.example>', pedantic, 'offset 3: label begins with a hyphen'],
  ['<u@a.example.>', pedantic, 'offset 13: empty label in domain name'],
  ['<ü@example.org>', ascii, 'offset 1: localpart needs SMTPUTF8'],
  ['<"ü"@example.org>', ascii, 'offset 2: localpart needs SMTPUTF8'],
  ['<u@münchen.example>', ascii, 'offset 4: domain needs SMTPUTF8'],
  ['<u@xn--mnchen-3ya.example>', ascii, '<u@münchen.example>'],
] as const) {
  test(`parsePath(${given}, ${JSON.stringify(options)})`, () => assert.equal(show(given, options), want));
}

test('parseReversePath takes the empty path, parseForwardPath does not', () => {
  assert.deepEqual(parseReversePath('<>'), { ok: true, value: null });
  assert.deepEqual(parseForwardPath('<>'), { ok: false, at: 1, reason: 'a recipient cannot be empty' });
});

test('parseForwardPath takes postmaster without a domain in any case, parseReversePath does not', () => {
  assert.deepEqual(parseForwardPath('<PostMaster>'), { ok: true, value: 'postmaster' });
  assert.equal(parseReversePath('<postmaster>').ok, false);
  assert.equal(parseForwardPath('<hostmaster>').ok, false);
  assert.equal(writePath('postmaster'), '<postmaster>');
});

test('parseAddress takes the same without brackets, and nothing after it', () => {
  const address = parseAddress('"a b"@Example.org');
  assert.ok(address.ok);
  assert.equal(address.value.localpart, 'a b');
  assert.equal(parseAddress('<a@example.org>').ok, false);
  assert.equal(parseAddress('a@[192.0.2.1] ').ok, false);
  assert.equal(parseAddress(`a@${'a.'.repeat(130)}org`).ok, false);
});

test('parseLocalpart reads whole texts only', () => {
  assert.deepEqual(parseLocalpart('"a@b"'), { ok: true, value: 'a@b' });
  for (const bad of ['', 'a@b', '"a"b', '"a', 'a b', 'x'.repeat(100_000)]) assert.equal(parseLocalpart(bad).ok, false);
});

test('parseAddressDomain tells domains from literals', () => {
  const [domain, literal] = [parseAddressDomain('Example.org'), parseAddressDomain('[192.0.2.1]')];
  assert.ok(domain.ok && literal.ok);
  assert.deepEqual([isAddressLiteral(domain.value), isAddressLiteral(literal.value)], [false, true]);
  assert.equal(writeAddressDomain(domain.value), 'example.org');
});

test('needsSmtputf8 asks for the localpart only', () => {
  const [a, b] = [parseAddress('u@münchen.example'), parseAddress('ü@example.org')];
  assert.ok(a.ok && b.ok);
  assert.deepEqual([needsSmtputf8(a.value), needsSmtputf8(b.value)], [false, true]);
  assert.equal(writeAddress(a.value), 'u@xn--mnchen-3ya.example');
  assert.equal(writeAddress(a.value, 'unicode'), 'u@münchen.example');
});

for (const [text, start, want] of [
  ['MAIL FROM:<a@b> SIZE=1', 10, 15],
  ['<"a>b"@c> X', 0, 9],
  ['<"a\\">"@c>', 0, 10],
  ['<a@[x:>]>', 0, 9],
  ['<a@b', 0, -1],
  ['<"a>', 0, -1],
  ['', 0, -1],
] as const) {
  test(`findPathEnd(${JSON.stringify(text)}, ${start})`, () => assert.equal(findPathEnd(text, start), want));
}

for (const [given, separators, caseSensitive, want] of [
  ['User', [], false, 'user'],
  ['User', [], true, 'User'],
  ['user+tag+more', ['+'], false, 'user'],
  ['user-x+tag', ['+', '-'], false, 'user'],
  ['user--x', ['--', '-'], false, 'user'],
  ['+tag', ['+'], false, '+tag'],
  ['user', [''], false, 'user'],
  ['ÜBER+x', ['+'], false, 'über'],
] as const) {
  test(`canonicalLocalpart(${given}, ${JSON.stringify(separators)}, ${caseSensitive})`, () => {
    assert.equal(canonicalLocalpart(given, { separators, caseSensitive }), want);
  });
}

const plainObjects = { noNullPrototype: true } as const;

const localpart = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('a', 'Z', '.', '+', '-', ' ', '"', '\\', '@', '>', '[', ',', 'ü', '例', '📬') }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  )
  .map((text) => text.normalize('NFC'))
  .filter((text) => !/\p{Cc}/u.test(text));

const domain = fc.oneof(
  fc.constantFrom('example.org', 'münchen.example', 'a_b.example', '例え.テスト').map((text) => {
    const parsed = parseDomain(text, { allowUnderscore: true });
    assert.ok(parsed.ok);
    return parsed.value;
  }),
  fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => {
    const parsed = parseIp(text);
    assert.ok(parsed.ok);
    return { kind: 'ip' as const, ip: parsed.value };
  }),
  fc.record(
    {
      kind: fc.constant('general' as const),
      tag: fc.constantFrom('x', 'x400', 'a-b'),
      content: fc.string({ unit: fc.constantFrom('a', ':', '>', '"', '@', '~'), minLength: 1, maxLength: 9 }),
    },
    plainObjects,
  ),
);

const address: fc.Arbitrary<Address> = fc.record({ localpart, domain }, plainObjects);

test('parse(write(x)) is x for addresses and paths in both forms', () => {
  fc.assert(
    fc.property(address, fc.constantFrom('ascii' as const, 'unicode' as const), (value, form) => {
      const want = { ok: true, value };
      assert.deepEqual(parseAddress(writeAddress(value, form)), want);
      assert.deepEqual(parsePath(writePath(value, form)), want);
      assert.deepEqual(parseForwardPath(writePath(value, form)), want);
      assert.deepEqual(parseLocalpart(writeLocalpart(value.localpart)), { ok: true, value: value.localpart });
      const line = `${writePath(value, form)} SIZE=1>`;
      assert.equal(line.slice(0, findPathEnd(line, 0)), writePath(value, form));
      if (isAddressLiteral(value.domain)) {
        assert.deepEqual(parseAddressLiteral(writeAddressDomain(value.domain)), { ok: true, value: value.domain });
      }
    }),
    { seed: 20260105, numRuns: 1000 },
  );
});

test('parsers never throw, and writing what they accept is stable', () => {
  const near = fc.string({
    unit: fc.constantFrom(
      '<',
      '>',
      '@',
      '"',
      '\\',
      '[',
      ']',
      ':',
      ',',
      '.',
      'a',
      'IPv6:',
      '1',
      'ü',
      '\0',
      '\ud800',
      ' ',
    ),
    maxLength: 20,
  });
  fc.assert(
    fc.property(near, fc.boolean(), fc.boolean(), (text, smtputf8, isPedantic) => {
      for (const candidate of [text, `<${text}>`, `<a@${text}>`, `<${text}@b>`]) {
        const path = parsePath(candidate, { smtputf8, pedantic: isPedantic });
        if (path.ok) assert.deepEqual(parsePath(writePath(path.value), { pedantic: isPedantic }), path);
        else assert.ok(path.at >= 0 && path.at <= candidate.length && path.reason !== '');
        parseForwardPath(candidate);
        parseAddressDomain(candidate);
        findPathEnd(candidate, 0);
      }
    }),
    { seed: 20260106, numRuns: 2000 },
  );
});

test('canonicalLocalpart is idempotent', () => {
  const rules = { separators: ['+', '--', '-'], caseSensitive: false };
  fc.assert(
    fc.property(localpart, (text) => {
      const once = canonicalLocalpart(text, rules);
      assert.equal(canonicalLocalpart(once, rules), once);
    }),
    { seed: 20260107, numRuns: 500 },
  );
});

for (const parse of [parsePath, parseAddress]) {
  test(`${parse.name}: too many octets of few characters are refused within the text`, () => {
    const text = 'é'.repeat(800);
    const result = parse(text, { smtputf8: true });
    assert.ok(!result.ok && result.at === text.length && result.reason.includes('longer than'));
  });
}

test('postmasterAt: the postmaster of a host; a name that is no domain is a bug', () => {
  assert.equal(writeAddress(postmasterAt('Mail.Example.ORG')), 'postmaster@mail.example.org');
  assert.throws(() => postmasterAt('not a name'), /is no domain/);
});

test('wholeAddress: only the bare postmaster is of this host', () => {
  const other = postmasterAt('a.example');
  assert.deepEqual(wholeAddress('postmaster', 'b.example'), postmasterAt('b.example'));
  assert.equal(wholeAddress(other, 'b.example'), other);
});
