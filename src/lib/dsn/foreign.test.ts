import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDsn } from './index.ts';

const crlf = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(lines.join('\r\n'));

/** A report as multipart/report, its parts given by type and lines. */
function report(type: string, status: readonly string[], original: readonly string[], header: readonly string[] = []) {
  return crlf([
    'From: mailer-daemon@far.example',
    ...header,
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b/1"',
    '',
    'This is a MIME-encapsulated message.',
    '',
    '--=_b/1',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'Sorry.',
    '',
    '--=_b/1',
    `Content-Type: ${type}`,
    '',
    ...status,
    '',
    ...(original.length === 0 ? [] : ['--=_b/1', ...original, '']),
    '--=_b/1--',
    '',
  ]);
}

const returned = [
  'Content-Type: text/rfc822-headers',
  '',
  'Received: by x',
  'Message-ID: <m@us.example>',
  'Subject: hi',
];

// Invented texts in the shapes that these servers give to their reports.
const rows: readonly (readonly [string, Uint8Array, readonly unknown[], string | null])[] = [
  [
    'Postfix: Final-Recipient first, fields of its own',
    report(
      'message/delivery-status',
      [
        'Reporting-MTA: dns; mx.far.example',
        'X-Postfix-Queue-ID: 4ABC123',
        'X-Postfix-Sender: rfc822; ann@us.example',
        'Arrival-Date: Mon, 23 Nov 2026 10:00:00 +0100 (CET)',
        '',
        'Final-Recipient: rfc822; bob@inner.far.example',
        'Original-Recipient: rfc822;bob@far.example',
        'Action: failed',
        'Status: 5.1.1',
        'Remote-MTA: dns; inner.far.example',
        'Diagnostic-Code: smtp; 550 5.1.1 <bob@inner.far.example>: Recipient address',
        '    rejected: User unknown',
      ],
      returned,
    ),
    ['bob@inner.far.example', 'bob@far.example', 'failed', '5.1.1', 550, '5.1.1', 'inner.far.example'],
    '<m@us.example>',
  ],
  [
    'Exim: Action first, a status that says little',
    report(
      'message/delivery-status',
      [
        'Reporting-MTA: dns; exim.far.example',
        '',
        'Action: failed',
        'Final-Recipient: rfc822;bob@far.example',
        'Status: 5.0.0',
        'Remote-MTA: dns; mx.far.example',
        'Diagnostic-Code: smtp; 550-5.7.1 no, as',
        ' 550 5.7.1 you are listed',
      ],
      ['Content-Type: message/rfc822', '', 'Message-Id: <m@us.example>', '', 'text'],
    ),
    ['bob@far.example', null, 'failed', '5.0.0', 550, '5.7.1', 'mx.far.example'],
    '<m@us.example>',
  ],
  [
    'Exchange: types in capitals, no blanks, headers in quoted-printable',
    report(
      'message/delivery-status',
      [
        'Reporting-MTA: dns;EX01.far.example\u0007',
        'Received-From-MTA: dns;mail.us.example',
        'Arrival-Date: Mon, 23 Nov 2026 09:00:00 +0000',
        '',
        'Final-Recipient: RFC822;bob@far.example',
        'Action: failed',
        'Status: 5.1.10',
        'Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
        'X-Display-Name: bob@far.example\u001b[2J',
      ],
      [
        'Content-Type: text/rfc822-headers; charset="utf-8"',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'Message-ID: =',
        '<m=40us.example>',
      ],
    ),
    ['bob@far.example', null, 'failed', '5.1.10', 550, '5.1.10', null],
    '<m@us.example>',
  ],
  [
    'Gmail: the Message-ID in a field of its own, nothing returned',
    report(
      'message/delivery-status',
      [
        'Reporting-MTA: dns; googlemail.com',
        'Received-From-MTA: dns; ann@us.example',
        'X-Original-Message-ID: <m@us.example>',
        '',
        'Final-Recipient: rfc822; bob@far.example',
        'Action: delayed',
        'Status: 4.4.1',
        'Remote-MTA: dns; mx.far.example. (192.0.2.1, the server for the domain far.example.)',
        'Will-Retry-Until: Wed, 25 Nov 2026 09:00:00 -0800 (PST)',
      ],
      [],
    ),
    [
      'bob@far.example',
      null,
      'delayed',
      '4.4.1',
      null,
      null,
      'mx.far.example. (192.0.2.1, the server for the domain far.example.)',
    ],
    '<m@us.example>',
  ],
  [
    'Sendmail: type names in capitals, angle brackets, the original only in References',
    report(
      'MESSAGE/DELIVERY-STATUS',
      [
        '',
        'Reporting-MTA: dns; sendmail.far.example',
        'Original-Envelope-Id: e1',
        '',
        'Final-Recipient: RFC822; <bob@far.example>',
        'Action: Failed (for good)',
        'Status: 5.1.1 (bad destination mailbox)',
        'Diagnostic-Code: SMTP; 550 #5.1.1 bob@far.example... User unknown',
      ],
      [],
      ['References: <other@us.example> <m@us.example>'],
    ),
    ['bob@far.example', null, 'failed', '5.1.1', 550, '5.1.1', null],
    '<m@us.example>',
  ],
  [
    'UTF-8 report with an address in utf-8-addr-xtext, encoded in base64',
    report(
      'message/global-delivery-status\r\nContent-Transfer-Encoding: base64',
      [
        btoa(
          'Reporting-MTA: dns; x.example\n\nFinal-Recipient: utf-8; \\x{17E}ofi@far.example\nAction: failed\nStatus: 5.1.6\n',
        ),
      ],
      ['Content-Type: message/global-headers', '', 'Message-ID: <m@us.example>'],
    ),
    ['žofi@far.example', null, 'failed', '5.1.6', null, null, null],
    '<m@us.example>',
  ],
  [
    'qmail: plain text',
    crlf([
      'From: MAILER-DAEMON@far.example',
      'Subject: failure notice',
      '',
      'Hi. This is the qmail-send program at far.example.',
      "I'm afraid I wasn't able to deliver your message to the following addresses.",
      '',
      '<bob@far.example>:',
      '192.0.2.7 does not like recipient.',
      'Remote host said: 550 5.1.1 no such user',
      'Giving up on 192.0.2.7.',
      '',
      '--- Below this line is a copy of the message.',
      '',
      'Return-Path: <ann@us.example>',
      'Message-ID: <m@us.example>',
      '',
      'text',
    ]),
    ['bob@far.example', null, 'failed', '5.1.1', 550, '5.1.1', '192.0.2.7'],
    '<m@us.example>',
  ],
];

