import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { defaultMimeLimits, flattenParts, MimeIndexer } from '#lib/mime';
import type { MessageIndex, Part } from '#lib/mime';
import { samples } from '#testing/mime-samples';
import type { MimeLimits } from './limits.ts';

const encoder = new TextEncoder();

function index(text: string | Uint8Array, chunkBytes = Infinity, limits: Partial<MimeLimits> = {}): MessageIndex {
  const bytes = typeof text === 'string' ? encoder.encode(text) : text;
  const indexer = new MimeIndexer(limits);
  const step = Math.min(chunkBytes, Math.max(bytes.length, 1));
  // A copy each time, overwritten afterwards: the indexer must not keep chunks.
  for (let at = 0; at < bytes.length; at += step) {
    const chunk = bytes.slice(at, at + step);
    indexer.push(chunk);
    chunk.fill(0);
  }
  return indexer.finish();
}

/** Structure and bodies as one readable line. */
function show(text: string, limits: Partial<MimeLimits> = {}): string {
  const bytes = encoder.encode(text);
  const decoder = new TextDecoder();
  const one = (part: Part): string => {
    const name = `${part.type}/${part.subtype}`;
    if (part.message !== null) return `${name}<${part.message.envelope.subject ?? '-'}: ${one(part.message.root)}>`;
    if (part.parts.length > 0) return `${name}(${part.parts.map(one).join(' ')})`;
    return `${name}[${part.bodyLines}]${JSON.stringify(decoder.decode(bytes.subarray(part.bodyStart, part.end)))}`;
  };
  return one(index(text, Infinity, limits).root);
}

const mixed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';

for (const [title, given, want] of [
  ['a plain message', 'Subject: x\r\n\r\nhello\r\nworld', 'text/plain[2]"hello\\r\\nworld"'],
  ['a body that ends with a line break', 'A: b\n\nhello\nworld\n', 'text/plain[2]"hello\\nworld\\n"'],
  ['a message without body', 'Subject: x\r\n', 'text/plain[0]""'],
  ['nothing', '', 'text/plain[0]""'],
  ['an empty header', '\r\nbody', 'text/plain[1]"body"'],
  ['lone CR in the header', 'A: b\rC: d\r\rbody', 'text/plain[1]"body"'],
  [
    'two parts',
    `${mixed}pre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n\r\n--b--\r\nepi`,
    'multipart/mixed(text/plain[1]"one" text/html[1]"two\\r\\n")',
  ],
  [
    'bare LF',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n',
    'multipart/mixed(text/plain[1]"one")',
  ],
  ['blanks behind a boundary', `${mixed}--b \t\r\n\r\none\r\n--b-- \r\n`, 'multipart/mixed(text/plain[1]"one")'],
  ['a boundary never closed', `${mixed}--b\r\n\r\none\r\n`, 'multipart/mixed(text/plain[1]"one\\r\\n")'],
  ['a close at the very end', `${mixed}--b\r\n\r\none\r\n--b--`, 'multipart/mixed(text/plain[1]"one")'],
  ['a boundary never used', `${mixed}text`, 'multipart/mixed(text/plain[1]"text")'],
  [
    'no boundary',
    'Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx',
    'multipart/mixed(text/plain[3]"--b\\r\\n\\r\\nx")',
  ],
  [
    'empty parts',
    `${mixed}--b\r\n--b\r\n\r\n--b\r\n\r\n\r\n--b--`,
    'multipart/mixed(text/plain[0]"" text/plain[0]"" text/plain[0]"")',
  ],
  ['a header without empty line', `${mixed}--b\r\nContent-Type: text/html\r\n--b--`, 'multipart/mixed(text/html[0]"")'],
  [
    'what looks like a boundary',
    `${mixed}--b\r\n\r\n-b\r\n --b\r\n--\r\n--B\r\n--b--`,
    'multipart/mixed(text/plain[4]"-b\\r\\n --b\\r\\n--\\r\\n--B")',
  ],
  [
    'text after boundaries, which is ignored (RFC 2046 §5.1.1)',
    `${mixed}--b \t\r\n\r\n1\r\n--b next part\r\n\r\n2\r\n--bb\r\n\r\n3\r\n--b-\r\n\r\n4\r\n--b--end\r\nepilogue\r\n--x`,
    'multipart/mixed(text/plain[1]"1" text/plain[1]"2" text/plain[1]"3" text/plain[1]"4")',
  ],
  [
    'a boundary line that is longer than what is compared',
    `${mixed}--b${' '.repeat(2000)}\r\n\r\n1\r\n--b--${'x'.repeat(2000)}\r\nepilogue`,
    'multipart/mixed(text/plain[1]"1")',
  ],
  [
    'a boundary with octets outside ASCII',
    `Content-Type: multipart/mixed; boundary="é"\r\n\r\n--é\r\n\r\n1\r\n--é--\r\n`,
    'multipart/mixed(text/plain[1]"1")',
  ],
  ['only a closing boundary', `${mixed}text\r\n--b--\r\n`, 'multipart/mixed(text/plain[2]"text\\r\\n--b--\\r\\n")'],
  [
    'comments in names',
    'Content-Type: (a) text (b) / (c) html (d)\r\nContent-Transfer-Encoding: (c) 7bit (d)\r\n\r\nx',
    'text/html[1]"x"',
  ],
  [
    'a boundary that is the prefix of another',
    `${mixed}--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\n\r\n1\r\n--bb\r\n\r\n2\r\n--bb--\r\n--b\r\n\r\n3\r\n--b--\r\n`,
    'multipart/mixed(multipart/alternative(text/plain[1]"1" text/plain[1]"2") text/plain[1]"3")',
  ],
  [
    'a boundary that looks like the close of another',
    `${mixed}--b\r\nContent-Type: multipart/alternative; boundary="b--"\r\n\r\n--b--\r\n\r\n1\r\n--b----\r\n--b\r\n\r\n3\r\n`,
    'multipart/mixed(multipart/alternative(text/plain[1]"1") text/plain[1]"3\\r\\n")',
  ],
  [
    'an outer boundary inside an inner part',
    `${mixed}--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--`,
    'multipart/mixed(multipart/alternative(text/plain[1]"1") text/plain[1]"2")',
  ],
  [
    'a message inside',
    `${mixed}--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--b--`,
    'multipart/mixed(message/rfc822<in: text/plain[1]"x">)',
  ],
  [
    'a digest',
    'Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nx\r\n--b--',
    'multipart/digest(message/rfc822<in: text/plain[1]"x">)',
  ],
  [
    'an encoded message, which stays closed',
    'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3Vi',
    'message/rfc822[1]"U3Vi"',
  ],
  ['an unusable type', 'Content-Type: junk\r\n\r\nx', 'text/plain[1]"x"'],
] as const) {
  test(`MimeIndexer: ${title}`, () => assert.equal(show(given), want));
}

