import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailboxesOf, parseAddressList } from '#lib/message';

/** A list as one readable line. */
function show(text: string): string {
  return parseAddressList(text)
    .map((entry) => {
      if (entry.kind === 'groupStart') return `{${entry.name}`;
      if (entry.kind === 'groupEnd') return '}';
      return `${entry.name ?? '-'}|${entry.localpart}|${entry.domain}`;
    })
    .join(' , ');
}

for (const [given, want] of [
  ['a@b', '-|a|b'],
  [
    'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
    'Mary Smith|mary|x.test , -|jdoe|example.org , Who?|one|y.test',
  ],
  [
    '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    '-|boss|nil.test , Giant; "Big" Box|sysservices|example.net',
  ],
  [
    'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
    '{A Group , Ed Jones|c|a.test , -|joe|where.test , John|jdoe|one.test , }',
  ],
  ['Undisclosed recipients:;', '{Undisclosed recipients , }'],
  ['(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;', '{Hidden recipients , }'],
  ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', 'Pete|pete|silly.test'],
  [
    'Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example',
    'Mary Smith|mary|example.net , -|jdoe|test.example',
  ],
  ['john.q.public@example.com (John Q. Public)', 'John Q. Public|john.q.public|example.com'],
  ['Joe Q. Public <john.q.public@example.com>', 'Joe Q. Public|john.q.public|example.com'],
  ['"a b"@c, "x"."y"@z', '-|a b|c , -|x.y|z'],
  ['<"a@b"@c>', '-|a@b|c'],
  ['=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M?= <a@b>', 'Jörg M|a|b'],
  ['"=?utf-8?b?SsO2cmc=?=" <a@b>', 'Jörg|a|b'],
  ['Jörg <jörg@exämple.test>', 'Jörg|jörg|exämple.test'],
  ['Foo Bar foo@bar', 'Foo Bar|foo|bar'],
  ['Foo <foo@bar', 'Foo|foo|bar'],
  ['Foo foo@bar>', 'Foo|foo|bar'],
  ['a@b; c@d', '-|a|b , -|c|d'],
  ['<victim@bank.test@evil.test>', '-|victim@bank.test|evil.test'],
  ['victim@bank.test@evil.test', '-|victim@bank.test|evil.test'],
  ['a@[IPv6:::1], <b@[1.2.3.4]>, <c@[IPv6:::2]>', '-|a|[IPv6:::1] , -|b|[1.2.3.4] , -|c|[IPv6:::2]'],
  ['"" <a@b> (), c@d ()', '-|a|b , -|c|d'],
  ['root', '-|root|'],
  ['<>', ''],
  ['', ''],
  ['g: a@b', '{g , -|a|b , }'],
  ['g: h: a@b;', '{g , h:|a|b , }'],
  ['"unclosed <a@b>', '-|unclosed <a@b>|'],
  ['Smith, John <j@x>', '-|Smith| , John|j|x'],
] as const) {
  test(`parseAddressList(${JSON.stringify(given)})`, () => assert.equal(show(given), want));
}

for (const [given, want] of [
  ['<@node.test,@b.test:mary@example.net>', '@node.test,@b.test'],
  ['<@node.test:mary@example.net>', '@node.test'],
  ['<@ [1.2.3.4] (c) , @b.test : mary@example.net>', '@[1.2.3.4],@b.test'],
  ['<mary@example.net>', undefined],
  ['<,,mary@example.net>', undefined],
] as const) {
  test(`parseAddressList(${JSON.stringify(given)}) has the route ${want}`, () => {
    assert.deepEqual(
      mailboxesOf(parseAddressList(given)).map(({ route }) => route),
      [want],
    );
  });
}

test('parseAddressList leaves names as they are written when asked to', () => {
  const names = (text: string) =>
    parseAddressList(text, { asWritten: true }).map((entry) => (entry.kind === 'groupEnd' ? '' : entry.name));
  assert.deepEqual(names('=?utf-8?q?J=C3=B6rg?=  =?utf-8?q?_M?= <a@b>'), ['=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M?=']);
  assert.deepEqual(names('"=?x?q?a?=" "b \\"c" <a@b>, a@b (=?x?q?d?=)'), ['=?x?q?a?= b "c', '=?x?q?d?=']);
  assert.deepEqual(names('=?x?q?g?=: a@b;'), ['=?x?q?g?=', null, '']);
});

test('parseAddressList stops at its limit and stays linear', () => {
  assert.equal(parseAddressList('a@b,'.repeat(50), { limit: 10 }).length, 10);
  assert.equal(parseAddressList('g:;'.repeat(50), { limit: 10 }).length, 10);
  for (const junk of ['a ', '"', '(', '<', '@', ':', '<@', 'a@b ', '=?', '\\', '<a@b>'])
    parseAddressList(junk.repeat(100_000));
});

test('mailboxesOf gives the mailboxes inside groups too', () => {
  assert.equal(mailboxesOf(parseAddressList('g:a@b;,c@d')).length, 2);
});
