import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { bodyStructureText, envelopeText } from '#lib/imap';
import { listedFieldNames, listedFields } from '#lib/message';
import type { AddressEntry } from '#lib/message';
import { HeaderFacts, type Envelope, type Part } from '#lib/mime';
import { seededNumbers } from '#testing/seeded-random';
import { decodeDescription, DescriptionDamaged, encodeDescription } from './index.ts';
import { tokens } from './tokens.ts';

/** As `fc.record`, of plain objects. */
function record<T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const word = fc.oneof(
  fc.constantFrom(...tokens),
  fc.constantFrom('', 'NIL', '\0', 'é', '\uef80\uefff', '😀', 'x'.repeat(100), 'Grüße '.repeat(20), 'a"b\\c'),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.toWellFormed()),
);
const nullable = fc.option(word);
const params = fc.array(record({ name: word, value: word }), { maxLength: 4 });
const address: fc.Arbitrary<AddressEntry> = fc.oneof(
  record({ kind: fc.constant('mailbox' as const), name: nullable, localpart: word, domain: word }),
  record({ kind: fc.constant('mailbox' as const), name: nullable, localpart: word, domain: word, route: word }),
  record({ kind: fc.constant('groupStart' as const), name: word }),
  fc.constant({ kind: 'groupEnd' as const }),
);
const list = fc.option(fc.array(address, { maxLength: 4 }));
const envelope: fc.Arbitrary<Envelope> = record({
  date: nullable,
  subject: nullable,
  from: list,
  sender: list,
  replyTo: list,
  to: list,
  cc: list,
  bcc: list,
  inReplyTo: nullable,
  messageId: nullable,
});

/** A part without its place and what is inside. */
const members = record({
  bodyLines: fc.nat(),
  type: word,
  subtype: word,
  params,
  encoding: word,
  spelling: fc.option(record({ type: word, subtype: word, encoding: word, disposition: nullable })),
  id: nullable,
  description: nullable,
  md5: nullable,
  disposition: fc.option(record({ type: word, params })),
  language: fc.array(word, { maxLength: 3 }),
  location: nullable,
});
const gap = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 2 ** 31 - 1 }), fc.constant(2 ** 40));

interface Shape {
  readonly own: Omit<Part, 'headerStart' | 'bodyStart' | 'end' | 'parts' | 'message'>;
  readonly gaps: readonly [number, number, number];
  readonly parts: readonly Shape[];
  readonly message: { readonly envelope: Envelope; readonly root: Shape } | null;
}

/** Shapes with at most `depth` levels below them. */
function shapesOf(depth: number): fc.Arbitrary<Shape> {
  const inside = depth === 0 ? null : shapesOf(depth - 1);
  return record({
    own: members,
    gaps: fc.tuple(gap, gap, gap),
    parts: inside === null ? fc.constant([]) : fc.array(inside, { maxLength: 3 }),
    message: inside === null ? fc.constant(null) : fc.option(record({ envelope, root: inside })),
  });
}

const shapes = shapesOf(2);

/** Puts a shape into its place: parts follow each other inside the one that has them. */
function placed({ own, gaps, parts, message }: Shape, from: number): Part {
  const headerStart = from + gaps[0];
  const bodyStart = headerStart + gaps[1];
  let at = bodyStart;
  const children = parts.map((shape) => {
    const part = placed(shape, at);
    at = part.end;
    return part;
  });
  const root = message === null ? null : placed(message.root, bodyStart);
  const end = Math.max(at, root?.end ?? 0) + gaps[2];
  const embedded = message === null || root === null ? null : { envelope: message.envelope, root };
  return { headerStart, bodyStart, end, ...own, parts: children, message: embedded };
}

function moved(part: Part, by: number): Part {
  const { headerStart, bodyStart, end, parts, message } = part;
  return {
    ...part,
    headerStart: headerStart + by,
    bodyStart: bodyStart + by,
    end: end + by,
    parts: parts.map((child) => moved(child, by)),
    message: message === null ? null : { ...message, root: moved(message.root, by) },
  };
}

const trees = shapes.map((shape) => placed({ ...shape, gaps: [0, shape.gaps[1], shape.gaps[2]] }, 0));
const headers = fc
  .array(
    fc.tuple(
      fc.constantFrom(...listedFieldNames, 'Received', 'X-Other', 'SUBJECT ', 'From\t'),
      fc.string({ maxLength: 60 }),
    ),
    { maxLength: 12 },
  )
  .map((fields) => new TextEncoder().encode(`${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`));

test('decodeDescription gives back what encodeDescription got, with offsets moved', () => {
  fc.assert(
    fc.property(headers, trees, fc.nat({ max: 5000 }), (header, root, shift) => {
      const listed = listedFields(header);
      const found = decodeDescription(encodeDescription(listed, root), shift);
      assert.deepEqual(found.listed, listed);
      assert.deepEqual(found.root, { ...moved(root, shift), headerStart: 0 });
      const { envelope: want, references } = new HeaderFacts({ bytes: header, isPlain: true });
      assert.deepEqual([found.envelope, found.references], [want, references]);
    }),
    { seed: 11, numRuns: 300 },
  );
});

