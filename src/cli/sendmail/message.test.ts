import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import type { SendRequest } from './arguments.ts';
import { MessageInput, readMessage } from './input.ts';
import { prepareMessage, type AddressRules, type MessageOrigin } from './prepare.ts';

const utf8 = new TextEncoder();
const latin1 = { decode: (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1') };

for (const [given, ignoreDots, want] of [
  ['a\nb\n', false, 'a\r\nb\r\n'],
  ['a\r\nb', false, 'a\r\nb\r\n'],
  ['a\r\r\nb\n', false, 'a\r\nb\r\n'],
  ['a\rb\r', false, 'a\r\nb\r\n'],
  ['a\n.\nb\n', false, 'a\r\n'],
  ['a\n.\nb\n', true, 'a\r\n.\r\nb\r\n'],
  ['a\n.', false, 'a\r\n'],
  ['.\nb', false, ''],
  ['a\n..\n', false, 'a\r\n..\r\n'],
  ['a\n\n.x', false, 'a\r\n\r\n.x\r\n'],
  ['', false, ''],
  ['\uFEFFa\n', false, 'a\r\n'],
  ['\uFEFF.\nb\n', false, ''],
  ['\uFEFF', false, ''],
  ['\uFEFF\uFEFFa', false, '\xef\xbb\xbfa\r\n'],
  ['a\uFEFF', false, 'a\xef\xbb\xbf\r\n'],
  ['\xff', false, '\xc3\xbf\r\n'],
] as const) {
  test(`MessageInput: ${JSON.stringify(given)}${ignoreDots ? ' with -i' : ''}`, async () => {
    const whole = new MessageInput({ ignoreDots });
    whole.push(utf8.encode(given));
    assert.equal(latin1.decode(whole.finish()), want);
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const byte of utf8.encode(given)) yield Uint8Array.of(byte);
    }
    assert.equal(latin1.decode(await readMessage(bytes(), { ignoreDots })), want);
  });
}

test('MessageInput: more than the limit is refused', () => {
  const input = new MessageInput({ ignoreDots: true, maxBytes: 10 });
  assert.throws(() => input.push(utf8.encode('0123456789a')), /more than 10 bytes/);
});

const request: SendRequest = {
  recipients: ['a@example.net'],
  fromHeader: false,
  sender: null,
  fullName: null,
  notify: null,
  ret: null,
  envid: null,
};
const rules: AddressRules = { from: null, overrideFrom: false, defaultDestination: null, defaultDomain: null };
const origin: MessageOrigin = {
  createdMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  offsetMinutes: 60,
  messageId: '<id@box.example>',
  user: 'ann',
  hostname: 'box.example',
};
const date = 'Date: Fri, 02 Jan 2026 04:04:05 +0100\r\n';
const id = 'Message-ID: <id@box.example>\r\n';
const from = 'From: ann@box.example\r\n';

function show(
  text: string | Uint8Array,
  asked: Partial<SendRequest> = {},
  configured: Partial<AddressRules> = {},
): { readonly envelope: string; readonly content: string } {
  const bytes = typeof text === 'string' ? utf8.encode(text) : text;
  const made = prepareMessage(bytes, { ...request, ...asked }, { ...rules, ...configured }, origin);
  if (made.kind === 'unusable') return { envelope: `${made.exitCode}: ${made.reason}`, content: '' };
  const sender = made.from === null ? '<>' : writeAddress(made.from);
  const flags = `${made.eightBit ? ' 8bit' : ''}${made.smtputf8 ? ' utf8' : ''}`;
  const to = made.recipients.map((address) => writeAddress(address)).join(' ');
  return { envelope: `${sender} > ${to}${flags}`, content: new TextDecoder().decode(made.content) };
}

