import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { octetsOf } from '#lib/charset';
import type { Envelope, Part } from '#lib/mime';
import {
  bodyStructureText,
  bodyText,
  defaultLimits,
  envelopeText,
  parseCommand,
  ResponseWriter,
  writeBodyStructure,
  writeEnvelope,
  writeEsearch,
  writeInternalDate,
  writeList,
  writeNamespace,
  writeStatus,
} from './index.ts';
import { writeMailboxName } from './write-mailbox-data.ts';

const decoder = new TextDecoder();
const ascii = { utf8: false };
const utf8 = { utf8: true };

/** Returns what `write` puts into a writer, as text; the tiny buffer makes it grow. */
function written(write: (writer: ResponseWriter) => void): string {
  const writer = new ResponseWriter(1);
  write(writer);
  return decoder.decode(writer.take());
}

test('ResponseWriter.number writes decimal', () => {
  const numbers = [0, 7, 9, 10, 99, 100, 12_345, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, Number.MAX_SAFE_INTEGER];
  for (const n of numbers)
    assert.equal(
      written((w) => w.number(n)),
      String(n),
    );
});

for (const [text, options, want] of [
  ['a"b\\', ascii, '"a\\"b\\\\"'],
  ['', ascii, '""'],
  ['ü', ascii, '{2}\r\nü'],
  ['ü"', utf8, '"ü\\""'],
  ['a\r\nb', utf8, '{4}\r\na\r\nb'],
  ['a\0b', ascii, '"ab"'],
  ['x'.repeat(1001), ascii, `{1001}\r\n${'x'.repeat(1001)}`],
] as const) {
  test(`ResponseWriter.quoted(${JSON.stringify(text.slice(0, 20))}), utf8 ${options.utf8}`, () => {
    assert.equal(
      written((w) => w.quoted(text, options)),
      want,
    );
  });
}

test('ResponseWriter.astring and nstring', () => {
  assert.equal(
    written((w) => w.astring('a]b', ascii)),
    'a]b',
  );
  assert.equal(
    written((w) => w.astring('a b', ascii)),
    '"a b"',
  );
  assert.equal(
    written((w) => w.astring('nil', ascii)),
    '"nil"',
  );
  assert.equal(
    written((w) => w.astring('', ascii)),
    '""',
  );
  assert.equal(
    written((w) => w.nstring(null, ascii)),
    'NIL',
  );
  assert.equal(
    written((w) => w.literalHeader(12, true)),
    '~{12}\r\n',
  );
});

test('ResponseWriter.take gives the bytes away', () => {
  const writer = new ResponseWriter(4);
  const first = writer.ascii('abc').take();
  writer.ascii('xyz');
  assert.equal(decoder.decode(first), 'abc');
});

test('ResponseWriter.astring is read back by parseCommand', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.boolean(), (text, enabled) => {
      const sent = text.replaceAll('\0', '').toWellFormed();
      const writer = new ResponseWriter().ascii('a LOGIN ').astring(sent, { utf8: enabled }).ascii(' x');
      const { command } = parseCommand(writer.take(), { limits: defaultLimits, utf8: enabled });
      assert.deepEqual(command, { ok: true, value: { kind: 'login', user: sent, password: 'x' } });
    }),
    { numRuns: 200, seed: 4959 },
  );
});

test('writeMailboxName is read back by parseCommand', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.boolean(), (text, enabled) => {
      const name = text.replaceAll(/\p{Cc}/gu, '').toWellFormed();
      const mailbox = /^inbox$/i.test(name) ? 'INBOX' : name;
      const writer = new ResponseWriter().ascii('a DELETE ');
      writeMailboxName(writer, name, { utf8: enabled });
      const { command } = parseCommand(writer.take(), { limits: defaultLimits, utf8: enabled });
      assert.deepEqual(command, { ok: true, value: { kind: 'delete', mailbox } });
    }),
    { numRuns: 200, seed: 2152 },
  );
});

test('writeInternalDate', () => {
  assert.equal(writeInternalDate(Date.UTC(1996, 6, 17, 9, 4, 5)), '"17-Jul-1996 09:04:05 +0000"');
  assert.equal(writeInternalDate(0), '" 1-Jan-1970 00:00:00 +0000"');
  assert.equal(writeInternalDate(1e18), '"31-Dec-9999 23:59:59 +0000"');
});

const terry = { kind: 'mailbox', name: 'Terry Gray', localpart: 'gray', domain: 'cac.washington.edu' } as const;
const envelope: Envelope = {
  date: 'Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
  subject: 'IMAP4rev2 WG mtg summary and minutes',
  from: [terry],
  sender: null,
  replyTo: [],
  to: [{ kind: 'mailbox', name: null, localpart: 'imap', domain: 'cac.washington.edu' }],
  cc: [{ kind: 'groupStart', name: 'minutes' }, { ...terry, name: null }, { kind: 'groupEnd' }],
  bcc: null,
  inReplyTo: null,
  messageId: '<B27397-0100000@cac.washington.ed>',
};
const gray = '("Terry Gray" NIL "gray" "cac.washington.edu")';

