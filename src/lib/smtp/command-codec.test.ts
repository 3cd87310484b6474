import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkLineDiscipline, type ContentProblem, DotStuffer, SmtpCommandCodec } from './index.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin1 = new TextDecoder('latin1');

/** Feeds text in chunks of `step` bytes; DATA, BDAT n [LAST] and AUTH switch the codec's mode as a session would. */
function events(bytes: Uint8Array, step: number, limits = {}, pedantic = false): string[] {
  const codec = new SmtpCommandCodec(limits, { pedantic });
  const out: string[] = [];
  let data = '';
  let isFirst = true;
  for (let i = 0; i < bytes.length; i += step) {
    codec.feed(bytes.subarray(i, i + step));
    for (let event = codec.next(); event !== null; event = codec.next()) {
      switch (event.kind) {
        case 'line': {
          out.push(`line ${event.text}${event.problem === null ? '' : `!${event.problem}`}`);
          const bdat = /^BDAT (\d+)( LAST)?$/.exec(event.text);
          if (event.text === 'DATA') codec.beginData();
          else if (event.text === 'AUTH') codec.expectSasl();
          else if (bdat !== null) {
            codec.beginBdat(Number(bdat[1]), isFirst, bdat[2] !== undefined);
            isFirst = bdat[2] !== undefined;
          }
          break;
        }
        case 'data':
          data += latin1.decode(event.bytes);
          break;
        case 'overlong':
          out.push('overlong');
          break;
        default:
          out.push(`${event.kind} ${JSON.stringify(data)}${event.problem === null ? '' : `!${event.problem}`}`);
          data = '';
      }
    }
  }
  return out;
}

for (const [given, want] of [
  ['NOOP\r\nRSET\r\n', ['line NOOP', 'line RSET']],
  ['NOOP\nRSET\r\n', ['line NOOP!bareLf', 'line RSET']],
  ['\r\n', ['line ']],
  ['\n', ['line !bareLf']],
  ['A\rB\r\n', ['line !bareCr']],
  ['A\r\r\n', ['line !bareCr']],
  ['A\0\r\n', ['line !nul']],
  ['NOOP é\r\n', ['line NOOP é']],
  ['DATA\r\n.\r\nQUIT\r\n', ['line DATA', 'dataEnd ""', 'line QUIT']],
  ['DATA\r\na\r\n.\r\n', ['line DATA', 'dataEnd "a\\r\\n"']],
  ['DATA\r\n..\r\n.a\r\n...\r\n.\r\n', ['line DATA', 'dataEnd ".\\r\\na\\r\\n..\\r\\n"']],
  ['DATA\r\na.\r\n.\r\n', ['line DATA', 'dataEnd "a.\\r\\n"']],
  ['DATA\r\n\r\n\r\n.\r\n', ['line DATA', 'dataEnd "\\r\\n\\r\\n"']],
  ['DATA\r\na\n.\r\nb\r\n.\r\nNOOP\r\n', ['line DATA', 'dataEnd ""!bareLf', 'line NOOP']],
  [
    'BDAT 4\r\na\r\n.BDAT 2 LAST\r\n\r\nNOOP\r\n',
    ['line BDAT 4', 'bdatEnd "a\\r\\n."', 'line BDAT 2 LAST', 'bdatEnd "\\r\\n"', 'line NOOP'],
  ],
  ['BDAT 0 LAST\r\nNOOP\r\n', ['line BDAT 0 LAST', 'bdatEnd ""', 'line NOOP']],
  [
    'BDAT 2\r\na\rBDAT 1 LAST\r\n\nNOOP\r\n',
    ['line BDAT 2', 'bdatEnd "a\\r"', 'line BDAT 1 LAST', 'bdatEnd "\\n"', 'line NOOP'],
  ],
  ['BDAT 2 LAST\r\na\rNOOP\r\n', ['line BDAT 2 LAST', 'bdatEnd ""!bareCr', 'line NOOP']],
  ['BDAT 3 LAST\r\n.\r\nNOOP\r\n', ['line BDAT 3 LAST', 'bdatEnd ".\\r\\n"', 'line NOOP']],
  ['BDAT 2 LAST\r\n.\rNOOP\r\n', ['line BDAT 2 LAST', 'bdatEnd ""!bareCr', 'line NOOP']],
  ['BDAT 2 LAST\r\n.\nNOOP\r\n', ['line BDAT 2 LAST', 'bdatEnd ""!bareLf', 'line NOOP']],
  ['BDAT 4 LAST\r\na\n\nbNOOP\r\n', ['line BDAT 4 LAST', 'bdatEnd "a\\r\\n\\r\\nb"', 'line NOOP']],
  ['DATA\r\na\nb\n\nc\r\n\n.d\r\n.\r\n', ['line DATA', 'dataEnd "a\\r\\nb\\r\\n\\r\\nc\\r\\n\\r\\nd\\r\\n"']],
  [
    'DATA\r\n\na\n..\n.é\n\r\n.\r\nNOOP\r\n',
    ['line DATA', 'dataEnd "\\r\\na\\r\\n.\\r\\nÃ©\\r\\n\\r\\n"', 'line NOOP'],
  ],
] as const) {
  test(`SmtpCommandCodec(${JSON.stringify(given)})`, () => {
    const bytes = encode(given);
    // How much content comes before a problem is seen depends on the chunks, so only content without problems is compared.
    const strip = (text: string): string => text.replace(/^(dataEnd|bdatEnd) ".*"!/, '$1 !');
    assert.deepEqual(events(bytes, bytes.length).map(strip), want.map(strip));
    assert.deepEqual(events(bytes, 1).map(strip), want.map(strip));
  });
}