for (const [what, asked, configured, want] of [
  ['the local user sends', {}, {}, 'ann@box.example > a@example.net'],
  ['-f with a domain', { sender: 'me@x.example' }, {}, 'me@x.example > a@example.net'],
  ['-f in angle brackets', { sender: '<me@x.example>' }, {}, 'me@x.example > a@example.net'],
  ['-f without a domain', { sender: 'root' }, {}, 'root@box.example > a@example.net'],
  ['-f without a domain, from', { sender: 'root' }, { from: 'cron@x.example' }, 'cron@x.example > a@example.net'],
  [
    '-f with a domain, overrideFrom',
    { sender: 'me@x.example' },
    { from: 'cron@x.example', overrideFrom: true },
    'cron@x.example > a@example.net',
  ],
  ['-f <>', { sender: '<>' }, { from: 'cron@x.example' }, '<> > a@example.net'],
  ['-f that is no address', { sender: 'a b@@' }, {}, '64: a b@@ is no sender address'],
  [
    'lists and duplicates',
    { recipients: ['a@x.example, B <b@x.example>', 'a@X.example'] },
    {},
    'ann@box.example > a@x.example b@x.example',
  ],
  [
    'addresses with spaces between',
    { recipients: ['a@x.example b@x.example', 'Ann B <c@x.example>'] },
    {},
    'ann@box.example > a@x.example b@x.example c@x.example',
  ],
  [
    'root',
    { recipients: ['root'] },
    {},
    '78: recipient root has no domain: configure defaultDestination or defaultDomain',
  ],
  [
    'root, defaultDestination',
    { recipients: ['root', 'ann'] },
    { defaultDestination: 'op@x.example', defaultDomain: 'y.example' },
    'ann@y.example > op@x.example',
  ],
  ['root, defaultDomain', { recipients: ['root'] }, { defaultDomain: 'y.example' }, 'ann@y.example > root@y.example'],
  [
    'words, defaultDestination',
    { recipients: ['not an address'] },
    { defaultDestination: 'op@x.example' },
    '64: not an address is no address',
  ],
  [
    'words among recipients, defaultDomain',
    { recipients: ['ann, not an address'] },
    { defaultDomain: 'x.example' },
    '64: not an address is no address',
  ],
  ['two signs in a recipient', { recipients: ['bad@@addr'] }, {}, '64: bad@@addr is no address'],
  ['a recipient of two words', { recipients: ['a@x.example b'] }, {}, '64: a@x.example b is no address'],
  ['a recipient with a space', { recipients: ['a@x. example'] }, {}, '64: a@x. example is no address'],
  ['an open bracket', { recipients: ['Ann <a@x.example'] }, {}, '64: Ann <a@x.example is no address'],
  [
    'quoted and commented recipients',
    { recipients: ['"a@b, c"@x.example', '"B, C" <b@x.example> (at work)'] },
    {},
    'ann@box.example > "a@b, c"@x.example b@x.example',
  ],
  ['a wrong recipient', { recipients: ['a@b..c'] }, {}, '64: a@b..c is no address'],
  ['-t', { recipients: [], fromHeader: true }, {}, 'ann@box.example > to@x.example cc@x.example bcc@x.example'],
  [
    '-t and arguments',
    { fromHeader: true },
    {},
    'ann@box.example > a@example.net to@x.example cc@x.example bcc@x.example',
  ],
] as const) {
  test(`prepareMessage: ${what}`, () => {
    const text = 'To: to@x.example\r\nCc: team: cc@x.example;\r\nBcc: bcc@x.example\r\n\r\nhi\r\n';
    assert.equal(show(text, asked, configured).envelope, want);
  });
}

