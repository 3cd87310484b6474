import assert from 'node:assert/strict';
import { parseForwardPath, parseReversePath, writePath } from '#lib/address';
import { decode } from '#lib/charset';
import { parseDsn, writeDsn } from '#lib/dsn';
import {
  defaultMimeLimits,
  HeaderFacts,
  htmlToText,
  MimeIndexer,
  readFlowed,
  type MessageIndex,
  type Part,
} from '#lib/mime';
import * as message from '#lib/message';
import { describeMessage, readDescription } from '#mail/messages';
import { latin1, realMessages } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';

const dictionary = [
  [
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n',
    '\r\n--b\r\n',
    '\r\n--b--\r\n',
    '--b',
    'boundary=',
    'boundary=""',
  ],
  ['Content-Type: message/rfc822\r\n\r\n', 'Content-Type: message/global\n\n', 'Content-Transfer-Encoding: base64\r\n'],
  [
    '=?utf-8?q?=C3=A9?=',
    '=?iso-2022-jp?b?GyRC?=',
    '=?x?',
    '?=',
    "name*0*=utf-8''%e2",
    'name*1=b',
    ';',
    ';;;',
    '*9999=',
  ],
  [
    '"',
    '\\',
    '(',
    ')',
    '((((',
    '<',
    '>',
    '@',
    ',',
    ':',
    'group: a@b, c@d;',
    'From: ',
    'Subject: Re: [x] Fwd: ',
    'To: ',
  ],
  [
    'Date: Thu, 1 Jan 1970 00:00:00 +0000',
    'Message-ID: <a@b>',
    'References: <a@b> <c@d>',
    'Received: ',
    'In-Reply-To: ',
  ],
  [
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\n\n',
    '\t',
    ' ',
    '\0',
    '\xff',
    '\xc3\xa9',
    '\xc3',
    '=',
    '=\r\n',
    '=3D',
    '&#x41;',
    '<b>',
    '<!--',
  ],
].flat();

const handWritten = [
  'Subject: x\r\n\r\nhello\r\nworld',
  'Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: multipart/alternative; boundary="c d"\r\n\r\n--c d\r\n\r\nx\r\n--c d--\r\n--b--\r\nepi',
  'Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nSubject: in\n\nbody\n',
  'From: "A, \\"B\\"" (c (d)) <a@[IPv6:::1]>, group: x@y;, =?utf-8?b?w6k=?= <e@f>\r\nContent-Disposition: attachment; filename*0*=utf-8\'\'%e2%82; filename*1*=%ac\r\n\r\n',
].map(latin1);

/** Structure of messages: offsets in order and inside, the same whatever the chunks, limits kept. */
const mime: Target = {
  name: 'mime',
  seeds: [...handWritten, ...realMessages(60, 20_000)],
  dictionary,
  maxBytes: 60_000,
  async run(input, random) {
    const limits = random() < 0.3 ? { maxDepth: 3, maxParts: 5, maxHeaderBytes: 200, maxAllHeaderBytes: 600 } : {};
    const whole = indexed([input], limits);
    const pieces = indexed(chunked(input, random), limits);
    assert.deepEqual(pieces, whole, 'chunks make a difference');
    must(whole.sizeBytes === input.length, 'the size is wrong');
    const { maxParts, maxDepth, maxProblems } = { ...defaultMimeLimits, ...limits };
    const counts = { parts: 0 };
    checkPart(whole.root, { headerStart: 0, end: input.length }, maxDepth + 1, counts);
    must(counts.parts <= maxParts + 1, `${counts.parts} parts`);
    must(whole.problems.length <= maxProblems, 'too many problems');
    must(whole.references.length <= 200, 'too many references');
    const described = describeMessage(whole);
    must(described.headerBytes <= input.length, 'a header longer than the message');
    const { root, listed, envelope, references } = readDescription(described.description, 0);
    assert.deepEqual(root, whole.root, 'the description has another tree');
    must(listed.bytes.length <= input.length, 'listed fields longer than the message');
    assert.deepEqual(
      [envelope, references],
      headerFacts(input, whole, limits),
      'listed fields say something else than the header',
    );
  },
};

/** Envelope and references as the whole header says them, as far as the limits let it be read. */
function headerFacts(
  input: Uint8Array,
  { root }: MessageIndex,
  { maxHeaderBytes }: { readonly maxHeaderBytes?: number },
): unknown {
  const bytes = input.subarray(0, Math.min(root.bodyStart, maxHeaderBytes ?? defaultMimeLimits.maxHeaderBytes));
  const { envelope, references } = new HeaderFacts({ bytes, isPlain: false });
  return [envelope, references];
}

function indexed(chunks: readonly Uint8Array[], limits: object): MessageIndex {
  const indexer = new MimeIndexer(limits);
  for (const chunk of chunks) {
    const copy = chunk.slice();
    indexer.push(copy);
    copy.fill(0);
  }
  return indexer.finish();
}

function checkPart(
  part: Part,
  within: { readonly headerStart: number; readonly end: number },
  depth: number,
  counts: { parts: number },
): void {
  counts.parts += 1;
  must(depth >= 0, 'nested too deep');
  const { headerStart, bodyStart, end, bodyLines, parts } = part;
  must(
    within.headerStart <= headerStart && headerStart <= bodyStart && bodyStart <= end && end <= within.end,
    'offsets out of order',
  );
  must(bodyLines >= 0 && bodyLines <= end - bodyStart, `${bodyLines} lines in ${end - bodyStart} bytes`);
  let before = bodyStart;
  for (const child of parts) {
    must(child.headerStart >= before, 'parts overlap');
    before = child.end;
    checkPart(child, { headerStart: bodyStart, end }, depth - 1, counts);
  }
  if (part.message !== null) checkPart(part.message.root, { headerStart: bodyStart, end }, depth - 1, counts);
}