test('decodeDescription of junk gives something or throws DescriptionDamaged, soon', () => {
  const next = seededNumbers(5);
  const upTo = (below: number): number => Math.floor(next() * below);
  const good = fc.sample(fc.tuple(headers, trees), { seed: 3, numRuns: 40 });
  let read = 0;
  for (const [header, root] of good) {
    const bytes = encodeDescription(listedFields(header), root);
    for (let n = 0; n < 100; n++) {
      const junk = bytes.slice(0, n % 3 === 0 ? upTo(bytes.length) : bytes.length);
      for (let k = upTo(4); k > 0; k--) junk[upTo(junk.length)] = upTo(256);
      try {
        const { envelope: _envelope, root: found } = decodeDescription(junk, 0);
        assert.ok(found.bodyStart <= found.end);
        read += 1;
      } catch (error) {
        assert.ok(error instanceof DescriptionDamaged, String(error));
      }
    }
  }
  assert.ok(read > 100 && read < 4000, String(read));
});

for (const [what, bytes] of [
  ['nothing', []],
  ['another version', [2, 0, 0]],
  ['unknown flags', [1, 2, 0]],
  ['fields without an end', [1, 0, 9, 65]],
  ['a number without an end', [1, 0, 0x80]],
  ['a number that is too large', [1, 0, ...Array.from({ length: 9 }, () => 0xff), 1]],
] as const) {
  test(`decodeDescription refuses ${what} at once`, () => {
    assert.throws(() => decodeDescription(Uint8Array.from(bytes), 0), DescriptionDamaged);
  });
}

for (const [what, tree] of [
  ['no part', []],
  ['members that are unknown', [0x80, 0x20, 0, 0, 0, 0]],
  ['an unknown token', [1, 0, 0, 0, 0, 0xff, 0x7f]],
  ['a text that is no UTF-8', [16, 0, 0, 0, 0, 2, 0xff]],
  ['a list without an end', [2, 0, 0, 0, 0, 100]],
  ['a text that is null', [16, 0, 0, 0, 0, 1]],
  ['something that follows', [0, 0, 0, 0, 0, 0]],
  ['parts nested 101 deep', Array.from({ length: 101 }, () => [0x80, 0x08, 0, 0, 0, 0, 1]).flat()],
] as const) {
  test(`decodeDescription refuses a tree with ${what} when it is asked for`, () => {
    const description = decodeDescription(Uint8Array.of(1, 1, 0, ...tree), 0);
    assert.equal(description.envelope.from, null);
    assert.throws(() => description.root, DescriptionDamaged);
  });
}

/** A description as the first version with descriptions stored it. */
const version1 =
  'AQHvAURhdGU6IFRodSwgMSBKYW4gMjAyNiAwMDozMDowMCArMDIwMA0KU3ViamVjdDogPT91dGYtOD9xP0dyPUMzPUJDPUMzPTlGZT89DQpGcm9tOiAiQW5uIiA8' +
  'YW5uQGV4YW1wbGUub3JnPiAoaG9tZSkNClRvOiBhbGw6IGJvYkBleGFtcGxlLm9yZywgPEByLmV4YW1wbGU6Y0BleGFtcGxlLm9yZz47DQpSZWZlcmVuY2VzOiA8' +
  'MUB4Pg0KIDwyQHg+DQpDb250ZW50LVR5cGU6IG11bHRpcGFydC9taXhlZDsgYm91bmRhcnk9Yg0KgwgAgQLrAQ8JDQEzAmICmwIFUwMBAwcBMVF9e2EBCjxjQHg+' +
  'AYkBgREHUS8EFxmBAQE3CnguZW1sAQxpbnNpZGUBAQIAAQZkYW4WZXhhbXBsZS5vcmcAAAAAAAAAKgUB';

/**
 * RFC 9051 §2.3.1.1: what is said of a stored message never changes. A change of a parser or writer that fails this test needs a new version of
 * descriptions, and the old way for those of version 1.
 */
test('a description of version 1 says what it always said', () => {
  const description = decodeDescription(
    Uint8Array.from(atob(version1), (char) => char.charCodeAt(0)),
    0,
  );
  const ann = '(("Ann" NIL "ann" "example.org"))';
  const to = '((NIL NIL "all" NIL)(NIL NIL "bob" "example.org")(NIL "@r.example" "c" "example.org")(NIL NIL NIL NIL))';
  const subject = '"=?utf-8?q?Gr=C3=BC=C3=9Fe?="';
  assert.equal(
    envelopeText({ description, oldTexts: null }),
    `("Thu, 1 Jan 2026 00:30:00 +0200" ${subject} ${ann} ${ann} ${ann} ${to} NIL NIL NIL NIL)`,
  );
  const dan = '((NIL NIL "dan" "example.org"))';
  const html = '("Text" "HTML" ("charset" "utf-8") "<c@x>" NIL "7bit" 3 1 NIL NIL ("de") NIL)';
  const inside = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1 NIL NIL NIL NIL)';
  const message = `("message" "rfc822" NIL NIL NIL "7bit" 47 (NIL "inside" ${dan} ${dan} ${dan} NIL NIL NIL NIL NIL) ${inside} 4`;
  assert.equal(
    bodyStructureText({ description, oldTexts: null }),
    `(${html}${message} NIL ("attachment" ("filename" "x.eml")) NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)`,
  );
  assert.deepEqual(description.references, ['<1@x>', '<2@x>']);
});
