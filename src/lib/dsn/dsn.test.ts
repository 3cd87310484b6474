import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseDsn, writeDsn } from './index.ts';
import type { DsnRecipient } from './index.ts';
import type { DsnContent } from './types.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const recipient: DsnRecipient = {
  finalRecipient: 'nobody@example.net',
  originalRecipient: 'rfc822;no+2Bbody@example.net',
  action: 'failed',
  status: '5.1.1',
  remoteMta: 'mx.example.net',
  diagnostic: '550-5.1.1 no such user here\n550 5.1.1 ask postmaster',
  diagnosticIsSmtp: true,
  lastAttemptMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  willRetryUntilMs: null,
};

const content: DsnContent = {
  kind: 'failed',
  reportingMta: 'mail.example.org',
  from: 'postmaster@mail.example.org',
  to: 'sender@example.org',
  originalMessageId: '<original@example.org>',
  original: bytesOf('From: <sender@example.org>\r\nMessage-ID: <original@example.org>\r\nSubject: hi\r\n'),
  returnFull: false,
  perRecipient: [recipient],
  arrivalMs: Date.UTC(2026, 0, 2, 3, 0, 0),
  envelopeId: 'QQ314159',
  messageId: '<dsn-1@mail.example.org>',
  nowMs: Date.UTC(2026, 0, 2, 3, 5, 0),
  boundary: 'b0undary',
  smtputf8: false,
};

test('writeDsn names the original in References and In-Reply-To, and says that it is automatic', () => {
  const text = textOf(writeDsn(content));
  assert.match(text, /\r\nReferences: <original@example\.org>\r\n/);
  assert.match(text, /\r\nIn-Reply-To: <original@example\.org>\r\n/);
  assert.match(text, /\r\nAuto-Submitted: auto-replied\r\n/);
  assert.match(text, /\r\nMIME-Version: 1\.0\r\n/);
  assert.match(text, /report-type=delivery-status;\r\n\tboundary="b0undary"\r\n\r\n/);
  assert.match(text, /\r\nOriginal-Envelope-Id: QQ314159\r\n/);
  assert.match(text, /\r\nDiagnostic-Code: smtp; 550-5\.1\.1 no such user here\r\n 550 5\.1\.1 ask postmaster\r\n/);
  assert.match(text, /What to do: check the address/);
  assert.match(text, /The server mx\.example\.net said:/);
  assert.ok(!/[^\r]\n/.test(text), 'only CRLF line ends');
});

