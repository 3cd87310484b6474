import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ReplyParser } from '#lib/smtp';
import type { Clock } from '#ports/clock';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { type SessionOptions, SmtpSession } from './index.ts';
import { FakeLoop } from '#testing/fake-loop';
import { plainOptions } from '#testing/smtp-conversation';

const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  sleep: () => Promise.resolve(),
  timer: (ms, fn) => new FakeClock().timer(ms, fn),
};

/** Pieces of dialogue, in any order: whole commands, halves of them, content, junk. */
const piece = fc.constantFrom(
  'EHLO c.example\r\n',
  'HELO c.example\r\n',
  'MAIL FROM:<a@b.example>\r\n',
  'MAIL FROM:<> BODY=8BITMIME\r\n',
  'RCPT TO:<b@example.org>\r\n',
  'RCPT TO:<nobody@example.org>\r\n',
  'RCPT TO:<badwrite@example.org>\r\n',
  'RCPT TO:<slow@example.org>\r\n',
  'DATA\r\n',
  'text\r\n.\r\n',
  '.\r\n',
  'bare\n.\r\n',
  'BDAT 4\r\nab\r\n',
  'BDAT 2 LAST\r\n\r\n',
  'BDAT 0 LAST\r\n',
  'BDAT 9999999999\r\n',
  'AUTH PLAIN AHVzZXJAZXhhbXBsZS5vcmcAc2VjcmV0\r\n',
  'AUTH LOGIN\r\n',
  'AUTH SCRAM-SHA-256\r\n',
  'dXNlckBleGFtcGxlLm9yZw==\r\n',
  '*\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'VRFY x\r\n',
  'QUIT\r\n',
  'STARTTLS x\r\n',
  '\0\r\n',
  '\r',
  '\n',
  ' ',
  '\u00e9',
);

test('SmtpSession always ends, answers in SMTP only, and leaves nothing open, whatever it is sent', async () => {
  const dialogue = fc.array(piece, { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(dialogue, fc.integer({ min: 1, max: 200 }), fc.boolean(), async (pieces, step, isSubmission) => {
      const { client, server } = channelPair({ tls: isSubmission });
      const backend = new FakeSmtpBackend(isSubmission ? { mechanisms: ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'] } : {});
      const log = new FakeLog();
      const session = new SmtpSession({
        loop: new FakeLoop(),
        channel: server,
        backend,
        options: {
          kind: isSubmission ? 'submissions' : 'mx',
          hostname: 'mx.example.org',
          startTls: true,
          authWithoutTls: false,
          mailNeedsTls: false,
          dsn: true,
          futureRelease: true,
          requireTls: true,
          pedantic: false,
          limits: { maxMessageBytes: 30 },
        },
        clock,
        log,
        random: { bytes: (count) => new Uint8Array(count) },
        id: 'fuzz',
      });
      const running = session.run();
      const bytes = new TextEncoder().encode(pieces.join(''));
      for (let i = 0; i < bytes.length; i += step) await client.write(bytes.subarray(i, i + step)).catch(() => {});
      client.endWriting();
      await running;
      assert.equal(backend.openHandlers, 0);
      assert.equal(backend.closes, 1);
      assert.deepEqual(
        log.events.filter((event) => event.level === 'error'),
        [],
      );
      const parser = new ReplyParser();
      for (let chunk = await client.read(0); chunk !== null; chunk = await client.read(0)) {
        parser.feed(chunk);
        for (let event = parser.next(); event !== null; event = parser.next()) assert.equal(event.kind, 'reply');
      }
      assert.equal(parser.hasInput(), false);
    }),
    { numRuns: 400, seed: 5321 },
  );
});

const options: SessionOptions = { ...plainOptions, startTls: true };
const random = { bytes: (count: number) => new Uint8Array(count) };

test('SmtpSession drops what it has when the peer leaves within content', async () => {
  for (const start of ['DATA\r\ntext\r\n', 'BDAT 100\r\ntext\r\n', 'BDAT 6\r\ntext\r\n']) {
    const { client, server } = channelPair();
    const backend = new FakeSmtpBackend();
    const running = new SmtpSession({
      loop: new FakeLoop(Infinity),
      channel: server,
      backend,
      options,
      clock,
      log: new FakeLog(),
      random,
      id: 'x',
    }).run();
    const dialogue = `EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\n${start}`;
    await client.write(new TextEncoder().encode(dialogue));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(backend.openHandlers, 1, start);
    client.destroy();
    await running;
    assert.equal(backend.openHandlers, 0, start);
    assert.equal(backend.aborted, 1, start);
  }
});

for (const [what, start, want] of [
  ['a command', 'NOOP', '421 4.4.2'],
  ['content', 'EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n', '421 4.4.2'],
  ['refused content', 'EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\na\nb', '421 4.4.2'],
] as const) {
  test(`SmtpSession does not let ${what} drip for ever`, async () => {
    let nowMs = 0;
    const hurried: Clock = { ...clock, monotonic: () => (nowMs += 10_000) };
    const { client, server } = channelPair({ byteAtATime: true });
    const backend = new FakeSmtpBackend();
    const deps = { channel: server, backend, options, clock: hurried, log: new FakeLog(), random, id: 'x' };
    const running = new SmtpSession({ ...deps, loop: new FakeLoop() }).run();
    await client.write(new TextEncoder().encode(`${start}${'x'.repeat(1000)}`));
    await running;
    let text = '';
    for (let chunk = await client.read(0); chunk !== null; chunk = await client.read(0)) {
      text += new TextDecoder().decode(chunk);
    }
    assert.match(text, new RegExp(`${want} [^\\n]*\\r\\n$`));
    assert.equal(backend.openHandlers, 0);
  });
}
