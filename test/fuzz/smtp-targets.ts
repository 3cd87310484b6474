import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { parseCommand, ReplyParser, SmtpCommandCodec, type CodecEvent } from '#lib/smtp';
import { SmtpSession, type SessionOptions } from '#proto/smtp-server';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { clientSides, latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';
import { settled } from './sessions.ts';
import { FakeLoop } from '#testing/fake-loop';

const dictionary = [
  ['EHLO client.example\r\n', 'HELO [192.0.2.1]\r\n', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>'],
  ['DATA\r\n', '\r\n.\r\n', '\n.\n', '\r\n.\n', '\r.\r', 'BDAT 5 LAST\r\nhello', 'BDAT 0\r\n', 'RSET\r\n', 'QUIT\r\n'],
  [' SIZE=100', ' BODY=8BITMIME', ' SMTPUTF8', ' RET=HDRS', ' ENVID=a+2B', ' NOTIFY=NEVER', ' ORCPT=rfc822;a@b'],
  [
    'AUTH PLAIN ',
    'AUTH LOGIN\r\n',
    'AUTH SCRAM-SHA-256 ',
    '=\r\n',
    '*\r\n',
    'AHVzZXIA',
    ' AUTH=<>',
    'VRFY ',
    'STARTTLS\r\n',
  ],
  ['<@a,@b:c@d>', '"quoted local"', '[IPv6:::1]', '\xc3\xa9', '<>', '<postmaster>', ' HOLDFOR=3', ' BY=5;R', '..'],
  ['250-', '250 ', '2.1.5 ', '999', '-', '\r\n', '\r', '\n', '\0', ' '],
].flat();

const sides = clientSides('smtp');

/** Splitting into lines and content, and commands: the same whatever the chunks, and nothing grows. */
const smtpCodec: Target = {
  name: 'smtp-codec',
  seeds: sides,
  dictionary,
  maxBytes: 30_000,
  async run(input, random) {
    const pedantic = random() < 0.5;
    const options = { pedantic, lenient: !pedantic && random() < 0.5 };
    const whole = codecEvents([input], options);
    const parts = codecEvents(chunked(input, random), options);
    assert.deepEqual(promised(parts), promised(whole), 'chunks make a difference');
    let contentBytes = 0;
    for (const event of whole) {
      if (event.kind === 'data') contentBytes += event.bytes.length;
      if (event.kind !== 'line') continue;
      must(event.text.length <= 12_288, 'a line past every limit');
      for (const strictness of [{}, { pedantic: true }, { lenient: true }]) checkCommand(event.text, strictness);
    }
    // A bare LF becomes CRLF.
    must(contentBytes <= (pedantic ? 1 : 2) * input.length, 'more content than there was input');
  },
};

/** Without content that has no end, or a bad one: how much of that is reported depends on the chunks. */
function promised(events: readonly CodecEvent[]): CodecEvent[] {
  return events.filter((event, i) => {
    if (event.kind !== 'data') return true;
    const next = events[i + 1];
    return (next?.kind === 'dataEnd' || next?.kind === 'bdatEnd') && next.problem === null;
  });
}

function checkCommand(line: string, strictness: NonNullable<Parameters<typeof parseCommand>[1]>): void {
  const parsed = parseCommand(line, strictness);
  if (!parsed.ok) must(parsed.at >= 0 && parsed.at <= line.length, `refused at ${parsed.at} of ${line.length}`);
}

function codecEvents(
  chunks: readonly Uint8Array[],
  strictness: NonNullable<Parameters<typeof parseCommand>[1]>,
): CodecEvent[] {
  const codec = new SmtpCommandCodec({}, strictness);
  const events: CodecEvent[] = [];
  let isFirst = true;
  for (const chunk of chunks) {
    codec.feed(chunk);
    let count = 0;
    for (let event = codec.next(); event !== null; event = codec.next()) {
      must((count += 1) <= 2 * chunk.length + 30_000, 'events without end');
      const last = events.at(-1);
      if (event.kind === 'data' && last?.kind === 'data') {
        events[events.length - 1] = { kind: 'data', bytes: Buffer.concat([last.bytes, event.bytes]) };
        continue;
      }
      events.push(event.kind === 'data' ? { kind: 'data', bytes: Buffer.from(event.bytes) } : event);
      if (event.kind !== 'line') continue;
      const bdat = /^BDAT (\d{1,7})( LAST)?$/i.exec(event.text);
      if (/^DATA/i.test(event.text)) {
        codec.beginData(strictness.lenient === true && event.problem === 'bareLf');
        isFirst = true;
      } else if (/^AUTH/i.test(event.text)) codec.expectSasl();
      else if (bdat !== null) {
        codec.beginBdat(Number(bdat[1]), isFirst, bdat[2] !== undefined);
        isFirst = bdat[2] !== undefined;
      }
    }
  }
  return events;
}

/** Replies of a server that may be anything. */
const smtpReplies: Target = {
  name: 'smtp-replies',
  seeds: [
    '220 mx.example ESMTP\r\n250-mx.example\r\n250-SIZE 1000\r\n250-PIPELINING\r\n250 HELP\r\n',
    '250 2.1.0 ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n354 go on\n421 bye\r\n',
    '334 \r\n235 2.7.0 done\r\n250\r\n250-\r\n250 \r\n',
  ].map(latin1),
  dictionary,
  maxBytes: 30_000,
  async run(input, random) {
    const replies = (chunks: readonly Uint8Array[]): unknown[] => {
      const parser = new ReplyParser();
      const events: unknown[] = [];
      for (const chunk of chunks) {
        parser.feed(chunk);
        for (let event = parser.next(); event !== null; event = parser.next()) events.push(event);
        must(events.length <= input.length, 'events without end');
      }
      return events;
    };
    assert.deepEqual(replies(chunked(input, random)), replies([input]), 'chunks make a difference');
  },
};

/** A whole session: it answers in lines with codes, finishes every handler, and ends when the client does. */
const smtpSession: Target = {
  name: 'smtp-session',
  seeds: sides,
  dictionary,
  maxBytes: 8000,
  async run(input, random) {
    const { client, server } = channelPair({ tls: random() < 0.3, tlsFails: true });
    const backend = new FakeSmtpBackend({ mechanisms: ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'CRAM-MD5'] });
    const [log, clock] = [new FakeLog(), new FakeClock()];
    const isSubmission = random() < 0.4;
    const options: SessionOptions = {
      kind: isSubmission ? 'submission' : 'mx',
      hostname: 'mx.example.org',
      startTls: random() < 0.2,
      authWithoutTls: random() < 0.7,
      mailNeedsTls: random() < 0.1,
      dsn: random() < 0.5,
      futureRelease: random() < 0.5,
      requireTls: random() < 0.5,
      pedantic: random() < 0.3,
      lenient: random() < 0.3,
    };
    const bytes = { bytes: (count: number) => new Uint8Array(count).fill(1) };
    const session = new SmtpSession({
      loop: new FakeLoop(),
      channel: server,
      backend,
      options,
      clock,
      log,
      id: 'fuzz',
      random: bytes,
    });
    const running = session.run();
    const talk = async (): Promise<void> => {
      for (const chunk of chunked(input, random)) {
        await client.write(chunk).catch(() => undefined);
        if (random() < 0.05) await turn();
      }
      client.endWriting();
    };
    const [output] = await Promise.all([settled(client, running, clock), talk()]);
    const bad = output.split('\r\n').find((line) => line !== '' && !/^[2345]\d\d[ -]/.test(line));
    must(bad === undefined, () => `not a reply: ${JSON.stringify(bad)}`);
    must(output === '' || output.endsWith('\r\n'), 'half a reply');
    const lines = input.reduce((count, byte) => count + Number(byte === 10), 0);
    must(output.length <= 4000 + 1500 * (lines + 1), () => `${output.length} bytes of replies to ${lines} lines`);
    must(backend.openHandlers === 0, 'a handler was left open');
    must(backend.closes === 1, 'closed more or less than once');
    const bug = log.ofLevel('error').find(({ cause }) => !String(cause).includes('as asked'));
    if (bug !== undefined) throw new Error(`logged ${bug.event}`, { cause: bug.cause });
  },
};

/** Everything that speaks SMTP. */
export const smtpTargets: readonly Target[] = [smtpCodec, smtpReplies, smtpSession];
