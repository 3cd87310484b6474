import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, ImapCodec, type ImapEvent, unauthenticatedLimits } from './index.ts';
import type { ImapLimits } from './limits.ts';

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (data: Uint8Array) => String.fromCharCode(...data);

/** One line per event; message bytes are joined, so that it does not show how they were cut. */
function show(events: Iterable<ImapEvent>): string[] {
  const lines: string[] = [];
  for (const event of events) {
    const last = lines.at(-1);
    if (event.kind === 'appendData' && last?.startsWith('data ')) lines[lines.length - 1] = last + text(event.bytes);
    else lines.push(line(event));
  }
  return lines;
}

function line(event: ImapEvent): string {
  switch (event.kind) {
    case 'command':
      return `${event.tag} ${event.name} ${JSON.stringify(event.command)}`;
    case 'invalid':
      return `${event.tag} invalid ${event.name} ${event.at}: ${event.reason}, skips ${event.skipsBytes}`;
    case 'continue':
      return `${event.tag} continue ${event.name} ${event.sizeBytes}`;
    case 'tooBig':
      return `${event.tag} tooBig ${event.name} ${event.what} ${event.sizeBytes} > ${event.limit}, skips ${event.skipsBytes}`;
    case 'appendStart':
      return `${event.tag} append ${event.mailbox}`;
    case 'appendMessage':
      return [
        `message ${event.index} ${event.sizeBytes} flags ${event.flags.bits} ${event.flags.keywords.join()}`,
        `${event.internalDateMs} ${event.isBinary} ${event.isUtf8} ${event.needsContinuation}`,
      ].join(' ');
    case 'appendData':
      return `data ${text(event.bytes)}`;
    case 'appendMessageEnd':
      return 'end of message';
    case 'appendEnd':
      return `${event.tag} end of append ${event.messages}`;
    case 'idleEnd':
      return `idle ${event.isDone}${event.tag === null ? '' : ` ${event.tag}`}`;
    default:
      return `sasl ${event.data === null ? 'null' : text(event.data)} ${event.isCancelled}`;
  }
}

function* events(codec: ImapCodec, input: string, step: number): Generator<ImapEvent> {
  const all = bytes(input);
  for (let at = 0; at < all.length; at += step) yield* codec.push(all.slice(at, at + step));
}

const limits: ImapLimits = {
  ...defaultLimits,
  maxLineBytes: 80,
  maxLiteralBytes: 10,
  maxLiteralsBytes: 15,
  maxLiterals: 3,
  maxMessageBytes: 50,
};

const noop = 'z NOOP\r\n';
const zNoop = 'z NOOP {"kind":"noop"}';

