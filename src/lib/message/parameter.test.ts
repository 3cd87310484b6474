import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findParameter, parseContentType, parseDisposition, parseParameters } from '#lib/message';

/** The decoded values, each name once. */
function show(text: string): string {
  const params = parseParameters(text);
  const names = new Set(params.map(({ name }) => name.replace(/\*.*/, '').toLowerCase()));
  return [...names].map((name) => `${name}=${findParameter(params, name)}`).join('|');
}

for (const [given, want] of [
  ['; charset=us-ascii (Plain text)', 'charset=us-ascii'],
  ['; charset="us-ascii"', 'charset=us-ascii'],
  ['; a="x\\"y;z"; B=2', 'a=x"y;z|b=2'],
  // RFC 2231 §3 and §4.1.
  [
    '; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"',
    'access-type=URL|url=ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar',
  ],
  ["; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", 'title=This is ***fun***'],
  [
    "; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
    "title=This is even more ***fun*** isn't it!",
  ],
  ["; f*1*=%A9; f*0*=utf-8''%C3", 'f=é'],
  ["; f*=iso-8859-1''%E9; f=x", 'f=é'],
  ['; f*=%41', 'f=A'],
  ["; f*0*=utf-8''a; f*2*=c", 'f=a'],
  ['; name=my file.pdf; x=y', 'name=my file.pdf|x=y'],
  ['; name="my file.pdf', 'name=my file.pdf'],
  ['; name="=?utf-8?q?caf=C3=A9?="', 'name=café'],
  ['; boundary="=?x?q?y?="', 'boundary==?x?q?y?='],
  ['; a=1; a=2', 'a=1'],
  [';;; a = 1 ;;b', 'a=1'],
  [' a=1', 'a=1'],
  ['; =x; "q"; a=1', 'a=1'],
  ['; a=', 'a='],
  ['', ''],
] as const) {
  test(`findParameter of parseParameters(${JSON.stringify(given)})`, () => assert.equal(show(given), want));
}

for (const [given, want] of [
  ['; Name="=?utf-8?B?xb4=?="; FORMAT=Flowed', 'Name==?utf-8?B?xb4=?=|FORMAT=Flowed'],
  ["; name*=utf-8'de'%C3%BC; name=u; NAME=v", "name*=utf-8'de'%C3%BC|name=u|NAME=v"],
  ['; x=1; URL*1="b c"; y=2; url*0=a', 'x=1|URL=ab c|y=2'],
  ["; t*1*=%20b; t*2=\"c d'\"; t*0*=utf-8'en'a", "t*=utf-8'en'a%20bc%20d%27"],
  ['; t*0="a b"; t*1*=%C3%BC', "t*=''a%20b%C3%BC"],
  ['; t*0=a; t*2=c; t*3*=d', 't*0=a|t*2=c|t*3*=d'],
  ['; t*1=b', 't*1=b'],
  ['; t*0=a; t*0=b', 't=a'],
  ['; a=\uEFFC', 'a=\uEFFC'],
  ["; a*0*=''x; a*1=\uEFFC", "a*=''x%FC"],
  ['; a (c) = (d) b (e); f = "g" (h)', 'a=b|f=g'],
] as const) {
  test(`parseParameters(${JSON.stringify(given)}) is as written`, () => {
    const written = parseParameters(given).map(({ name, value }) => `${name}=${value}`);
    assert.equal(written.join('|'), want);
  });
}

test('parseContentType reads names as they are written and refuses what is no type', () => {
  assert.deepEqual(parseContentType('Text / HTML (x); Charset=UTF-8'), {
    type: 'Text',
    subtype: 'HTML',
    params: [{ name: 'Charset', value: 'UTF-8' }],
  });
  for (const bad of ['', 'text', 'text/', '/plain', ';charset=x']) assert.equal(parseContentType(bad), null);
});

test('parseDisposition reads type and file name', () => {
  assert.deepEqual(parseDisposition('Attachment; filename=a.txt'), {
    type: 'Attachment',
    params: [{ name: 'filename', value: 'a.txt' }],
  });
  assert.deepEqual(parseDisposition('filename=a.txt'), {
    type: 'attachment',
    params: [{ name: 'filename', value: 'a.txt' }],
  });
  assert.equal(parseDisposition(''), null);
});

test('parseParameters is limited and linear', () => {
  assert.equal(parseParameters(Array.from({ length: 500 }, (_, i) => `;p${i}=1`).join('')).length, 100);
  for (const junk of [';a=(', ';a*0*=%', '"', ';a="', '= ', ';', '(', "'", ' (']) parseParameters(junk.repeat(50_000));
});