for (const [content, want] of [
  ['a\n.\r\n', 'bareLf'],
  ['a\n.\n', 'bareLf'],
  ['a\r\n.\n', 'bareLf'],
  ['\n.\r\n', 'bareLf'],
  ['.\n', 'bareLf'],
  ['a\r.\r\n', 'bareCr'],
  ['a\r\n.\r', 'bareCr'],
  ['a\r\r\n', 'bareCr'],
  ['a\r\n\r.\r\n', 'bareCr'],
  ['.\r\r\n', 'bareCr'],
] as const) {
  test(`SmtpCommandCodec does not end DATA at ${JSON.stringify(content)}`, () => {
    const bytes = encode(`DATA\r\n${content}x\r\n.\r\nNOOP\r\n`);
    for (const [step, pedantic] of [1, 2, 3, bytes.length].flatMap((n) => [[n, false] as const, [n, true] as const])) {
      const got = events(bytes, step, {}, pedantic);
      assert.equal(got.length, 3, JSON.stringify(got));
      assert.match(String(got[1]), new RegExp(`^dataEnd .*!${want}$`));
      assert.equal(got[2], 'line NOOP');
    }
  });
}

for (const [content, want] of [
  ['a\rb\r\r\n\r.\r\n\r', 'a\rb\r\r\n\r.\r\n\r\r\n'],
  ['a\r\n.\rb', 'bareCr'],
  ['.\r\r\n', 'bareCr'],
  ['a\n.\rb', 'bareLf'],
] as const) {
  test(`SmtpCommandCodec, passing a bare CR, reads ${JSON.stringify(content)}`, () => {
    const bytes = encode(`DATA\r\n${content}\r\n.\r\nNOOP\r\n`);
    for (const step of [1, 2, 3, bytes.length]) {
      const codec = new SmtpCommandCodec({}, { passesBareCr: true });
      let got = '';
      let problem: string | null = null;
      for (let at = 0; at < bytes.length; at += step) {
        codec.feed(bytes.slice(at, at + step));
        for (let event = codec.next(); event !== null; event = codec.next()) {
          if (event.kind === 'line' && event.text === 'DATA') codec.beginData();
          if (event.kind === 'data') got += String.fromCharCode(...event.bytes);
          if (event.kind === 'dataEnd') problem = event.problem;
        }
      }
      assert.equal(problem ?? got, want);
    }
  });
}

for (const [limit, length, want] of [
  ['maxLineBytes', 18, 'line'],
  ['maxLineBytes', 19, 'overlong'],
  ['maxSaslLineBytes', 28, 'line'],
  ['maxSaslLineBytes', 29, 'overlong'],
] as const) {
  test(`SmtpCommandCodec ${limit}: ${length} characters and CRLF are ${want}`, () => {
    const before = limit === 'maxSaslLineBytes' ? 'AUTH\r\n' : '';
    const bytes = encode(`${before}${'x'.repeat(length)}\r\nNOOP\r\n`);
    for (const step of [1, 7, bytes.length]) {
      const got = events(bytes, step, { maxLineBytes: 20, maxSaslLineBytes: 30 });
      assert.match(String(got[before === '' ? 0 : 1]), new RegExp(`^${want}`));
      if (want === 'overlong') assert.equal(got.at(-1), 'overlong');
    }
  });
}

