import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderEditor, type SubmissionRules } from './index.ts';
import { prepareHeader } from './prepare.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const rules: SubmissionRules = {
  maySendAs: ({ localpart }) => localpart === 'me',
  nowMs: Date.UTC(2026, 10, 23, 10),
  newMessageId: '<new@mail.example.org>',
  mayUseUtf8: false,
  pedantic: false,
  takesUnclearAuthors: false,
};

function prepare(header: string, extra: Partial<SubmissionRules> = {}): string {
  const result = prepareHeader(encoder.encode(header), { ...rules, ...extra });
  return result.kind === 'refused'
    ? `${result.code} ${result.enhanced} ${result.text}`
    : `${result.added}|${decoder.decode(result.header)}`;
}

const complete = 'From: me@example.org\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n';

const notMySender = '550 5.7.1 the Sender address is not one of yours';
const oneSender = '550 5.6.0 the Sender field has to have one address';
const twoFroms = '550 5.6.0 the field from occurs more than once';
const twoSenders = '550 5.6.0 the field sender occurs more than once';
const almostFrom = '550 5.6.0 the header has a line that is almost the field from';
const moreInFrom = '550 5.6.0 the field from has more than addresses and their names';
const moreInSender = '550 5.6.0 the field sender has more than addresses and their names';

/** Headers about whose author or sender readers disagree, or whose sender is not the user; each has a From of theirs. */
const unclear = [
  ['a Sender of others beside one author', `${complete}Sender: you@example.org\r\n`, notMySender],
  ['a Sender of others in a group', `${complete}Sender: g: you@example.org;\r\n`, notMySender],
  ['a Sender of others, with a space before the colon', `sENDER : you@example.org\r\n${complete}`, notMySender],
  ['two addresses in Sender', `${complete}Sender: me@example.org, me@x.example\r\n`, oneSender],
  ['an empty Sender', `${complete}Sender:\r\n`, oneSender],
  ['an empty group as Sender', `${complete}Sender: g:;\r\n`, oneSender],
  [
    'an empty Sender of several authors',
    'From: me@example.org, you@example.org\r\nSender:\r\n',
    '550 5.6.0 several From addresses need a Sender field with one address',
  ],
  ['a Sender with more than an address', `${complete}Sender: <you@x.example> <me@x.example>\r\n`, moreInSender],
  ['two Senders', `${complete}Sender: me@example.org\r\nSender\t: me@example.org\r\n`, twoSenders],
  ['two Senders of which one is empty', `${complete}Sender: me@example.org\r\nSender:\r\n`, twoSenders],
  ['two From fields', `${complete}From: you@example.org\r\n`, twoFroms],
  ['two From fields of ours', `${complete}From: me@example.org\r\n`, twoFroms],
  ['two From fields and a Sender', `${complete}From: you@example.org\r\nSender: me@example.org\r\n`, twoFroms],
  ['a second From with a space before the colon', `FROM : you@example.org\r\n${complete}`, twoFroms],
  ['a second From with a tab before the colon', `From\t: you@example.org\r\n${complete}`, twoFroms],
  ['a second, empty From', `From:\r\n${complete}`, twoFroms],
  ['a second From after a bare CR', `Subject: x\rFrom: you@example.org\r\n${complete}`, twoFroms],
  ['a From after a space', ` From: you@example.org\r\n${complete}`, almostFrom],
  ['a From with a control character', `From\v: you@example.org\r\n${complete}`, almostFrom],
  [
    'a Sender with a control character',
    `\0Sender: you@example.org\r\n${complete}`,
    '550 5.6.0 the header has a line that is almost the field sender',
  ],
  ['a From with two addresses in one', 'From: <me@example.org> <you@example.org>\r\n', moreInFrom],
  ['a From that hides our address', 'From: <you@example.org> <me@example.org>\r\n', moreInFrom],
  ['a From with an address before the address', 'From: you@example.org <me@example.org>\r\n', moreInFrom],
  ['a From with text after the address', 'From: <me@example.org>\r\n you@example.org\r\n', moreInFrom],
  ['a From with an unclosed group', 'From: g: me@example.org\r\n', moreInFrom],
  ['a From with an unclosed comment', 'From: me@example.org (you@example.org\r\n', moreInFrom],
] as const;

