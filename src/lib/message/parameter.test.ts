import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseContentType, parseDisposition, parseParameters } from '#lib/message';

function show(text: string): string {
  return parseParameters(text)
    .map((param) => `${param.name}=${param.value}`)
    .join('|');
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
  test(`parseParameters(${JSON.stringify(given)})`, () => assert.equal(show(given), want));
}

test('parseContentType reads names in lower case and refuses what is no type', () => {
  assert.deepEqual(parseContentType('Text / HTML (x); Charset=UTF-8'), {
    type: 'text',
    subtype: 'html',
    params: [{ name: 'charset', value: 'UTF-8' }],
  });
  for (const bad of ['', 'text', 'text/', '/plain', ';charset=x']) assert.equal(parseContentType(bad), null);
});

test('parseDisposition reads type and file name', () => {
  assert.deepEqual(parseDisposition('Attachment; filename=a.txt'), {
    type: 'attachment',
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