test('MimeIndexer tells what delivery needs to know', () => {
  const found = index(samples.trace ?? '');
  assert.equal(found.receivedCount, 2);
  assert.deepEqual(found.references, ['<a@b>', '<c@d>']);
  assert.equal(found.envelope.subject, '=?utf-8?q?Gr=C3=BC=C3=9Fe?=');
  assert.equal(found.has8bitHeader, false);
  assert.equal(found.has8bit, true);
  assert.equal(found.longestLineBytes, 38);
  assert.equal(index('Subject: é\r\n\r\n').has8bitHeader, true);
});

test('MimeIndexer keeps what the fields of a part say, and drops their comments', () => {
  const { root } = index(
    'Content-Type: TEXT/Html; CharSet=UTF-8 (c)\r\nContent-Transfer-Encoding: (c) BASE64 (d)\r\nContent-ID: (c) <a@b> (d)\r\n' +
      'Content-Language: de-DE (German), (c) en\r\nContent-MD5: Q2h= (c)\r\nContent-Description: =?utf-8?q?a?= (b)\r\n' +
      "Content-Disposition: INLINE; FileName*=utf-8'de'%C3%BC\r\n\r\n",
  );
  const { type, subtype, encoding, spelling, params, id, language, md5, description, disposition } = root;
  assert.deepEqual(
    [type, subtype, encoding, id, language, md5],
    ['text', 'html', 'base64', '<a@b>', ['de-DE', 'en'], 'Q2h='],
  );
  assert.deepEqual(spelling, { type: 'TEXT', subtype: 'Html', encoding: 'BASE64', disposition: 'INLINE' });
  assert.deepEqual(params, [{ name: 'CharSet', value: 'UTF-8' }]);
  assert.equal(description, '=?utf-8?q?a?= (b)');
  assert.deepEqual(disposition, { type: 'inline', params: [{ name: 'FileName*', value: "utf-8'de'%C3%BC" }] });
  assert.equal(index('Content-ID: a (b)\r\n\r\n').root.id, 'a (b)');
  assert.equal(index('Content-Transfer-Encoding: (base64)\r\n\r\n').root.encoding, '7bit');
});

