import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyRecordName, parseKeyRecord, parseSignature, txtStrings, writeKeyRecord } from '#lib/dkim';
import { parseHeader } from '#lib/message';
import type { Parsed } from '#lib/parsed';
import { parseDkimQuotedPrintable, writeDkimQuotedPrintable } from './dkim-quoted-printable.ts';
import { parseTagList } from './tag-list.ts';

const encoder = new TextEncoder();
const utf8 = new TextDecoder();

function shown<T>(result: Parsed<T>, value: (given: T) => unknown): unknown {
  return result.ok ? value(result.value) : `${result.at}: ${result.reason}`;
}

for (const [given, want] of [
  ['a=b', { a: 'b' }],
  [' a = b ; c=d;', { a: 'b', c: 'd' }],
  ['a=;b= ;', { a: '', b: '' }],
  ['a=b;\r\n\t', { a: 'b' }],
  ['a=x=y', { a: 'x=y' }],
  ['a=x \t y', { a: 'x \t y' }],
  ['a_1=x;A_1=y', { a_1: 'x', A_1: 'y' }],
  ['a=bücher', { a: 'bücher' }],
  ['', '0: no tags'],
  [' ', '1: tag name expected'],
  [';', '0: tag name expected'],
  ['a=b;;c=d', '4: tag name expected'],
  ['a', '1: = expected after tag a'],
  ['a b=c', '2: = expected after tag a'],
  ['1=2', '0: tag name expected'],
  ['_a=2', '0: tag name expected'],
  ['a=b; a=c', '4: tag a= comes twice'],
  ['a=b\0', '3: control character in tag a='],
  [`${'a'.repeat(33)}=b`, '0: tag name too long'],
] as const) {
  test(`parseTagList(${JSON.stringify(given)})`, () => {
    const result = parseTagList(encoder.encode(given));
    assert.deepEqual(
      shown(result, (tags) => Object.fromEntries(Array.from(tags.values(), ({ name, value }) => [name, value]))),
      want,
    );
  });
}

test('parseTagList takes at most 100 tags, and does not mind long values', () => {
  const list = (count: number): Uint8Array =>
    encoder.encode(Array.from({ length: count }, (_, i) => `t${i}=x`).join(';'));
  assert.ok(parseTagList(list(100)).ok);
  assert.equal(parseTagList(list(200_000)).ok, false);
  assert.ok(parseTagList(encoder.encode(`a=${' '.repeat(500_000)}b${' '.repeat(500_000)}`)).ok);
});

for (const [given, want] of [
  ['joe@example.com', 'joe@example.com'],
  ['=40', '@'],
  ['a =20\r\n b', 'a b'],
  ['=C3=BC', 'ü'],
  ['ü=3B', 'ü;'],
  ['=c3', '0: = without two hexadecimal digits'],
  ['x=', '1: = without two hexadecimal digits'],
] as const) {
  test(`parseDkimQuotedPrintable(${JSON.stringify(given)})`, () => {
    assert.equal(
      shown(parseDkimQuotedPrintable(given), (text) => text),
      want,
    );
  });
}

test('writeDkimQuotedPrintable encodes all but safe characters', () => {
  assert.equal(writeDkimQuotedPrintable('j ö;=|x'), 'j=20=C3=B6=3B=3D|x');
});

const least = 'v=1; a=rsa-sha256; d=Example.COM; s=Sel; h=From : To; bh=aGFzaA==; b=c2ln bmF0';

/** The interesting half of a signature on one line. */
function signature(value: string): unknown {
  const [field] = parseHeader(encoder.encode(`DKIM-Signature: ${value}\r\n`));
  assert.ok(field !== undefined);
  const result = parseSignature(field);
  if (!result.ok) return result.reason;
  const { algorithm, canonicalizations, domain, selector, identity, headerNames, bodyLength } = result.value;
  const { signedAtS, expiresAtS, queryMethods } = result.value;
  return [
    `${algorithm} ${canonicalizations?.header}/${canonicalizations?.body} ${selector.ascii}._domainkey.${domain.ascii}`,
    `${identity.localpart}@${identity.domain.ascii} ${headerNames.join('+')} ${queryMethods.join('+')}`,
    `${utf8.decode(result.value.bodyHash)} ${utf8.decode(result.value.signature)}`,
    `l=${bodyLength} t=${signedAtS} x=${expiresAtS}`,
  ].join(' ');
}

const first = 'rsa-sha256 simple/simple sel._domainkey.example.com @example.com from+to dns/txt hash signat';

