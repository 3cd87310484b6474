import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { octetText } from '#lib/charset';
import type { Envelope, Part } from '#lib/mime';
import { NoBodyStructure, writeBodyStructure } from './index.ts';
import { shortStructure } from './short-structure.ts';

const oddText = fc.oneof(
  fc.constantFrom('', ')', '(', '"', '\\', 'NIL', '{3}\r\n', 'a "b" (c\\', 'x'.repeat(1001), '7'),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.uint8Array({ maxLength: 8 }).map(octetText),
);
const nstring = fc.option(oddText);
const params = fc.array(fc.record({ name: oddText, value: oddText }), { maxLength: 3 });
const addresses = fc.option(
  fc.array(
    fc.record({
      kind: fc.constant('mailbox' as const),
      name: nstring,
      localpart: oddText,
      domain: oddText,
      route: oddText,
    }),
    { maxLength: 2 },
  ),
);
const envelope: fc.Arbitrary<Envelope> = fc.record({
  date: nstring,
  subject: nstring,
  from: addresses,
  sender: addresses,
  replyTo: addresses,
  to: addresses,
  cc: addresses,
  bcc: addresses,
  inReplyTo: nstring,
  messageId: nstring,
});
const { part } = fc.letrec<{ part: Part }>((tie) => {
  const leaf = {
    headerStart: fc.constant(0),
    bodyStart: fc.nat(99),
    end: fc.integer({ min: 99, max: 1e6 }),
    bodyLines: fc.nat(),
    params,
    encoding: oddText,
    spelling: fc.option(fc.record({ type: oddText, subtype: oddText, encoding: oddText, disposition: nstring })),
    id: nstring,
    description: nstring,
    md5: nstring,
    disposition: fc.option(fc.record({ type: oddText, params })),
    language: fc.array(oddText, { maxLength: 3 }),
    location: nstring,
    parts: fc.constant([]),
    message: fc.constant(null),
  };
  const inner = tie('part');
  return {
    part: fc.oneof(
      { maxDepth: 4 },
      fc.record({
        ...leaf,
        type: fc.constantFrom('text', 'image', 'message'),
        subtype: fc.constantFrom('plain', 'rfc822'),
      }),
      fc.record({
        ...leaf,
        type: fc.constant('multipart'),
        subtype: oddText,
        parts: fc.array(inner, { maxLength: 3 }),
      }),
      fc.record({
        ...leaf,
        type: fc.constant('message'),
        subtype: fc.constantFrom('rfc822', 'global'),
        message: fc.record({ envelope, root: inner }),
      }),
    ),
  };
});

test('shortStructure makes BODY of every BODYSTRUCTURE', () => {
  fc.assert(
    fc.property(part, (root) => {
      const short = shortStructure(writeBodyStructure(root, { extended: true }));
      assert.equal(short, writeBodyStructure(root, { extended: false }));
    }),
    { seed: 20261128, numRuns: 2000 },
  );
});

test('shortStructure refuses what is cut, and other text', () => {
  const root = fc.sample(part, { seed: 5, numRuns: 50 });
  for (const some of root) {
    const text = writeBodyStructure(some, { extended: true });
    for (const cut of [0, 1, text.length >> 1, text.length - 1]) {
      assert.throws(() => shortStructure(text.slice(0, cut)), NoBodyStructure);
    }
    assert.throws(() => shortStructure(`${text})`), NoBodyStructure);
  }
  for (const text of ['x', '()', '("text" "plain" NIL NIL NIL "7bit" {9}\r\nx', '("a" "b" NIL NIL NIL "7bit" 1 x)']) {
    assert.throws(() => shortStructure(text), NoBodyStructure);
  }
});