for (const [title, input, want] of [
  ['commands', `a noop\r\n${noop}`, ['a NOOP {"kind":"noop"}', zNoop]],
  ['an empty line', `\r\n${noop}`, ['null invalid  0: expected a tag, skips 0', zNoop]],
  ['a bare LF', `a NOOP\n${noop}`, ['a invalid NOOP 6: line ends without CR, skips 0', zNoop]],
  ['a bare CR', `a NO\rOP\r\n${noop}`, ['a invalid NO 2: unknown command, skips 0', zNoop]],
  [
    'literals of both kinds',
    `a LOGIN {3}\r\nabc {2+}\r\n\r\n\r\n${noop}`,
    ['a continue LOGIN 3', 'a LOGIN {"kind":"login","user":"abc","password":"\\r\\n"}', zNoop],
  ],
  ['an empty literal', `a DELETE {0+}\r\n\r\n${noop}`, ['a DELETE {"kind":"delete","mailbox":""}', zNoop]],
  [
    'a literal of an unknown command',
    `a FOO {5+}\r\n12\r\n5 bar {2+}\r\nxy\r\n${noop}`,
    ['a invalid FOO 2: unknown command, skips 5', zNoop],
  ],
  [
    'a synchronising literal of an unknown command',
    `a FOO {5}\r\n${noop}`,
    ['a invalid FOO 2: unknown command, skips 0', zNoop],
  ],
  [
    'a large literal',
    `a DELETE {11+}\r\n12345\r\n8901\r\n${noop}`,
    ['a tooBig DELETE literal 11 > 10, skips 11', zNoop],
  ],
  ['a large literal that waits', `a DELETE {11}\r\n${noop}`, ['a tooBig DELETE literal 11 > 10, skips 0', zNoop]],
  [
    'an endless literal',
    `a DELETE {99999999999999999999+}\r\n${noop}`,
    ['a tooBig DELETE literal Infinity > 10, skips Infinity'],
  ],
  [
    'large literals together',
    `a LOGIN {8+}\r\n12345678 {8+}\r\n12345678\r\n${noop}`,
    ['a tooBig LOGIN literals 8 > 15, skips 8', zNoop],
  ],
  [
    'many literals',
    `a ID ({1+}\r\na {1+}\r\na {1+}\r\na {1+}\r\na)\r\n${noop}`,
    ['a tooBig ID literalCount 1 > 3, skips 1', zNoop],
  ],
  ['a long line', `a DELETE ${'x'.repeat(90)} {3+}\r\nabc\r\n${noop}`, ['a tooBig DELETE line 0 > 80, skips 0', zNoop]],
  [
    'APPEND',
    `a APPEND "Sent" (\\Seen $Foo) " 7-Feb-1994 21:52:25 -0800" {10}\r\n01234\r\n789\r\n${noop}`,
    [
      'a append Sent',
      `message 0 10 flags 1 $Foo ${Date.UTC(1994, 1, 8, 5, 52, 25)} false false true`,
      'data 01234\r\n789',
      'end of message',
      'a end of append 1',
      zNoop,
    ],
  ],
  [
    'APPEND of several messages to a mailbox in a literal',
    `a APPEND {4+}\r\nSent {3+}\r\nabc () ~{2+}\r\n\0\n UTF8 (~{0+}\r\n)\r\n${noop}`,
    ['a tooBig APPEND literalCount 0 > 3, skips 0', zNoop],
  ],
  [
    'APPEND as UTF8 and as literal8',
    `a APPEND inbox UTF8 (~{3+}\r\nabc) () ~{2+}\r\n\0\n {0+}\r\n\r\n${noop}`,
    [
      'a append INBOX',
      'message 0 3 flags 0  null true true false',
      'data abc',
      'end of message',
      'message 1 2 flags 0  null true false false',
      'data \0\n',
      'end of message',
      'message 2 0 flags 0  null false false false',
      'end of message',
      'a end of append 3',
      zNoop,
    ],
  ],
  [
    'a wrong APPEND',
    `a APPEND x (\\Seen {3+}\r\nabc\r\n${noop}`,
    ['a invalid APPEND 18: expected a flag, skips 3', zNoop],
  ],
  [
    'a wrong APPEND that waits',
    `a APPEND x foo {3}\r\n${noop}`,
    ['a invalid APPEND 11: unknown APPEND data, skips 0', zNoop],
  ],
  [
    'APPEND with a wrong end',
    `a APPEND x {3+}\r\nabc foo\r\n${noop}`,
    [
      'a append x',
      'message 0 3 flags 0  null false false false',
      'data abc',
      'end of message',
      'a invalid APPEND 20: expected another message or the end of the command, skips 0',
      zNoop,
    ],
  ],
  [
    'a large message',
    `a APPEND x {51+}\r\n${'x'.repeat(51)}\r\n${noop}`,
    ['a tooBig APPEND message 51 > 50, skips 51', zNoop],
  ],
] as const) {
  for (const step of [1, 7, 100_000]) {
    test(`ImapCodec reads ${title}, ${step} bytes at a time`, () => {
      const got = show(events(new ImapCodec({ limits }), input, step));
      // The four-literal APPEND begins before its limit is passed.
      if (title.startsWith('APPEND of several')) assert.deepEqual(got.slice(-2), want);
      else assert.deepEqual(got, want);
    });
  }
}

for (const [title, input, want] of [
  ['refused literal that waits', 'a LOGIN {3}\r\n', ['a continue LOGIN 3']],
  ['refused message that waits', 'a APPEND x {3}\r\n', ['a append x']],
  ['refused message that comes', 'a APPEND x {3+}\r\nabc {2+}\r\nab\r\n', ['a append x']],
] as const) {
  test(`ImapCodec.skipCommand passes over a ${title}`, () => {
    for (const step of [1, 3, 1000]) {
      const codec = new ImapCodec({ limits });
      const got: string[] = [];
      for (const event of events(codec, input + noop, step)) {
        got.push(line(event));
        if (event.kind === 'continue' || event.kind === 'appendStart') codec.skipCommand();
      }
      assert.deepEqual(got, [...want, zNoop]);
    }
  });
}

test('ImapCodec.skipCommand in the middle of a message and after it', () => {
  for (const kind of ['appendData', 'appendMessageEnd'] as const) {
    const codec = new ImapCodec({ limits });
    const got: string[] = [];
    for (const event of events(codec, `a APPEND x {4+}\r\nabcd {2+}\r\nab\r\n${noop}`, 2)) {
      got.push(line(event));
      if (event.kind === kind) codec.skipCommand();
    }
    assert.equal(got.at(-1), zNoop);
    assert.equal(got.at(-2), kind === 'appendData' ? 'data a' : 'end of message');
  }
});