/** Readers of header fields and texts: they give something, and not much more than they got. */
const headers: Target = {
  name: 'headers',
  seeds: [...handWritten, ...realMessages(120, 6000)],
  dictionary,
  maxBytes: 40_000,
  async run(input) {
    const fields = message.parseHeader(input);
    must(fields.length <= input.length, 'more fields than bytes');
    const raw = new TextDecoder('latin1').decode(input);
    const texts = [
      raw,
      raw.slice(raw.indexOf(':') + 1),
      ...fields.slice(0, 40).map((field) => message.fieldText(field)),
    ];
    for (const text of texts) {
      const most = 20 * text.length + 1000;
      const results = [
        message.decodeEncodedWords(text),
        message.parseAddressList(text),
        message.mailboxesOf(message.parseAddressList(text)),
        message.parseMessageIds(text),
        message.parseParameters(text),
        message.parseContentType(text),
        message.parseDisposition(text),
        message.baseSubject(text),
        message.parseDate(text),
        htmlToText(text),
        readFlowed(text, true),
      ];
      for (const [i, result] of results.entries())
        must(JSON.stringify(result).length <= 8 * most, `result ${i} is much longer than its text`);
    }
    for (const label of ['utf-8', 'iso-2022-jp', 'utf-7', 'gb18030', 'windows-1252', 'no-such', null])
      must(decode(input, label).length <= 3 * input.length + 10, 'text much longer than its bytes');
  },
};

/** Paths of SMTP: what is understood can be written, and is then understood the same. */
const addresses: Target = {
  name: 'addresses',
  seeds: [
    '<a@example.org>',
    '<>',
    '<@a,@b:c@d.example>',
    '<"q \\"x"@[192.0.2.1]>',
    '<a@[IPv6:2001:db8::1]>',
    '<é@ü.example>',
    '<postmaster>',
    '<a@xn--nxasmq6b.example>',
  ].map((text) => new TextEncoder().encode(text)),
  dictionary: [
    ...dictionary,
    'xn--',
    '\u{1f600}',
    'ß',
    'ﬁ',
    '。',
    '[IPv6:',
    '::',
    '[x-tag:y]',
    'a'.repeat(64),
    'b.'.repeat(30),
  ],
  maxBytes: 2000,
  async run(input) {
    const text = new TextDecoder().decode(input);
    for (const smtputf8 of [false, true]) {
      for (const parse of [parseReversePath, parseForwardPath]) {
        const parsed = parse(text, { smtputf8 });
        if (!parsed.ok) {
          must(parsed.at >= 0 && parsed.at <= text.length, `refused at ${parsed.at} of ${text.length}`);
          continue;
        }
        const written = writePath(parsed.value, smtputf8 ? 'unicode' : 'ascii');
        const again = parse(written, { smtputf8 });
        must(again.ok, () => `written as ${written}, and not understood`);
        assert.deepEqual(again.value, parsed.value, written);
      }
    }
  },
};

const notice = writeDsn({
  kind: 'failed',
  reportingMta: 'mx.example.org',
  from: 'postmaster@mx.example.org',
  to: 'a@example.org',
  originalMessageId: '<m@example.org>',
  original: latin1('Subject: x\r\n\r\n'),
  returnFull: false,
  perRecipient: ['b@example.net', 'c@example.net'].map((finalRecipient) => ({
    finalRecipient,
    originalRecipient: 'rfc822;b+2B@example.net',
    action: 'failed' as const,
    status: '5.1.1',
    remoteMta: 'mx.example.net',
    diagnostic: '550 5.1.1 no such user',
    diagnosticIsSmtp: true,
    lastAttemptMs: 0,
    willRetryUntilMs: null,
  })),
  arrivalMs: 0,
  envelopeId: 'e',
  messageId: '<d@mx.example.org>',
  nowMs: 0,
  boundary: 'bb',
  smtputf8: false,
});

/** As qmail bounces. */
const bounce = latin1(
  'Subject: failure notice\r\n\r\nHi. This is the qmail-send program at mx.example.org.\r\n\r\n<a@b.example>:\r\n' +
    '192.0.2.1 does not like recipient.\r\nRemote host said: 550 5.1.1 no\r\n\r\n--- Below\r\n\r\nMessage-ID: <m@x>\r\n\r\nx\r\n',
);

/** Delivery status notifications of strangers. */
const dsn: Target = {
  name: 'dsn',
  seeds: [notice, bounce, ...realMessages(150, 8000)],
  dictionary: [
    ...dictionary,
    '\n\n<a@b>:\n',
    'Final-Recipient: rfc822;',
    'Action: failed\r\n',
    'Status: 5.1.1\r\n',
    '\r\n\r\n',
    'message/delivery-status',
  ],
  maxBytes: 40_000,
  async run(input) {
    const parsed = parseDsn(input);
    must(JSON.stringify(parsed).length <= 30 * input.length + 1000, 'much longer than its bytes');
  },
};

/** Everything that reads messages and parts of them. */
export const messageTargets: readonly Target[] = [mime, headers, addresses, dsn];
