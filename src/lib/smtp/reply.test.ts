import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isPermanent, joinReplyLines, noExtensions, parseEhlo, ReplyParser, reply, writeReply } from './index.ts';
import { isPositive, isTransient } from './reply.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse(text: string, step: number): unknown[] {
  const parser = new ReplyParser();
  const out: unknown[] = [];
  const bytes = encode(text);
  for (let i = 0; i < bytes.length; i += step) {
    parser.feed(bytes.subarray(i, i + step));
    for (let event = parser.next(); event !== null; event = parser.next()) {
      out.push(event.kind === 'reply' ? event.reply : event.reason);
    }
  }
  return out;
}

for (const [text, want] of [
  ['250 ok\r\n', [reply(250, null, 'ok')]],
  ['250 2.1.5 ok\r\n', [reply(250, '2.1.5', 'ok')]],
  ['250\r\n', [reply(250, null, '')]],
  ['250 \r\n', [reply(250, null, '')]],
  ['250-a\r\n250 b\r\n221 c\r\n', [reply(250, null, 'a', 'b'), reply(221, null, 'c')]],
  ['550-5.1.1 no\r\n550 5.1.1 such\r\n', [reply(550, '5.1.1', 'no', 'such')]],
  ['250 5.1.1 the class is not that of the code\r\n', [reply(250, null, '5.1.1 the class is not that of the code')]],
  ['250 ok\n', [reply(250, null, 'ok')]],
  ['250-a\r\n251 b\r\n', ['lines of one reply have different codes']],
  ['hello\r\n250 ok\r\n', ['not an SMTP reply']],
  ['199 x\r\n', ['not an SMTP reply']],
  ['250ok\r\n', ['not an SMTP reply']],
] as const) {
  test(`ReplyParser(${JSON.stringify(text)})`, () => {
    assert.deepEqual(parse(text, 1000), want);
    assert.deepEqual(parse(text, 1), want);
  });
}

test('ReplyParser has limits on lines and their length', () => {
  assert.deepEqual(parse('250-x\r\n'.repeat(101), 1000), ['reply has too many lines']);
  assert.deepEqual(parse(`250 ${'x'.repeat(2100)}\r\n`, 100), ['reply line too long']);
});

test('writeReply wraps at 512 octets, on a space, with the codes on each line', () => {
  const text = writeReply(reply(550, '5.7.1', 'word '.repeat(300).trim()));
  const lines = text.split('\r\n').slice(0, -1);
  assert.ok(lines.length === 3, String(lines.length));
  for (const [i, line] of lines.entries()) {
    assert.ok(line.length <= 510);
    assert.ok(line.startsWith(i === lines.length - 1 ? '550 5.7.1 word' : '550-5.7.1 word'), line);
    assert.ok(line.endsWith('word'));
  }
});

test('writeReply lets no text forge a reply', () => {
  assert.equal(writeReply(reply(550, null, 'a\r\n250 ok')), '550 a  250 ok\r\n');
  assert.equal(writeReply(reply(550, null, 'é')), '550 ?\r\n');
  assert.equal(writeReply(reply(550, null, 'é'), { smtputf8: true }), '550 é\r\n');
});

test('writeReply and ReplyParser are a pair', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', '-', '0', '.'), maxLength: 60 }).map((text) => `t${text}`);
  fc.assert(
    fc.property(
      fc.constantFrom(220, 250, 354, 421, 550),
      fc.boolean(),
      fc.array(line, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 50 }),
      (code, isEnhanced, lines, step) => {
        const enhanced = isEnhanced && code !== 354 ? `${Math.trunc(code / 100)}.1.255` : null;
        assert.deepEqual(parse(writeReply({ code, enhanced, lines }), step), [{ code, enhanced, lines }]);
      },
    ),
    { numRuns: 300, seed: 2034 },
  );
});