for (const [what, header, want] of [
  ['leaves a complete header alone', `${complete}\r\n`, `|${complete}\r\n`],
  [
    'adds Date and Message-ID',
    'From: Me <me@example.org>\r\n\r\n',
    'Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <new@mail.example.org>\r\n|From: Me <me@example.org>\r\n\r\n',
  ],
  [
    'removes Bcc with its continuation lines',
    `Bcc: a@b,\r\n c@d\r\n${complete}Resent-Bcc: x@y\r\n\r\n`,
    `|${complete}\r\n`,
  ],
  ['removes Return-Path', `Return-Path: <x@y>\r\n${complete}\r\n`, `|${complete}\r\n`],
  [
    'replaces a Message-ID that names nothing',
    complete.replace('<1@x>', ''),
    `Message-ID: <new@mail.example.org>\r\n|${complete.replace('Message-ID: <1@x>\r\n', '')}`,
  ],
  ['refuses a missing From', 'Subject: x\r\n\r\n', '550 5.6.0 the message has no From field'],
  [
    'adds a Sender for several authors (RFC 6409 §8.1)',
    `${complete.replace('me@example.org', 'you@example.org, me@example.org')}\r\n`,
    `Sender: me@example.org\r\n|${complete.replace('me@example.org', 'you@example.org, me@example.org')}\r\n`,
  ],
  [
    'takes several authors with a Sender of ours (RFC 5322 §3.6.2)',
    `Sender: me@example.org\r\n${complete.replace('me@example.org', 'you@example.org, me@example.org')}\r\n`,
    `|Sender: me@example.org\r\n${complete.replace('me@example.org', 'you@example.org, me@example.org')}\r\n`,
  ],
  [
    'refuses several authors with a Sender of others',
    'From: me@example.org, you@example.org\r\nSender: you@example.org\r\n\r\n',
    '550 5.7.1 the Sender address is not one of yours',
  ],
  [
    'refuses several authors with two Senders',
    'From: me@example.org, you@example.org\r\nSender: me@example.org, me@x.example\r\n\r\n',
    '550 5.6.0 several From addresses need a Sender field with one address',
  ],
  [
    'refuses several authors when none of them is ours, whatever Sender says',
    'From: a@example.org, you@example.org\r\nSender: me@example.org\r\n\r\n',
    '550 5.7.1 the From address is not one of yours, none of them is',
  ],
  ['encodes text', `Subject: ü\r\n${complete}\r\n`, `|Subject: =?utf-8?b?w7w=?=\r\n${complete}\r\n`],
  ['folds long lines', `Subject: ${'x '.repeat(600)}y\r\n${complete}\r\n`, /^\|Subject: (?:x|(?:\r\n)? )+y\r\n/],
  [
    'refuses what it cannot encode',
    `To: ü@x.example\r\n${complete}\r\n`,
    '550 5.6.7 the field to needs SMTPUTF8, which was not requested',
  ],
  [
    'refuses what it cannot fold',
    `DKIM-Signature: b=${'x'.repeat(1000)}\r\n${complete}\r\n`,
    '550 5.6.0 a line of the field dkim-signature is longer than 998 octets',
  ],
  ['refuses somebody else’s From', 'From: you@example.org\r\n\r\n', '550 5.7.1 the From address is not one of yours'],
  ['refuses a From without an address', 'From: nobody\r\n\r\n', /^550 5\.6\.0 the From field has no usable address/],
  ...unclear.map(([what, header, want]) => [`refuses ${what}`, `${header}\r\n`, want] as const),
  [
    'takes a Sender of ours beside one author',
    `Sender: Me <me@x.example>\r\n${complete}\r\n`,
    `|Sender: Me <me@x.example>\r\n${complete}\r\n`,
  ],
  [
    'leaves Resent fields of others alone',
    `${'Resent-From: you@example.org\r\nResent-Sender: you@example.org\r\n'.repeat(2)}${complete}\r\n`,
    `|${'Resent-From: you@example.org\r\nResent-Sender: you@example.org\r\n'.repeat(2)}${complete}\r\n`,
  ],
  [
    'refuses loops',
    `${'Received: by x\r\n'.repeat(101)}${complete}`,
    '554 5.4.6 this message is in a loop: it has more than 100 Received fields',
  ],
] as const) {
  test(`prepareHeader ${what}`, () => {
    if (typeof want === 'string') assert.equal(prepare(header), want);
    else assert.match(prepare(header), want);
  });
}