for (const [name, bytes, want, messageId] of rows) {
  test(`parseDsn: ${name}`, () => {
    const dsn = parseDsn(bytes);
    const got = dsn?.recipients.map((r) => [
      r.finalRecipient,
      r.originalRecipient,
      r.action,
      r.status,
      r.smtpCode,
      r.smtpStatus,
      r.remoteMta,
    ]);
    assert.deepEqual(got, [want]);
    assert.equal(dsn?.originalMessageId, messageId);
  });
}

test('parseDsn: qmail with several recipients, one of its own words, and a delivery that is not one', () => {
  const text = (first: string): Uint8Array =>
    crlf([
      'Subject: x',
      '',
      first,
      'Sorry.',
      '',
      '<a@x.example>:',
      'Sorry, no mailbox here. (#5.1.1)',
      '',
      '<b@x.example>:',
      'No.',
      '',
    ]);
  const dsn = parseDsn(text('Hi. This is the qmail-send program at x.example.'));
  assert.equal(dsn?.reportingMta, 'x.example');
  assert.equal(dsn?.originalMessageId, null);
  assert.deepEqual(
    dsn?.recipients.map((r) => [r.finalRecipient, r.status, r.diagnostic]),
    [
      ['a@x.example', '5.1.1', 'Sorry, no mailbox here. (#5.1.1)'],
      ['b@x.example', '5.0.0', 'No.'],
    ],
  );
  assert.equal(parseDsn(text('Hello. This is not from qmail.')), null);
});

test('parseDsn: recipients without the empty line between them, and a multipart around the report', () => {
  const status = [
    'Reporting-MTA: dns; x.example',
    'Original-Recipient: rfc822;a@x.example',
    'Final-Recipient: rfc822;a2@x.example',
    'Action: failed',
    'Original-Recipient: rfc822;b@x.example',
    'Final-Recipient: rfc822;b2@x.example',
    'Action: delayed',
  ];
  const inner = new TextDecoder().decode(report('message/delivery-status', status, returned));
  const wrapped = crlf([
    'Content-Type: multipart/mixed; boundary=outer',
    '',
    '--outer',
    inner,
    '--outer',
    '',
    'scanned by us',
    '--outer--',
  ]);
  const dsn = parseDsn(wrapped);
  assert.deepEqual(
    dsn?.recipients.map((r) => [r.originalRecipient, r.finalRecipient, r.action]),
    [
      ['a@x.example', 'a2@x.example', 'failed'],
      ['b@x.example', 'b2@x.example', 'delayed'],
    ],
  );
  assert.equal(dsn?.originalMessageId, '<m@us.example>');
  const forwarded = crlf([
    'Content-Type: multipart/mixed; boundary=o',
    '',
    '--o',
    'Content-Type: message/rfc822',
    '',
    inner,
    '--o--',
  ]);
  assert.equal(parseDsn(forwarded), null, 'a report that is forwarded tells nobody');
});

test('parseDsn keeps its limits', () => {
  const status = Array.from({ length: 50 }, (_, i) => `Final-Recipient: rfc822;a${i}@x.example\r\nAction: failed\r\n`);
  const bytes = report('message/delivery-status', [`Reporting-MTA: dns; ${'x'.repeat(5000)}`, '', ...status], returned);
  const dsn = parseDsn(bytes, { limits: { maxRecipients: 20 } });
  assert.equal(dsn?.recipients.length, 20);
  assert.equal(dsn?.reportingMta?.length, 2043);
  assert.equal(parseDsn(bytes, { limits: { maxScannedBytes: 200 } }), null);
});