test('ReplyParser never throws', () => {
  const octet = fc.constantFrom(13, 10, 32, 45, 50, 53, 48, 46, 255, 0);
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 80 }), (octets) => {
      const parser = new ReplyParser({ maxLineBytes: 20, maxLines: 3 });
      parser.feed(Uint8Array.from(octets));
      let events = 0;
      while (parser.next() !== null) events++;
      assert.ok(events <= 80);
    }),
    { numRuns: 1000, seed: 5321 },
  );
});

test('isPositive, isTransient and isPermanent split the codes', () => {
  for (const code of [250, 354, 450, 550]) {
    const kinds = [isPositive, isTransient, isPermanent].map((is) => is(reply(code, null, '')));
    assert.deepEqual(kinds, [code === 250, code === 450, code === 550]);
  }
});

test('parseEhlo reads what servers offer', () => {
  const extensions = parseEhlo([
    'mx.example.org greets you',
    'PIPELINING',
    'size 1000',
    '8bitmime',
    'STARTTLS',
    'AUTH PLAIN login',
    'AUTH=LOGIN X',
    'REQUIRETLS',
    'CHUNKING',
    'DSN',
    'SMTPUTF8 ignored',
    'ENHANCEDSTATUSCODES',
    'FUTURERELEASE 604800 2026-01-01T00:00:00Z',
    'LIMITS RCPTMAX=20 MAILMAX=5 FUTURE=x',
  ]);
  assert.equal(extensions.serverName, 'mx.example.org');
  assert.deepEqual(extensions.size, { maxBytes: 1000 });
  assert.deepEqual(extensions.auth, ['PLAIN', 'LOGIN', 'X']);
  assert.deepEqual(extensions.limits, { rcptMax: 20, mailMax: 5, rcptDomainMax: null });
  assert.deepEqual(extensions.futureRelease, { maxIntervalS: 604_800 });
  const { pipelining, startTls, eightBitMime, smtputf8, requireTls, chunking, dsn, enhancedStatusCodes } = extensions;
  assert.deepEqual(
    [pipelining, startTls, eightBitMime, smtputf8, requireTls, chunking, dsn, enhancedStatusCodes],
    Array.from({ length: 8 }, () => true),
  );
});

for (const [line, want] of [
  ['LIMITS RCPTMAX=0', null],
  ['LIMITS RCPTMAX=1234567', null],
  ['LIMITS RCPTMAX=1 RCPTMAX=2', null],
  ['LIMITS RCPTMAX', null],
  ['LIMITS RCPTMAX=999999', 999_999],
] as const) {
  test(`parseEhlo: ${line}`, () => assert.equal(parseEhlo(['x', line]).limits.rcptMax, want));
}

test('parseEhlo: SIZE without number or 0 is no maximum; nothing offered is nothing', () => {
  assert.deepEqual(parseEhlo(['x', 'SIZE']).size, { maxBytes: null });
  assert.deepEqual(parseEhlo(['x', 'SIZE 0']).size, { maxBytes: null });
  assert.equal(noExtensions.size, null);
  assert.equal(noExtensions.auth, null);
});

for (const [text, want] of [
  ['550-5.1.1 no such user\n550-5.1.1 here\n550 5.1.1 ask postmaster', '550 5.1.1 no such user here ask postmaster'],
  ['450-busy\n450 later', '450 busy later'],
  ['550-5.7.1 blocked\n550 see https://x.example', '550 5.7.1 blocked see https://x.example'],
  ['550-5.1.1 \n550 5.1.1 ', '550 5.1.1'],
  ['550 5.1.1 no such user', '550 5.1.1 no such user'],
  [
    'mx1.example (192.0.2.1): connection refused\nmx2.example: busy',
    'mx1.example (192.0.2.1): connection refused; mx2.example: busy',
  ],
  ['550-x\n250 y', '550-x; 250 y'],
  ['', ''],
] as const) {
  test(`joinReplyLines ${JSON.stringify(text)}`, () => assert.equal(joinReplyLines(text), want));
}
