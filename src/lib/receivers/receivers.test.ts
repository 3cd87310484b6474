import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { describeViolation, MessageChecker, receiverRules, type ContentFacts, type ReceiverRule } from './index.ts';

const clean: ContentFacts = { hadBareLf: false, hadBareCr: false, smtputf8: false };
const date = 'Date: Fri, 27 Nov 2026 10:00:00 +0000';
const whole = ['From: a@example.org', 'To: b@example.org', date, 'Message-ID: <1@example.org>'];

function check(content: string | Uint8Array, facts: Partial<ContentFacts> = {}, step = Infinity): string[] {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const checker = new MessageChecker();
  for (let at = 0; at < bytes.length; at += step) checker.push(bytes.subarray(at, Math.min(bytes.length, at + step)));
  return checker.finish({ ...clean, ...facts }).map(({ rule, detail }) => `${rule}: ${detail}`);
}

function message(lines: readonly string[], body = 'hello\r\n'): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

for (const [what, content, want] of [
  ['a whole message', message(whole), []],
  [
    'a message with all that is allowed',
    message([
      ...whole,
      'Sender: "c, d" <c@example.org>',
      'Cc: x: y@example.org, z@[192.0.2.1];, "a b"@example.org',
      'Subject:',
    ]),
    [],
  ],
  ['two Dates', message([...whole, date]), ['repeatedField: the field Date occurs 2 times']],
  [
    'three Subjects',
    message([...whole, 'Subject: a', 'subject: b', 'SUBJECT: c']),
    ['repeatedField: the field Subject occurs 3 times'],
  ],
  ['two From', message([...whole, 'From: c@example.org']), ['repeatedField: the field From occurs 2 times']],
  ['two To', message([...whole, 'To: c@example.org']), ['repeatedField: the field To occurs 2 times']],
  [
    'two Message-IDs',
    message([...whole, 'Message-Id: <2@example.org>']),
    ['repeatedField: the field Message-ID occurs 2 times'],
  ],
  ['no From', message(whole.slice(1)), ['noFrom: there is no From field']],
  ['an empty From', message(['From: ', ...whole.slice(1)]), ['unreadableFrom: the field From has no address']],
  [
    'a broken From',
    message(['From: Ann <ann at example.org>', ...whole.slice(1)]),
    ['unreadableFrom: the field From has an address that is none: annatexample.org'],
  ],
  [
    'a From without domain',
    message(['From: root', ...whole.slice(1)]),
    ['unreadableFrom: the field From has an address that is none: root'],
  ],
  [
    'two authors',
    message(['From: a@example.org, b@example.org', ...whole.slice(1)]),
    ['severalAuthors: the field From has 2 addresses, and there is no Sender'],
  ],
  [
    'two authors and a Sender',
    message(['From: a@example.org, b@example.org', 'Sender: a@example.org', ...whole.slice(1)]),
    [],
  ],
  [
    'a recipient without domain',
    message([...whole, 'Cc: bob']),
    ['unreadableAddress: the field Cc has an address that is none: bob'],
  ],
  ['no Date', message(whole.filter((line) => line !== date)), ['noDate: there is no Date field']],
  [
    'a Date that is none',
    message(whole.map((line) => (line === date ? 'Date: now\u00e9' : line))),
    ['unreadableDate: the field Date is no date: now?', 'eightBitHeader: the header has 8-bit text without SMTPUTF8'],
  ],
  ['no Message-ID', message(whole.slice(0, 3)), ['noMessageId: there is no Message-ID field']],
  [
    'a Message-ID without @',
    message([...whole.slice(0, 3), 'Message-ID: <1>']),
    ['unreadableMessageId: the field Message-ID is no <left@right>: <1>'],
  ],
  [
    'a Return-Path',
    message(['Return-Path: <a@example.org>', ...whole]),
    ['returnPath: the field Return-Path is for the last server to write'],
  ],
  [
    'a line that is no field',
    message([...whole, 'hello there']),
    ['strangeLine: a line of the header is no field: hello there'],
  ],
  ['998 octets', message(whole, `${'x'.repeat(998)}\r\n`), []],
  ['999 octets', message(whole, `a\r\n${'x'.repeat(999)}\r\n`), ['longLine: line 7 has 999 octets, more than 998']],
  ['999 octets at the end', message(whole, 'x'.repeat(999)), ['longLine: line 6 has 999 octets, more than 998']],
  [
    'a long header',
    message([...whole, ...Array.from({ length: 400 }, (_, i) => `X-${i}: ${'y'.repeat(700)}`)]),
    ['longHeader: the header has 284000 octets'],
  ],
  ['8-bit text in the body', message(whole, 'Gr\u00fc\u00dfe\r\n'), []],
  ['CR in a line', message(whole, 'a\rb\r\n'), ['bareCr: CR without LF']],
  ['NUL', message(whole, 'a\0b\r\n'), ['nul: NUL in the message']],
  [
    'nothing',
    '',
    ['noFrom: there is no From field', 'noDate: there is no Date field', 'noMessageId: there is no Message-ID field'],
  ],
] as const) {
  test(`MessageChecker: ${what}`, () => {
    const found = check(content);
    if (what === 'a long header') assert.match(found.join(), /^longHeader: the header has 28\d{4} octets$/);
    else assert.deepEqual(found, want);
    assert.deepEqual(check(content, {}, 1), found, 'one octet at a time');
  });
}

test('MessageChecker: what the session knows', () => {
  assert.deepEqual(check(message(whole), { hadBareLf: true, hadBareCr: true }), [
    'bareLf: lines ended with LF without CR',
    'bareCr: CR without LF',
  ]);
  assert.deepEqual(check(message([...whole, 'Subject: \u00e9']), { smtputf8: true }), []);
});

test('MessageChecker: any octets in any pieces give printable violations, no more than the limit', () => {
  const octets = fc.array(
    fc.oneof(
      fc.constantFrom(
        ...['From: ', 'Date: ', 'To: <', '\r\n', '\r', '\n', ' ', '@', ',', '\0', '\u00e9'].map((text) =>
          new TextEncoder().encode(text),
        ),
      ),
      fc.uint8Array({ maxLength: 8 }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 9 }), (pieces, step) => {
      const bytes = Buffer.concat(pieces);
      const found = check(bytes);
      assert.deepEqual(check(bytes, {}, step), found);
      assert.ok(found.length <= 20);
      for (const line of found) assert.match(line, /^[\x20-\x7e]+$/);
    }),
    { numRuns: 300, seed: 4 },
  );
  const checker = new MessageChecker({ maxHeaderBytes: 30, maxViolations: 1 });
  checker.push(new TextEncoder().encode(message([...whole, 'Subject: a', 'Subject: b'])));
  assert.deepEqual(checker.finish(clean).length, 1);
});

test('describeViolation names the receivers', () => {
  const detail = 'the field Date occurs 2 times';
  assert.equal(describeViolation({ rule: 'repeatedField', detail }), `${detail}: refused by Gmail, Haraka`);
  assert.equal(describeViolation({ rule: 'eightBitHeader', detail: 'x' }), 'x: altered by Cyrus');
});

test('receiverRules: each row has a source that can be opened', () => {
  for (const [name, { judgements }] of Object.entries<ReceiverRule>(receiverRules)) {
    assert.ok(judgements.length > 0, name);
    for (const { source } of judgements) assert.equal(new URL(source).protocol, 'https:', name);
  }
});
