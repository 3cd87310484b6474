import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAddressList } from '#lib/message';

for (const text of [
  'a@b.test',
  '<a@b.test>',
  'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
  '"Giant; \\"Big\\" <x@y> Box" <a@b.test>',
  'John Q. Public <john.q.public@example.com>',
  'A Group:Ed Jones <c@a.test>,joe@where.test;, a@b.test',
  'Undisclosed recipients:;',
  'Pete(A nice \\) chap (really)) <pete(his account)@silly.test(his host)>',
  'a@b.test (Ann, <c@d.test>)',
  '=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M?= <a@b.test>',
  'Jörg <jörg@exämple.test>',
  '[Team] Ann <a@b.test>',
  '"a b"@c.test',
  'a@[IPv6:::1], <b@[1.2.3.4]>',
  'a@b.test,, c@d.test,',
  '',
]) {
  test(`isAddressList takes ${JSON.stringify(text)}`, () => assert.equal(isAddressList(text), true));
}

for (const text of [
  '<bob@b.test> <ann@b.test>',
  '<bob@b.test><ann@b.test>',
  'Bob <bob@b.test> Ann <ann@b.test>, c@d.test',
  '<bob@b.test> ann@b.test',
  'bob@b.test <ann@b.test>',
  'bob@b.test ann@b.test',
  'bob@b.test; ann@b.test',
  '<bob@b.test> Bob',
  '<bob@b.test@evil.test>',
  'bob@b.test@evil.test',
  '<bob@b.test, ann@b.test>',
  '<<bob@b.test>>',
  '<@b.test:ann@b.test>',
  '<> <ann@b.test>',
  '<>, ann@b.test',
  'Bob <bob@b.test',
  'bob@b.test>',
  'Bob bob@b.test',
  'Bob, Ann <ann@b.test>',
  'bob@b . test',
  '.bob@b.test',
  'bob@b.test.',
  'bob@b..test',
  'g: ann@b.test',
  'g: h: ann@b.test;;',
  ': ann@b.test;',
  'g:; ann@b.test',
  '"Bob <ann@b.test>',
  '"Bob\\" <ann@b.test>',
  'ann@b.test (Bob',
  'ann@b.test (Bob\\)',
  'ann@b.test Bob)',
  'ann@b.test\\',
  'ann\0@b.test',
  'ann@b.test\u0085',
  '[ <ann@b.test>',
  '[ ( ] <bob@b.test>, [ ) ] <ann@b.test>',
  '[g: x] <ann@b.test>',
  'ann@b.test[1.2.3.4]',
  'nobody',
]) {
  test(`isAddressList does not take ${JSON.stringify(text)}`, () => assert.equal(isAddressList(text), false));
}

test('isAddressList takes no comment nested deeper than its reader counts, and stays linear', () => {
  assert.equal(isAddressList(`a@b.test ${'('.repeat(1000)}${')'.repeat(1000)}`), false);
  for (const junk of ['a ', '"', '(', '<', '@', ':', '<@', 'a@b ', '[', '\\', '<a@b>', 'a@b,', 'g:;,', 'g:a@b;,'])
    assert.equal(isAddressList(`${junk.repeat(100_000)}<`), false);
});