test('MimeIndexer gives equal results however the bytes are cut', () => {
  for (const [name, sample] of Object.entries(samples)) {
    const want = index(sample);
    for (const size of [1, 2, 3, 5, 7, 16, 61]) assert.deepEqual(index(sample, size), want, `${name} by ${size}`);
  }
});

const pieces = fc.constantFrom(
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '--b',
  '--b--',
  '--c',
  '--c--',
  '-',
  '--',
  ' ',
  'x',
  'é',
  ':',
  'A: b\r\n',
  mixed,
  'Content-Type: multipart/digest; boundary=c\r\n\r\n',
  'Content-Type: message/rfc822\r\n\r\n',
  '\r\n--b\r\n',
  '\r\n--c\r\n',
);

test('MimeIndexer never fails on junk, keeps offsets in order, and does not depend on chunks', () => {
  const limits = { maxHeaderBytes: 60, maxAllHeaderBytes: 400, maxDepth: 5, maxParts: 12, maxBoundaryLineBytes: 8 };
  const check = fc.property(fc.array(pieces, { maxLength: 60 }), fc.nat(9), fc.boolean(), (list, size, isSmall) => {
    const bytes = encoder.encode(mixed + list.join(''));
    const used = isSmall ? limits : {};
    const found = index(bytes, Infinity, used);
    assert.deepEqual(index(bytes, size + 1, used), found);
    for (const part of flattenParts(found.root)) {
      assert.ok(part.headerStart <= part.bodyStart && part.bodyStart <= part.end && part.end <= bytes.length);
      const inside = bytes.subarray(part.bodyStart, part.end);
      const breaks = inside.filter((byte) => byte === 10).length;
      const lines = breaks + (inside.length > 0 && inside.at(-1) !== 10 ? 1 : 0);
      assert.equal(part.bodyLines, lines);
    }
  });
  fc.assert(check, { numRuns: 1500, seed: 6 });
});

test('MimeIndexer obeys its limits', () => {
  const deep = Array.from(
    { length: 80 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${100 + i}\r\n\r\n--b${100 + i}\r\n`,
  ).join('');
  const levels = flattenParts(index(deep).root).length;
  // The innermost multipart is not entered; its text counts as its part.
  assert.equal(levels, defaultMimeLimits.maxDepth + 1);
  const wide = index(`${mixed}${'--b\r\n\r\nx\r\n'.repeat(5000)}--b--\r\n`);
  assert.equal(wide.root.parts.length, defaultMimeLimits.maxParts - 1);
  assert.equal(wide.root.parts.at(-1)?.end, wide.sizeBytes);
  assert.ok(wide.problems.some((problem) => problem.reason === 'too many parts'));
  const long = index(`${'X: y\r\n'.repeat(50_000)}Subject: late\r\n\r\nbody`);
  assert.equal(long.envelope.subject, null);
  assert.equal(long.root.bodyStart, long.sizeBytes - 4);
  assert.equal(index('junk\r\n'.repeat(500)).problems.length, defaultMimeLimits.maxProblems);
});

test('MimeIndexer is linear under attack', () => {
  index(`Content-Type: multipart/mixed; boundary=x\n\n${'--x\n'.repeat(500_000)}`);
  index(`${mixed}${'--x\n'.repeat(500_000)}`);
  index(`${mixed}${'-'.repeat(2_000_000)}`, 4096);
  index('Content-Type: message/rfc822\r\n\r\n'.repeat(20_000));
  index(`${'\r'.repeat(1)}${'a\r'.repeat(500_000)}`, 4096);
});

test('MimeIndexer lives with any mutation of real messages', () => {
  let seed = 42;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % below;
  };
  for (const sample of Object.values(samples)) {
    for (let round = 0; round < 40; round++) {
      const bytes = encoder.encode(sample);
      for (let change = 0; change < 5; change++) bytes[random(bytes.length)] = random(256);
      assert.deepEqual(index(bytes, 1 + random(50)), index(bytes));
    }
  }
});