for (const [what, given, want] of [
  ['what is missing is added', 'Subject: x\r\n\r\nhi\r\n', `${from}${date}${id}Subject: x\r\n\r\nhi\r\n`],
  ['no header at all', 'hello\r\nyou\r\n', `${from}${date}${id}\r\nhello\r\nyou\r\n`],
  ['nothing at all', '', `${from}${date}${id}\r\n`],
  [
    'a header that ends without an empty line',
    'Subject: x\r\nno field\r\n',
    `${from}${date}${id}Subject: x\r\n\r\nno field\r\n`,
  ],
  [
    'the line of a mailbox file',
    'From ann Fri Jan 2\r\nSubject: x\r\n\r\nhi\r\n',
    `${from}${date}${id}Subject: x\r\n\r\nhi\r\n`,
  ],
  ['Bcc goes, To stays', 'Bcc: b@x,\r\n c@x\r\nTo: root\r\n\r\n', `${from}${date}${id}To: root\r\n\r\n`],
  [
    'what is there stays',
    `From: me@x\r\nDate: now\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n`,
    `From: me@x\r\nDate: now\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n`,
  ],
  [
    'cron’s From',
    `${date}${id}From: root (Cron Daemon)\r\n\r\n`,
    `${date}${id}From: Cron Daemon <root@box.example>\r\n\r\n`,
  ],
  ['an empty From', `${date}${id}From: \r\n\r\n`, `${from}${date}${id}\r\n`],
  [
    '8-bit text in the header',
    `${from}${date}${id}Subject: Grüße\r\nCc: Jörg <j@x>\r\n\r\n`,
    `${from}${date}${id}Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nCc: =?utf-8?b?SsO2cmc=?= <j@x>\r\n\r\n`,
  ],
  [
    '8-bit text in the body',
    `${from}${date}${id}\r\nGrüße\r\n`,
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n${from}${date}${id}\r\nGrüße\r\n`,
  ],
] as const) {
  test(`prepareMessage: ${what}`, () => {
    assert.equal(show(given).content, want);
  });
}

test('prepareMessage: Resent-To is who gets it', () => {
  const text =
    'To: old@x.example\r\nResent-From: me@x.example\r\nResent-To: new@x.example\r\nResent-Bcc: b@x.example\r\n\r\n';
  const { envelope, content } = show(text, { recipients: [], fromHeader: true });
  assert.equal(envelope, 'ann@box.example > new@x.example b@x.example');
  assert.doesNotMatch(content, /Bcc/);
});

test('prepareMessage: -F names the sender of a message without From', () => {
  assert.match(
    show('\r\n', { fullName: 'Ann, "the" one' }).content,
    /^From: "Ann, \\"the\\" one" <ann@box\.example>\r\n/,
  );
});

test('prepareMessage: -f is also From of a message without one; the null sender is not', () => {
  const fromWith = (sender: string, more: Partial<AddressRules> = {}): string =>
    show('\r\n', { sender }, more).content.split('\r\n', 1).join();
  assert.equal(fromWith('www@x.example'), 'From: www@x.example');
  assert.equal(fromWith(''), 'From: ann@box.example');
  assert.equal(fromWith('www@x.example', { from: 'cron@x.example', overrideFrom: true }), 'From: cron@x.example');
});

test('prepareMessage: from stands for local users, overrideFrom for all', () => {
  const configured = { from: 'cron@x.example' };
  const text = (value: string): string => `${date}${id}From: ${value}\r\n\r\n`;
  const of = (value: string, more: Partial<AddressRules> = {}): string =>
    show(text(value), {}, { ...configured, ...more }).content.slice(date.length + id.length);
  assert.equal(of('root'), 'From: root <cron@x.example>\r\n\r\n');
  assert.equal(of('b@y.example'), 'From: b@y.example\r\n\r\n');
  assert.equal(
    of('B <b@y.example>', { overrideFrom: true }),
    'From: B <cron@x.example>\r\nReply-To: B <b@y.example>\r\n\r\n',
  );
});

test('prepareMessage: an address beyond ASCII needs SMTPUTF8', () => {
  assert.equal(show('\r\n', { recipients: ['jörg@x.example'] }).envelope, 'ann@box.example > jörg@x.example utf8');
});

test('prepareMessage: junk neither throws nor leaves a bare CR or LF in the header', () => {
  const junk = Uint8Array.from({ length: 2000 }, (_, i) => (i * 7919 + (i >> 3) * 31) & 0xff).filter(
    (b) => b !== 10 && b !== 13,
  );
  const { content } = show(junk);
  assert.doesNotMatch(content, /(?<!\r)\n|\r(?!\n)/);
});