test('writeEnvelope writes the example of RFC 9051 §8, with a group and defaults', () => {
  assert.equal(
    writeEnvelope(envelope),
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ' +
      `(${gray}) (${gray}) (${gray}) ((NIL NIL "imap" "cac.washington.edu")) ` +
      '((NIL NIL "minutes" NIL)(NIL NIL "gray" "cac.washington.edu")(NIL NIL NIL NIL)) NIL NIL ' +
      '"<B27397-0100000@cac.washington.ed>")',
  );
});

test('writeEnvelope writes subject and names as they stand, octets outside ASCII as literals, and routes', () => {
  const given: Envelope = {
    ...envelope,
    date: null,
    to: null,
    cc: null,
    messageId: '',
    subject: '=?iso-8859-1?q?=DC?=',
    from: [{ ...terry, name: '=?utf-8?q?=C3=96?= "x"', route: '@a.example,@b.example' }],
    sender: [{ ...terry, name: 'Ö\uEFFF' }],
  };
  const from = '("=?utf-8?q?=C3=96?= \\"x\\"" "@a.example,@b.example" "gray" "cac.washington.edu")';
  const sender = '({3}\r\nÖ\uEFFF NIL "gray" "cac.washington.edu")';
  assert.equal(writeEnvelope(given), `(NIL "=?iso-8859-1?q?=DC?=" (${from}) (${sender}) (${from}) NIL NIL NIL NIL "")`);
});

function part(given: Partial<Part>): Part {
  return {
    headerStart: 0,
    bodyStart: 0,
    end: 0,
    bodyLines: 0,
    type: 'text',
    subtype: 'plain',
    params: [],
    encoding: '7bit',
    spelling: null,
    id: null,
    description: null,
    md5: null,
    disposition: null,
    language: [],
    location: null,
    parts: [],
    message: null,
    ...given,
  };
}

const text = part({ bodyStart: 100, end: 1252, bodyLines: 23, params: [{ name: 'charset', value: 'US-ASCII' }] });
const file = part({
  type: 'image',
  subtype: 'png',
  bodyStart: 10,
  end: 30,
  encoding: 'base64',
  id: '<960723163407.20117h@cac.washington.edu>',
  description: '=?utf-8?q?=C3=9C?=',
  md5: 'x',
  disposition: {
    type: 'attachment',
    params: [
      { name: 'filename*', value: "utf-8'de'%C3%BC.png" },
      { name: 'filename', value: '=?x?q?u?=.png' },
    ],
  },
  language: ['en', 'de'],
  location: 'here',
});

for (const [title, given, extended, want] of [
  ['text', text, false, '("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 1152 23)'],
  ['text', text, true, '("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 1152 23 NIL NIL NIL NIL)'],
  [
    'plain text that names no charset',
    part({ end: 9, bodyLines: 2 }),
    false,
    '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 9 2)',
  ],
  [
    'plain text that only has another parameter',
    part({ end: 9, bodyLines: 2, params: [{ name: 'format', value: 'flowed' }] }),
    false,
    '("text" "plain" ("format" "flowed" "charset" "us-ascii") NIL NIL "7bit" 9 2)',
  ],
  [
    'text of another kind',
    part({ subtype: 'html', end: 9, bodyLines: 2 }),
    false,
    '("text" "html" NIL NIL NIL "7bit" 9 2)',
  ],
  [
    'file',
    file,
    true,
    '("image" "png" NIL "<960723163407.20117h@cac.washington.edu>" "=?utf-8?q?=C3=9C?=" "base64" 20 "x" ' +
      `("attachment" ("filename*" "utf-8'de'%C3%BC.png" "filename" "=?x?q?u?=.png")) ("en" "de") "here")`,
  ],
  [
    'file with octets outside ASCII',
    part({ ...file, md5: null, disposition: null, description: 'Ü', params: [{ name: 'name', value: 'Z\uEFFC"\\' }] }),
    true,
    '("image" "png" ("name" {4}\r\nZ\uEFFC"\\) "<960723163407.20117h@cac.washington.edu>" {2}\r\nÜ "base64" 20 NIL NIL ("en" "de") "here")',
  ],
  [
    'part whose names are in upper case',
    part({
      ...file,
      id: null,
      description: null,
      md5: null,
      language: [],
      location: null,
      spelling: { type: 'IMAGE', subtype: 'PNG', encoding: 'Base64', disposition: 'ATTACHMENT' },
    }),
    true,
    `("IMAGE" "PNG" NIL NIL NIL "Base64" 20 NIL ("ATTACHMENT" ("filename*" "utf-8'de'%C3%BC.png" "filename" "=?x?q?u?=.png")) NIL NIL)`,
  ],
  [
    'multipart',
    part({ type: 'multipart', subtype: 'mixed', parts: [text, text], params: [{ name: 'boundary', value: 'b' }] }),
    true,
    '(("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 1152 23 NIL NIL NIL NIL)' +
      '("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 1152 23 NIL NIL NIL NIL) ' +
      '"mixed" ("boundary" "b") NIL NIL NIL)',
  ],
  [
    'multipart without parts',
    part({ type: 'multipart', subtype: 'mixed' }),
    false,
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed")',
  ],
  [
    'message',
    part({
      type: 'message',
      subtype: 'rfc822',
      end: 9,
      bodyLines: 2,
      message: { envelope: { ...envelope, from: null, to: null, cc: null, date: null }, root: text },
    }),
    false,
    '("message" "rfc822" NIL NIL NIL "7bit" 9 (NIL "IMAP4rev2 WG mtg summary and minutes" NIL NIL NIL NIL NIL NIL NIL ' +
      '"<B27397-0100000@cac.washington.ed>") ("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 1152 23) 2)',
  ],
  [
    'message that was not looked into',
    part({ type: 'message', subtype: 'rfc822', end: 9, bodyLines: 2 }),
    false,
    '("message" "rfc822" NIL NIL NIL "7bit" 9 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) 2)',
  ],
] as const) {
  test(`writeBodyStructure of a ${title}, extended ${extended}`, () => {
    assert.equal(writeBodyStructure(given, { extended }), want);
  });
}

