import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMdn } from './parse.ts';
import type { MdnContent } from './types.ts';
import { writeMdn } from './write.ts';

const content: MdnContent = {
  from: { name: 'Mära', email: 'mara@example.org' },
  to: ['joe@far.example'],
  subject: 'Gelesen: ja\r\nBcc: x@y',
  text: 'Gelesen.\nGrüße',
  boundary: 'mdn-1',
  reportingUA: 'pc; Mail\r\nX-Evil: 1',
  mdnGateway: null,
  originalRecipient: 'rfc822; old@example.org',
  finalRecipient: 'rfc822; mara@example.org',
  originalMessageId: '<1@far.example>',
  disposition: { actionMode: 'manual-action', sendingMode: 'mdn-sent-manually', type: 'displayed' },
  error: [],
  extensionFields: new Map([['X-Where', `here ${'x '.repeat(80)}`]]),
};

test('parseMdn(writeMdn(x)): what was written is read, and no text adds a field', () => {
  const { start, end } = writeMdn(content, 'text/rfc822-headers');
  const text = `${start}Subject: original\r\n${end}`;
  assert.doesNotMatch(text, /^(?:Bcc|X-Evil)/m);
  assert.ok(text.split('\r\n').every((line) => line.length <= 78 || line.includes('x x')));
  assert.deepEqual(parseMdn(new TextEncoder().encode(text)), {
    subject: 'Gelesen: ja Bcc: x@y',
    text: 'Gelesen.\nGrüße',
    reportingUA: 'pc; Mail X-Evil: 1',
    mdnGateway: null,
    originalRecipient: 'rfc822; old@example.org',
    finalRecipient: 'rfc822; mara@example.org',
    originalMessageId: '<1@far.example>',
    disposition: content.disposition,
    error: [],
    extensionFields: new Map([['x-where', `here ${'x '.repeat(80)}`.trim()]]),
    hasOriginal: true,
  });
});

test('writeMdn: without an original there is no third part', () => {
  const { start, end } = writeMdn(
    { ...content, disposition: { ...content.disposition, sendingMode: 'mdn-sent-automatically' } },
    null,
  );
  assert.equal(parseMdn(new TextEncoder().encode(start + end))?.hasOriginal, false);
  assert.match(start, /\r\nAuto-Submitted: auto-replied\r\n/);
  assert.match(start, /\r\nDisposition: manual-action\/MDN-sent-automatically; displayed\r\n/);
});

const report = (fields: string, type = 'disposition-notification'): Uint8Array =>
  new TextEncoder().encode(
    `Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/${type}\r\n\r\n${fields}\r\n--b--\r\n`,
  );

for (const [title, bytes, want] of [
  [
    'modes and types in capitals, with a modifier',
    report('Disposition: Automatic-Action/MDN-Sent-Automatically; Processed/error\r\nError: a\r\nError: b'),
    'automatic-action mdn-sent-automatically processed a,b',
  ],
  [
    'the type with UTF-8',
    report('Disposition: manual-action/MDN-sent-manually;deleted', 'global-disposition-notification'),
    'manual-action mdn-sent-manually deleted ',
  ],
  ['a type that is unknown', report('Disposition: manual-action/MDN-sent-manually; denied'), null],
  ['no disposition', report('Final-Recipient: rfc822; a@b'), null],
  ['a delivery status', report('Disposition: manual-action/MDN-sent-manually; deleted', 'delivery-status'), null],
  ['a plain message', new TextEncoder().encode('Subject: x\r\n\r\nhello'), null],
  ['nothing', new Uint8Array(0), null],
] as const)
  test(`parseMdn: ${title}`, () => {
    const mdn = parseMdn(bytes);
    const { actionMode, sendingMode, type } = mdn?.disposition ?? {};
    assert.equal(mdn === null ? null : `${actionMode} ${sendingMode} ${type} ${mdn.error.join(',')}`, want);
  });

test('parseMdn: limits hold', () => {
  const many = Array.from({ length: 30 }, (_, i) => `X-${i}: ${'y'.repeat(50)}\r\nError: ${'e'.repeat(50)}`).join(
    '\r\n',
  );
  const bytes = report(`Disposition: manual-action/MDN-sent-manually; deleted\r\n${many}`);
  const limits = { maxScannedBytes: 100_000, maxTextBytes: 10, maxFieldChars: 60, maxFields: 5 };
  const mdn = parseMdn(bytes, { ...limits, maxFieldChars: 70 });
  assert.deepEqual([mdn?.error.length, mdn?.extensionFields.size], [5, 5]);
  assert.equal(parseMdn(bytes, { ...limits, maxScannedBytes: 60 }), null);
});