for (const [title, given, want] of [
  ['the least there can be', least, `${first} l=null t=null x=null`],
  ['times and a length', `${least}; t=1; x=2; l=3`, `${first} l=3 t=1 x=2`],
  [
    'giant numbers',
    `${least}; t=1; x=${'9'.repeat(13)}; l=${'9'.repeat(76)}`,
    `${first} l=9007199254740991 t=1 x=Infinity`,
  ],
  ['unknown tags', `${least}; zz=1; z=From:=20a|To:b; r=y;`, `${first} l=null t=null x=null`],
  [
    'an identity and other algorithms',
    `${least.replace('rsa-', 'new-')}; c=relaxed; i=J=20oe@eng.example.com; q=x/y : DNS/TXT`,
    'new-sha256 relaxed/simple sel._domainkey.example.com J oe@eng.example.com from+to x/y+dns/txt hash signat l=null t=null x=null',
  ],
  [
    'U-labels',
    least.replace('Example', 'bücher'),
    `${first.replaceAll('example', 'xn--bcher-kva')} l=null t=null x=null`,
  ],
  ['an underscore in the selector', least.replace('Sel', 's_1'), `${first.replace('sel', 's_1')} l=null t=null x=null`],
  [
    'an unknown canonicalization',
    `${least}; c=nowsp`,
    `${first.replace('simple/simple', 'undefined/undefined')} l=null t=null x=null`,
  ],
  ['another version', least.replace('v=1', 'v=2'), 'v=: not a version that we know'],
  ['a version with a zero', least.replace('v=1', 'v=01'), 'v=: not a version that we know'],
  ['a tag twice', `${least}; d=example.com`, 'tag d= comes twice'],
  ['a bad domain', least.replace('Example.COM', 'a..b'), 'd=: empty label in domain name'],
  ['a domain of two words', least.replace('Example.COM', 'a b'), 'd=: character not allowed in a domain name'],
  ['an empty list of fields', least.replace('From : To', ''), 'h=: empty field name'],
  ['an empty field name', least.replace('From : To', 'From::To'), 'h=: empty field name'],
  ['a bad field name', least.replace('From : To', 'From:T o'), 'h=: not a field name'],
  ['bad base64', least.replace('aGFzaA==', 'aGFzaA='), 'bh=: base64 must come in groups of four characters'],
  ['no signature', least.replace('c2ln bmF0', ''), 'b=: empty'],
  ['an identity without @', `${least}; i=joe`, 'i=: no @ in the identity'],
  ['a negative length', `${least}; l=-1`, 'l=: not a number of octets'],
  ['a length of 77 digits', `${least}; l=${'1'.repeat(77)}`, 'l=: not a number of octets'],
  ['a time with a fraction', `${least}; t=1.5`, 't=: not a number of seconds'],
  ['expired at once', `${least}; t=2; x=2`, 'x=: expires before it was made'],
  ['an algorithm without hash', least.replace('rsa-sha256', 'rsa'), 'a=: not an algorithm'],
] as const) {
  test(`parseSignature: ${title}`, () => assert.equal(signature(given), want));
}

for (const name of ['v', 'a', 'b', 'bh', 'd', 'h', 's']) {
  test(`parseSignature wants ${name}=`, () => {
    const rest = least.split('; ').filter((tag) => !tag.startsWith(`${name}=`));
    assert.equal(signature(rest.join('; ')), `required tag ${name}= is missing`);
  });
}

function record(text: string): unknown {
  return shown(parseKeyRecord(text), ({ keyType, publicKey, hashes, services, isTesting, isStrict, notes }) => {
    const flags = `${isTesting ? 'y' : ''}${isStrict ? 's' : ''}`;
    return `${keyType} "${utf8.decode(publicKey)}" ${hashes?.join('+') ?? 'any'} ${services.join('+')} [${flags}] ${notes}`;
  });
}

for (const [given, want] of [
  ['p=a2V5', 'rsa "key" any * [] '],
  ['v=DKIM1; p=a2 V5', 'rsa "key" any * [] '],
  [
    'v=DKIM1; k=ed25519; h=SHA256 : sha1; s=email:x; t=y : s : z; n=a note; g=*; p=a2V5;',
    'ed25519 "key" sha256+sha1 email+x [ys] a note',
  ],
  ['v=DKIM1; p=', 'rsa "" any * [] '],
  ['p=a2V5; v=DKIM1', '10: v= must be DKIM1 and come first'],
  ['v=DKIM1.0; p=a2V5', '2: v= must be DKIM1 and come first'],
  ['v=spf1 -all', '2: v= must be DKIM1 and come first'],
  ['v=DKIM1; k=rsa', '0: no p= in the key record'],
  ['v=DKIM1; p=a2V', '11: p=: base64 must come in groups of four characters'],
  ['v=DKIM1; p=a2V5; p=a2V5', '16: tag p= comes twice'],
  ['some text', '5: = expected after tag some'],
  ['', '0: no tags'],
  [`p=${'a'.repeat(8190)}x`, '8192: key record too long'],
] as const) {
  test(`parseKeyRecord(${JSON.stringify(given.slice(0, 80))})`, () => assert.equal(record(given), want));
}

for (const fields of [
  { keyType: 'rsa', want: 'v=DKIM1; k=rsa; p=a2V5' },
  { keyType: 'ed25519', isTesting: true, isStrict: true, want: 'v=DKIM1; k=ed25519; t=y:s; p=a2V5' },
  { keyType: 'rsa', hashes: ['sha256'], services: ['email'], want: 'v=DKIM1; k=rsa; h=sha256; s=email; p=a2V5' },
] as const) {
  test(`writeKeyRecord writes ${fields.want}, and parseKeyRecord reads it`, () => {
    const publicKey = encoder.encode('key');
    assert.equal(writeKeyRecord({ ...fields, publicKey }), fields.want);
    const parsed = parseKeyRecord(fields.want);
    assert.ok(parsed.ok);
    assert.equal(parsed.value.keyType, fields.keyType);
  });
}

test('writeKeyRecord writes a revoked key as an empty p=', () => {
  assert.equal(record(writeKeyRecord({ keyType: 'rsa', publicKey: new Uint8Array(0) })), 'rsa "" any * [] ');
});

test('txtStrings cuts at 255 octets, keyRecordName joins', () => {
  const text = 'x'.repeat(600);
  assert.deepEqual(
    txtStrings(text).map(({ length }) => length),
    [255, 255, 90],
  );
  assert.equal(txtStrings(text).join(''), text);
  assert.equal(keyRecordName('foo.bar', 'example.com'), 'foo.bar._domainkey.example.com');
});