test('writeDsn says in words what happened, to whom, what was said, what to do and what comes next', () => {
  const text = (change: Partial<DsnContent>, more: Partial<DsnRecipient> = {}): string => {
    const bytes = writeDsn({ ...content, ...change, perRecipient: [{ ...recipient, ...more }] });
    return textOf(bytes).split('7bit\r\n\r\n')[1]?.split('\r\n\r\n--b0undary')[0]?.replaceAll('\r\n', '\n') ?? '';
  };
  assert.equal(
    text({}),
    `This is the mail server mail.example.org.

I am sorry: your message of Fri, 02 Jan 2026 03:00:00 +0000, "hi", could not
be delivered to:

  nobody@example.net
    (you wrote to no+body@example.net)
    The server mx.example.net said:
      550-5.1.1 no such user here
      550 5.1.1 ask postmaster

What to do: check the address for typing errors, or ask the recipient for the
current one.

We do not try again.

The header of your message is attached, so that you can recognise it.`,
  );
  const waiting = {
    status: '4.4.1',
    diagnostic: 'connection refused',
    diagnosticIsSmtp: false,
    remoteMta: null,
  } as const;
  assert.match(
    text({ kind: 'delayed' }, { ...waiting, action: 'delayed', willRetryUntilMs: Date.UTC(2026, 0, 4, 3, 0, 0) }),
    /^Your message of .* has\snot\sbeen\sdelivered\syet\sto:[^]* {4}The reason:\n {6}connection refused\n {4}We try until Sun, 04 Jan[^]*\nYou need not do anything, [^]*\nYou will be told if/m,
  );
  assert.match(
    text({}, waiting),
    /connection refused\n {4}We kept trying, for the last time on Fri, 02 Jan 2026 03:04:05 \+0000\.\n/,
  );
  assert.match(text({}, { status: '5.7.1' }), /What to do: the recipient's server refuses/);
  const ours = { status: '5.7.1', diagnostic: 'not tried', diagnosticIsSmtp: false, remoteMta: null } as const;
  assert.match(text({}, ours), /What to do: this was decided here, not by the recipient's server\./);
  assert.match(
    text({ kind: 'relayed' }, { action: 'relayed', status: '2.0.0' }),
    /was\spassed\son\sto\sa\sserver\sthat\sdoes\snot\sreport\sdelivery,\sfor:/,
  );
});

test('writeDsn tells all of a long reply, in lines that fit', () => {
  const words = Array.from({ length: 90 }, (_, i) => `550-5.7.1 ${'reason'.repeat(i % 20 === 0 ? 60 : 2)} ${i}`);
  const diagnostic = [...words, '550 5.7.1 the end'].join('\n');
  const text = textOf(writeDsn({ ...content, perRecipient: [{ ...recipient, diagnostic }] }));
  const field = /\r\nDiagnostic-Code: smtp; ([^]*?)\r\n(?! )/.exec(text)?.[1] ?? '';
  assert.equal(field.replaceAll(/\r\n |\n| /g, ''), diagnostic.replaceAll(/[\n ]/g, ''));
  assert.ok(text.split('\r\n').every((line) => line.length <= 998));
});

test('writeDsn keeps its header in ASCII without SMTPUTF8, whatever the original is called', () => {
  const odd = { originalMessageId: '<grüße@example.org>' };
  assert.doesNotMatch(textOf(writeDsn({ ...content, ...odd })), /In-Reply-To/);
  assert.match(textOf(writeDsn({ ...content, ...odd, smtputf8: true })), /In-Reply-To: <grüße@/);
});

test('parseDsn(writeDsn(x)) gives back what was written', () => {
  assert.deepEqual(parseDsn(writeDsn(content)), {
    reportingMta: 'mail.example.org',
    envelopeId: 'QQ314159',
    originalMessageId: '<original@example.org>',
    recipients: [
      {
        finalRecipient: 'nobody@example.net',
        originalRecipient: 'no+body@example.net',
        action: 'failed',
        status: '5.1.1',
        remoteMta: 'mx.example.net',
        diagnostic: '550-5.1.1 no such user here 550 5.1.1 ask postmaster',
        smtpCode: 550,
        smtpStatus: '5.1.1',
      },
    ],
  });
});

test('writeDsn of a delay promises a time, of a delivery asks for nothing', () => {
  const until = Date.UTC(2026, 0, 4, 3, 0, 0);
  const delayed = textOf(
    writeDsn({
      ...content,
      kind: 'delayed',
      perRecipient: [{ ...recipient, action: 'delayed', status: '4.4.1', willRetryUntilMs: until }],
    }),
  );
  assert.match(delayed, /\r\nWill-Retry-Until: Sun, 04 Jan 2026 03:00:00 \+0000\r\n/);
  assert.match(delayed, /should not send it again/);
  const delivered = textOf(
    writeDsn({ ...content, kind: 'delivered', perRecipient: [{ ...recipient, action: 'delivered', status: '2.0.0' }] }),
  );
  assert.match(delivered, /You need not do anything\./);
  assert.doesNotMatch(delivered, /Will-Retry-Until/);
});

test('writeDsn with internationalised addresses (RFC 6533)', () => {
  const perRecipient = [{ ...recipient, finalRecipient: 'jürgen@exämple.net', originalRecipient: null }];
  const ascii = textOf(writeDsn({ ...content, perRecipient }));
  assert.match(ascii, /\r\nFinal-Recipient: utf-8; j\\x\{FC\}rgen@ex\\x\{E4\}mple\.net\r\n/);
  assert.match(ascii, /Content-Type: message\/delivery-status\r\n/);
  const written = writeDsn({
    ...content,
    perRecipient,
    to: 'señor@example.org',
    smtputf8: true,
    original: bytesOf('Subject: grüße\r\n'),
  });
  const utf8 = textOf(written);
  assert.match(utf8, /\r\nFinal-Recipient: utf-8; jürgen@exämple\.net\r\n/);
  assert.match(utf8, /Content-Type: message\/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n/);
  assert.match(utf8, /Content-Type: message\/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n/);
  assert.match(utf8, /\r\nTo: <señor@example\.org>\r\n/);
  for (const dsn of [ascii, utf8]) {
    assert.equal(parseDsn(bytesOf(dsn))?.recipients[0]?.finalRecipient, 'jürgen@exämple.net');
  }
});

test('writeDsn refuses the null sender and an empty list', () => {
  assert.throws(() => writeDsn({ ...content, to: '' }), RangeError);
  assert.throws(() => writeDsn({ ...content, perRecipient: [] }), RangeError);
});

test('writeDsn lets no remote word break out of its field', () => {
  const evil = { ...recipient, diagnostic: '550 x\r\nBcc: all@example.com\r\n\r\n--b0undary--\u0007ü' };
  const text = textOf(writeDsn({ ...content, perRecipient: [evil] }));
  assert.doesNotMatch(text, /^Bcc:/m);
  assert.ok(!text.includes('\u0007'));
  assert.equal(parseDsn(bytesOf(text))?.recipients.length, 1);
});

const head =
  'Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n   boundary="RAA/X"\n\n';
const simple =
  `${head}--RAA/X\n\nThe original message\n\n--RAA/X\ncontent-type: message/delivery-status\n\n` +
  'Reporting-MTA: dns; cs.utk.edu\n\nOriginal-Recipient: rfc822;louisl@larry.slip.umd.edu\n' +
  'Final-Recipient: rfc822;louisl@larry.slip.umd.edu\nAction: failed\nStatus: 4.0.0\n' +
  'Diagnostic-Code: smtp; 426 connection timed out\nLast-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\n\n' +
  '--RAA/X\ncontent-type: message/rfc822\n\nMessage-ID: <a@b>\n\nhello\n--RAA/X--\n';
const many =
  `${head}--RAA/X\n\nwords\n\n--RAA/X\ncontent-type: message/delivery-status\n\nReporting-MTA: dns; cs.utk.edu\n\n` +
  'Original-Recipient: rfc822;arathib@vnet.ibm.com\nFinal-Recipient: rfc822;arathib@vnet.ibm.com\nAction: failed\n' +
  "Status: 5.0.0 (permanent failure)\nDiagnostic-Code: smtp;  550 'arathib@vnet.IBM.COM' is not a\n registered gateway user\n" +
  'Remote-MTA: dns; vnet.ibm.com\n\n\nFinal-Recipient: rfc822;johnh@hpnjld.njd.hp.com\nAction: Delayed\n' +
  'Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)\n--RAA/X--\n';

for (const [name, given, want] of [
  ['simple DSN of RFC 3464', simple, [['louisl@larry.slip.umd.edu', 'failed', '4.0.0', 426]]],
  ['simple DSN with CRLF', simple.replace(/\n/g, '\r\n'), [['louisl@larry.slip.umd.edu', 'failed', '4.0.0', 426]]],
  [
    'multi-recipient DSN of RFC 3464',
    many,
    [
      ['arathib@vnet.ibm.com', 'failed', '5.0.0', 550],
      ['johnh@hpnjld.njd.hp.com', 'delayed', '4.0.0', null],
    ],
  ],
  ['gateway DSN', simple.replace(/rfc822;louisl\S+/g, 'unknown; nair_s'), [['nair_s', 'failed', '4.0.0', 426]]],
  [
    'closing boundary missing',
    simple.replace(/--RAA\/X--\n$/, ''),
    [['louisl@larry.slip.umd.edu', 'failed', '4.0.0', 426]],
  ],
  ['no such part', head + '--RAA/X\n\nwords\n--RAA/X--\n', null],
  ['not multipart', 'Subject: x\n\nhello', null],
] as const) {
  test(`parseDsn: ${name}`, () => {
    const dsn = parseDsn(bytesOf(given));
    const got = dsn?.recipients.map((r) => [r.finalRecipient, r.action, r.status, r.smtpCode]) ?? null;
    assert.deepEqual(got, want);
  });
}

test('parseDsn(writeDsn(x)) gives back what was written, whatever it is', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
  const address = fc
    .tuple(fc.oneof(word, fc.constantFrom('jürgen', 'a+b', 'x\\y')), word)
    .map(([l, d]) => `${l}@${d}.example`);
  const one = fc.record({
    finalRecipient: address,
    originalRecipient: fc.option(address.filter((a) => !/[ü\\]/.test(a)).map((a) => `rfc822;${a.replace('+', '+2B')}`)),
    action: fc.constantFrom('failed', 'delayed', 'delivered', 'relayed', 'expanded'),
    status: fc.constantFrom('5.1.1', '4.0.0', '2.1.5', '5.7.508'),
    remoteMta: fc.option(word.map((w) => `${w}.example`)),
    diagnostic: fc.option(fc.constantFrom('550 no', '450-4.2.1 a; b\n450 4.2.1 c', 'no route: to host')),
  });
  const facts = fc.record({
    recipients: fc.array(one, { minLength: 1, maxLength: 5 }),
    smtputf8: fc.boolean(),
    returnFull: fc.boolean(),
    envelopeId: fc.option(fc.oneof(word, fc.constant('a+2Bb = c'))),
    tail: fc.constantFrom('', '\r\nbody\r\n', '\r\n--b0undary-not\r\n'),
  });
  fc.assert(
    fc.property(facts, ({ recipients, tail, ...rest }) => {
      const perRecipient = recipients.map((r) => ({
        ...recipient,
        ...r,
        diagnosticIsSmtp: /^\d/.test(r.diagnostic ?? ''),
      }));
      const original = bytesOf(`Message-ID: <original@example.org>\r\nSubject: grüße\r\n${tail}`);
      const read = parseDsn(writeDsn({ ...content, ...rest, perRecipient, original }));
      assert.equal(read?.envelopeId, rest.envelopeId);
      assert.equal(read?.originalMessageId, '<original@example.org>');
      assert.deepEqual(
        read?.recipients.map((r) => [
          r.finalRecipient,
          r.originalRecipient,
          r.action,
          r.status,
          r.remoteMta,
          r.diagnostic,
        ]),
        recipients.map((r) => [
          r.finalRecipient,
          r.originalRecipient?.slice(7).replace('+2B', '+') ?? null,
          r.action,
          r.status,
          r.remoteMta,
          r.diagnostic?.replace('\n', ' ') ?? null,
        ]),
      );
    }),
    { numRuns: 150, seed: 3464 },
  );
});

test('parseDsn never fails on damaged notifications', () => {
  const base = bytesOf(simple);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(base.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 20 }),
      (edits) => {
        const damaged = base.slice();
        for (const [at, value] of edits) damaged[at] = value;
        parseDsn(damaged);
      },
    ),
    { numRuns: 200, seed: 3464 },
  );
});