test('ImapCodec waits for DONE and for SASL responses when told to, within one chunk', () => {
  const codec = new ImapCodec();
  const got: string[] = [];
  for (const event of codec.push(
    bytes(`a IDLE\r\ndone\r\nb AUTHENTICATE X\r\nYWI=\r\nc AUTHENTICATE X\r\n*\r\n${noop}`),
  )) {
    got.push(line(event));
    if (event.kind !== 'command') continue;
    if (event.command.kind === 'idle') codec.expectDone();
    if (event.command.kind === 'authenticate') codec.expectSaslResponse();
  }
  assert.deepEqual(
    got.filter((shown) => !shown.includes('AUTHENTICATE')),
    ['a IDLE {"kind":"idle"}', 'idle true', 'sasl ab false', 'sasl null true', zNoop],
  );
});

test('ImapCodec tells lines that are not DONE or not base64', () => {
  const codec = new ImapCodec();
  codec.expectDone();
  assert.deepEqual(show(codec.push(bytes('a NOOP\r\n'))), ['idle false a']);
  codec.expectDone();
  assert.deepEqual(show(codec.push(bytes('done and\r\n'))), ['idle false done']);
  codec.expectDone();
  assert.deepEqual(show(codec.push(bytes('(\r\n'))), ['idle false']);
  codec.expectDone();
  // The literal of a client that does not wait is no command.
  assert.deepEqual(show(codec.push(bytes(`b APPEND x {8+}\r\na NOOP\r\n\r\n${noop}`))), ['idle false b', zNoop]);
  codec.expectDone();
  assert.deepEqual(show(codec.push(bytes(`b APPEND x {8}\r\n${noop}`))), ['idle false b', zNoop]);
  codec.expectSaslResponse();
  assert.deepEqual(show(codec.push(bytes('{3+}\r\n'))), ['sasl null false']);
});

test('ImapCodec.discardInput forgets what came before', () => {
  const codec = new ImapCodec();
  for (const event of codec.push(bytes('a STARTTLS\r\nb NOOP\r\nc LOG'))) {
    assert.equal(event.kind, 'command');
    codec.discardInput();
  }
  assert.equal(codec.hasInput, false);
  assert.deepEqual(show(codec.push(bytes(noop))), [zNoop]);
});

test('ImapCodec keeps what the caller left for the next push', () => {
  const codec = new ImapCodec();
  for (const event of codec.push(bytes('a NOOP\r\nb NOOP\r\n'))) if (event.kind === 'command') break;
  assert.equal(codec.hasInput, true);
  assert.deepEqual(show(codec.push(bytes(noop))), ['b NOOP {"kind":"noop"}', zNoop]);
});

test('ImapCodec reads a literal of 100 KiB byte by byte in linear time', () => {
  const codec = new ImapCodec();
  const size = defaultLimits.maxLiteralBytes;
  const got = show(events(codec, `a DELETE {${size}+}\r\n${'x'.repeat(size)}\r\n`, 1));
  assert.equal(got.length, 1);
});

/** A small generator of numbers, so that failures can be repeated (xorshift32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('ImapCodec never throws and does not depend on how junk is cut', () => {
  const pieces = [
    'a ',
    'LOGIN ',
    'APPEND ',
    'FETCH ',
    'SEARCH ',
    'UID ',
    'LIST ',
    'x',
    '\r\n',
    '\r\n',
    '\n',
    '{3+}\r\n',
    '{2}\r\n',
    'abc',
    '(',
    ')',
    '"',
    '\\',
    '*',
    '1:*',
    ',',
    '[',
    ']',
    '<0.1>',
    'BODY[',
    'OR ',
    'NOT ',
    ' ',
    '\0',
    'é',
    '&',
    'UTF8 (~{1+}\r\nx)',
    'a APPEND x {5+}\r\nhello',
    'a LOGIN {1+}\r\na b\r\n',
    '{99+}\r\n',
  ];
  for (let seed = 1; seed <= 400; seed++) {
    const next = random(seed * 7919);
    let input = '';
    for (let i = next(60); i >= 0; i--) input += pieces[next(pieces.length)] ?? '';
    const whole = show(events(new ImapCodec({ limits }), input, 100_000));
    assert.deepEqual(show(events(new ImapCodec({ limits }), input, 1)), whole, `seed ${seed}`);
    assert.deepEqual(show(events(new ImapCodec({ limits }), input, 1 + next(9))), whole, `seed ${seed}`);
  }
});

for (const [name, write] of [
  ['quoted', (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`],
  ['literal', (text: string) => `{${text.length}+}\r\n${text}`],
] as const) {
  test(`ImapCodec takes the largest legal ID before login (RFC 2971 §3.3), as ${name} strings`, () => {
    const codec = new ImapCodec({ limits: unauthenticatedLimits });
    const pairs = Array.from({ length: 30 }, () => `${write('\\'.repeat(30))} ${write('"'.repeat(1024))}`);
    const [event] = codec.push(bytes(`a ID (${pairs.join(' ')})\r\n`));
    assert.ok(event?.kind === 'command' && event.command.kind === 'id');
    assert.equal(event.command.fields?.length, 30);
  });
}