test('envelopeText and its kin return a string of US-ASCII, or the octets', () => {
  const octets = fc.string({
    unit: fc.constantFrom('a', ' ', '"', '\r\n', '\0', '{3}', 'é', '\uEFFC', 'x'.repeat(600)),
  });
  fc.assert(
    fc.property(octets, octets, (a, b) => {
      const given = { ...envelope, subject: a, from: [{ ...terry, name: b }], messageId: b };
      const inner = part({ type: 'message', subtype: 'rfc822', message: { envelope: given, root: text } });
      const root = part({
        type: 'multipart',
        subtype: 'mixed',
        parts: [inner, part({ description: a, language: [b] })],
      });
      const source = { description: { envelope: given, root }, oldTexts: null };
      for (const [ready, want] of [
        [envelopeText(source), writeEnvelope(given)],
        [bodyStructureText(source), writeBodyStructure(root, { extended: true })],
        [bodyText(source), writeBodyStructure(root, { extended: false })],
      ] as const) {
        assert.match(typeof ready === 'string' ? ready : '', /^[\0-\x7f]*$/);
        assert.deepEqual(typeof ready === 'string' ? octetsOf(ready) : ready, octetsOf(want));
      }
    }),
    { seed: 11, numRuns: 500 },
  );
});

test('writeList', () => {
  const line = { attributes: ['\\Noselect', '\\HasChildren'], separator: '/', name: 'ü & a' };
  assert.equal(
    written((w) => writeList(w, line, ascii)),
    '* LIST (\\Noselect \\HasChildren) "/" "&APw- &- a"\r\n',
  );
  assert.equal(
    written((w) => writeList(w, { ...line, separator: null, attributes: [] }, utf8)),
    '* LIST () NIL "ü & a"\r\n',
  );
  const extended = { attributes: [], separator: '/', name: 'a', childInfo: ['SUBSCRIBED'], oldName: 'b c' };
  assert.equal(
    written((w) => writeList(w, extended, utf8)),
    '* LIST () "/" a ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("b c"))\r\n',
  );
  assert.equal(
    written((w) => writeList(w, { ...line, name: 'a' }, utf8, 'LSUB')),
    '* LSUB (\\Noselect \\HasChildren) "/" a\r\n',
  );
});

test('writeStatus', () => {
  const values = [
    ['messages', 231],
    ['uidNext', 44292],
    ['appendLimit', null],
  ] as const;
  const want = '* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 APPENDLIMIT NIL)\r\n';
  assert.equal(
    written((w) => writeStatus(w, 'blurdybloop', values, ascii)),
    want,
  );
});

test('writeNamespace', () => {
  const personal = [{ prefix: '', separator: '/' }];
  const shared = [
    { prefix: '#shared/', separator: '/' },
    { prefix: 'x', separator: null },
  ];
  assert.equal(
    written((w) => writeNamespace(w, { personal, otherUsers: [], shared }, ascii)),
    '* NAMESPACE (("" "/")) NIL (("#shared/" "/")("x" NIL))\r\n',
  );
});

test('writeEsearch', () => {
  const nothing = { tag: 'A282', uid: false, min: null, max: null, count: null, all: null, modSeq: null };
  assert.equal(
    written((w) => writeEsearch(w, { ...nothing, all: '' })),
    '* ESEARCH (TAG "A282")\r\n',
  );
  assert.equal(
    written((w) => writeEsearch(w, { ...nothing, uid: true, min: 2, max: 47, count: 25, all: '1:17,21', modSeq: 5 })),
    '* ESEARCH (TAG "A282") UID MIN 2 MAX 47 COUNT 25 ALL 1:17,21 MODSEQ 5\r\n',
  );
});