for (const [what, header, want] of [
  ['fields that occur twice', `${complete}Subject: a\r\nSubject: b\r\n\r\n`, /subject occurs more than once/],
  ['Return-Path', `Return-Path: <x@y>\r\n${complete}\r\n`, /Return-Path is written by final delivery only/],
  ['UTF-8 that was not announced', `${complete}Subject: ü\r\n\r\n`, /550 5\.6\.7 the header is not ASCII/],
  ['lines that are no fields', `${complete}what is this\r\n\r\n`, /a line that is no field/],
] as const) {
  test(`prepareHeader, pedantic, refuses ${what}`, () => assert.match(prepare(header, { pedantic: true }), want));
}

for (const [what, header] of unclear) {
  test(`prepareHeader takes ${what} where unclear authors are taken`, () =>
    assert.match(prepare(`${header}\r\n`, { takesUnclearAuthors: true, maySendAs: () => true }), /\|/));
}

test('prepareHeader, pedantic, wants a Sender for several authors', () => {
  const header = complete.replace('me@example.org', 'me@example.org, you@example.org');
  assert.match(prepare(header, { pedantic: true }), /550 5\.6\.0 several From addresses need a Sender/);
});

test('prepareHeader needs SMTPUTF8 only for what cannot be encoded, and finds signatures', () => {
  const header = `${complete}TLS-Required: No\r\nSubject: ü\r\n`;
  const given = { ...rules, mayUseUtf8: true };
  const plain = prepareHeader(encoder.encode(`${header}\r\n`), given);
  assert.ok(plain.kind === 'prepared' && plain.tlsNotRequired && !plain.needsSmtputf8 && !plain.isSigned);
  const result = prepareHeader(encoder.encode(`DKIM-Signature: v=1\r\n${header}To: ü@x.example\r\n\r\n`), given);
  assert.ok(result.kind === 'prepared' && result.needsSmtputf8 && result.isSigned);
  assert.match(decoder.decode(result.header), /To: ü@x\.example/);
});

function edit(message: string, chunkBytes: number): string {
  const editor = new HeaderEditor({ rules, maxHeaderBytes: 200 });
  const bytes = encoder.encode(message);
  let out = '';
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    out += decoder.decode(editor.push(bytes.slice(at, at + chunkBytes)) ?? new Uint8Array(0));
  }
  const { rest, result } = editor.finish();
  return result.kind === 'refused' ? result.text : `${result.added}|${out}${decoder.decode(rest ?? new Uint8Array(0))}`;
}

for (const [what, message, want] of [
  [
    'removes Bcc and lets the body pass',
    `Bcc: a@b\r\n${complete}\r\nbody\r\n\r\nBcc: stays\r\n`,
    `|${complete}\r\nbody\r\n\r\nBcc: stays\r\n`,
  ],
  ['works without a body', `Bcc: a@b\r\n${complete}`, `|${complete}`],
  [
    'refuses a header over the limit',
    `${complete}Subject: ${'x'.repeat(200)}\r\n\r\nbody`,
    'the header is too long: the limit is 200 bytes',
  ],
  [
    'refuses a header that never ends',
    `${complete}Subject: ${'x'.repeat(500)}`,
    'the header is too long: the limit is 200 bytes',
  ],
] as const) {
  test(`HeaderEditor ${what}, whatever the chunks`, () => {
    for (const chunkBytes of [1, 2, 3, 7, 1000])
      assert.equal(edit(message, chunkBytes), want, `chunks of ${chunkBytes}`);
  });
}