test('SmtpCommandCodec refuses a line that is not UTF-8, and keeps its place', () => {
  assert.deepEqual(events(Uint8Array.of(255, 13, 10, 65, 13, 10), 1), ['line !utf8', 'line A']);
});

test('SmtpCommandCodec.discard tells whether something was waiting', () => {
  const codec = new SmtpCommandCodec();
  codec.feed(encode('STARTTLS\r\n'));
  codec.next();
  assert.equal(codec.discard(), false);
  codec.feed(encode('STARTTLS\r\nx'));
  codec.next();
  assert.equal(codec.discard(), true);
  assert.equal(codec.next(), null);
});

/** Octets that matter, and some that do not. */
const octets = fc
  .array(fc.constantFrom(13, 10, 46, 97, 0, 200), { maxLength: 60 })
  .map((list) => Uint8Array.from(list));
const pieces = fc.array(fc.constantFrom('\r\n', '.', '..', 'a', 'text', '\r\n.', '\u00e9', ''), { maxLength: 40 });

/** Content by the letter of RFC 5321 §4.5.2, on a string; unless pedantic with bare LFs as line ends. */
function reference(
  text: string,
  pedantic: boolean,
): { readonly content: string; readonly problem: ContentProblem | null } | null {
  const end = `\r\n${text}`.indexOf('\r\n.\r\n');
  if (end < 0) return null;
  const whole = `\r\n${text}`.slice(0, end + 2);
  const bareLf = pedantic ? /(?<!\r)\n/ : /(?<!\r)\n\.\r?\n|(?<!\r)\n\.\r|(?<=\r\n\.)\n/;
  const ends = pedantic ? /(^|\r\n)\./g : /(^|\r?\n)\./g;
  const at = (found: number): number => (found < 0 ? Infinity : found);
  const [cr, lf] = [at(whole.search(/\r(?!\n)/)), at(whole.search(bareLf))];
  const content = whole.slice(2).replace(ends, '$1').replace(/\r?\n/g, '\r\n');
  return { content, problem: cr === lf ? null : cr < lf ? 'bareCr' : 'bareLf' };
}

test('SmtpCommandCodec finds the end, the content and the problem that the RFC defines, in any chunking', () => {
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 70 }), fc.boolean(), (bytes, step, pedantic) => {
      const text = latin1.decode(bytes);
      const whole = new Uint8Array(6 + bytes.length);
      whole.set(encode('DATA\r\n'));
      whole.set(bytes, 6);
      const want = reference(text, pedantic);
      const end = events(whole, step, {}, pedantic).find((event) => event.startsWith('dataEnd'));
      if (want === null) assert.equal(end, undefined);
      else if (want.problem === null) assert.equal(end, `dataEnd ${JSON.stringify(want.content)}`);
      else assert.match(String(end), new RegExp(`!${want.problem}$`));
    }),
    { numRuns: 2000, seed: 5321 },
  );
});

test('DotStuffer gives what SmtpCommandCodec turns back, in any chunking', () => {
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (parts, out, step) => {
      const message = encode(parts.join(''));
      const stuffer = new DotStuffer();
      const wire = [...encode('DATA\r\n')];
      for (let i = 0; i < message.length; i += out) wire.push(...stuffer.push(message.subarray(i, i + out)));
      const end = stuffer.end();
      assert.ok(end);
      const got = events(Uint8Array.from([...wire, ...end]), step);
      const text = latin1.decode(message);
      const want = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
      assert.deepEqual(got, ['line DATA', `dataEnd ${JSON.stringify(want)}`]);
    }),
    { numRuns: 1000, seed: 5321 },
  );
});

test('DotStuffer and checkLineDiscipline refuse the same messages', () => {
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 9 }), (bytes, step) => {
      const stuffer = new DotStuffer();
      const sent: number[] = [];
      for (let i = 0; i < bytes.length; i += step) sent.push(...stuffer.push(bytes.subarray(i, i + step)));
      assert.equal(stuffer.end() === null, checkLineDiscipline(bytes) !== null);
      // Whatever got out has no bare CR or LF.
      assert.equal(checkLineDiscipline(Uint8Array.from(sent)), null);
    }),
    { numRuns: 1000, seed: 5321 },
  );
});

test('SmtpCommandCodec never throws, and says the same in any chunking of command lines', () => {
  fc.assert(
    fc.property(octets, (bytes) => {
      assert.deepEqual(events(bytes, 1), events(bytes, 1000));
    }),
    { numRuns: 1000, seed: 5321 },
  );
});