test('writeDsn: line breaks and direction marks of a decoded Subject, of names and of replies start no line and no field', () => {
  const evil = 'x\r\nBcc: evil@example.net\u2028y\u0085z\u2029\u202ew\u000b\u000c';
  const encoded = `=?utf-8?B?${Buffer.from(evil).toString('base64')}?=`;
  for (const kind of ['failed', 'delayed', 'delivered', 'relayed'] as const) {
    for (const smtputf8 of [false, true]) {
      const text = textOf(
        writeDsn({
          ...content,
          kind,
          smtputf8,
          original: bytesOf(`Subject: ${encoded}\r\n`),
          from: `a${evil}@mail.example.org`,
          to: `b${evil}@example.org`,
          originalMessageId: `<${evil}>`,
          envelopeId: evil,
          perRecipient: [
            { ...recipient, action: kind, originalRecipient: `rfc822;${evil}`, remoteMta: evil, diagnostic: evil },
          ],
        }),
      );
      // The prose is broken into lines by us, at spaces; header fields and those of the report are not.
      const [top, , report] = text.split('--b0undary');
      assert.doesNotMatch(`${top}${report}`, /^Bcc:/m);
      // oxlint-disable-next-line no-control-regex -- control characters are the point
      assert.doesNotMatch(text.replaceAll(/\r\n|\t/g, ''), /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/);
    }
  }
});

test('writeDsn gives advice beside the recipient that it is for, and once when it is for all', () => {
  const own = { diagnosticIsSmtp: false, diagnostic: 'too old', remoteMta: null, status: '5.0.0' };
  const words = (perRecipient: readonly DsnRecipient[]): string =>
    textOf(writeDsn({ ...content, perRecipient })).replaceAll(/\s+/g, ' ');
  const mixed = words([recipient, { ...recipient, ...own, finalRecipient: 'other@example.net' }]);
  assert.match(
    mixed,
    /nobody@example\.net .* What to do: check the address .* other@example\.net .* The reason: too old/,
  );
  // Our own verdict is no word of a server.
  assert.match(mixed, /too old .*What to do: if the reason above does not help you, show it to your postmaster\./);
  assert.doesNotMatch(mixed, /words of the server/);
  const same = words([recipient, { ...recipient, finalRecipient: 'other@example.net' }]);
  assert.equal(same.split('What to do').length, 2);
  const login = words([{ ...recipient, ...own, status: '4.3.5' }]);
  assert.match(login, /nothing is wrong with the address; this is trouble of this mail server/);
});
