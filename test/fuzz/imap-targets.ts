import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import {
  defaultLimits as codecLimits,
  ImapCodec,
  parseCommand,
  unauthenticatedLimits,
  type ImapEvent,
} from '#lib/imap';
import { mechanismsByStrength, deriveScramKeys, type CredentialStore, type Identity } from '#lib/sasl';
import { defaultLimits, serveImap } from '#proto/imap-server';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { MemoryImapBackend } from '#testing/imap-backend';
import { clientSides, latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';
import { settled } from './sessions.ts';

const dictionary = [
  ['a LOGIN mrc secret\r\n', 'a SELECT INBOX\r\n', 'a FETCH 1:* ', 'a UID FETCH ', 'a SEARCH ', 'a STORE 1 +FLAGS '],
  ['a APPEND INBOX {5}\r\nhello\r\n', '{5+}\r\n', '{99999999999}\r\n', '~{3}\r\n', '{0}\r\n', 'a IDLE\r\nDONE\r\n'],
  [
    'BODY[]',
    'BODY.PEEK[1.2.MIME]<0.10>',
    'BODY[HEADER.FIELDS (A B)]',
    'ENVELOPE',
    'BODYSTRUCTURE',
    'BINARY[1]',
    'RFC822.SIZE',
  ],
  [
    '(\\Seen $x)',
    '1:*',
    '*',
    '4294967295',
    '0',
    '1,2,3:5',
    'NIL',
    '""',
    '"a\\"b"',
    '%',
    '&AOk-',
    'NOT ',
    'OR ',
    '((((',
    '))))',
  ],
  [
    'RETURN (MIN MAX ALL COUNT SAVE)',
    'UID 1:*',
    'HEADER a b',
    'CHARSET UTF-8',
    'SINCE 1-Jan-2020',
    'LARGER 5',
    '$',
    'TEXT x',
  ],
  [
    'a ENABLE IMAP4rev2 UTF8=ACCEPT\r\n',
    'a LIST (SUBSCRIBED) "" (%% *) RETURN (STATUS (MESSAGES))\r\n',
    'a MOVE 1 Trash\r\n',
  ],
  [
    'a AUTHENTICATE PLAIN ',
    'a AUTHENTICATE SCRAM-SHA-256\r\n',
    '=\r\n',
    '*\r\n',
    'AG1yYwBzZWNyZXQ=\r\n',
    'a NOOP\r\n',
    'a CREATE x/y\r\n',
  ],
  [
    '\r\n',
    '\r',
    '\n',
    '\0',
    ' ',
    '(',
    ')',
    '[',
    ']',
    '\xc3\xa9',
    '"',
    '\\',
    'a CLOSE\r\n',
    'a EXPUNGE\r\n',
    'a RENAME INBOX z\r\n',
  ],
].flat();

const sides = [
  ...clientSides('imap'),
  latin1('a LOGIN mrc secret\r\nb SELECT INBOX\r\nc FETCH 1:* (FLAGS BODY[])\r\nd LOGOUT\r\n'),
];

/** Splitting into commands and messages: the same whatever the chunks, and nothing is kept past its limit. */
const imapCodec: Target = {
  name: 'imap-codec',
  seeds: sides,
  dictionary,
  maxBytes: 30_000,
  async run(input, random) {
    const isLoggedIn = random() < 0.7;
    const refuses = Math.floor(random() * 5);
    const whole = codecEvents([input], isLoggedIn, refuses);
    assert.deepEqual(codecEvents(chunked(input, random), isLoggedIn, refuses), whole, 'chunks make a difference');
  },
};

function codecEvents(chunks: readonly Uint8Array[], isLoggedIn: boolean, refuses: number): unknown[] {
  const codec = new ImapCodec(isLoggedIn ? { utf8: true } : { limits: unauthenticatedLimits });
  const events: ImapEvent[] = [];
  let decisions = 0;
  for (const chunk of chunks) {
    for (const event of codec.push(chunk)) {
      must(events.length <= 60_000, 'events without end');
      const last = events.at(-1);
      if (event.kind === 'appendData') {
        const bytes = Buffer.from(event.bytes);
        if (last?.kind === 'appendData')
          events[events.length - 1] = { ...event, bytes: Buffer.concat([last.bytes, bytes]) };
        else events.push({ ...event, bytes });
        continue;
      }
      events.push(event);
      const isAsked = event.kind === 'continue' || (event.kind === 'appendMessage' && event.needsContinuation);
      if (isAsked && (decisions += 1) % 5 === refuses) codec.skipCommand();
      else if (event.kind === 'command' && event.command.kind === 'idle') codec.expectDone();
      else if (event.kind === 'command' && event.command.kind === 'authenticate') codec.expectSaslResponse();
    }
  }
  return events;
}

/** Single commands, without a codec before them. */
const imapParser: Target = {
  name: 'imap-parser',
  seeds: sides
    .flatMap((side) => new TextDecoder('latin1').decode(side).split('\r\n').map(latin1))
    .filter(({ length }) => length > 3),
  dictionary,
  maxBytes: 4000,
  async run(input, random) {
    const { tag, name, command } = parseCommand(input, { limits: codecLimits, utf8: random() < 0.5 });
    must(tag === null || /^[\x21-\x7e]+$/.test(tag), 'a tag that cannot be sent back');
    must(!/[\r\n]/.test(name), 'a name that cannot be sent back');
    if (!command.ok) must(command.at >= 0 && command.at <= input.length, `refused at ${command.at} of ${input.length}`);
  },
};

const identity: Identity = { account: 'mrc', login: 'mrc' };
const credentials: CredentialStore = {
  checkPassword: async (login, password) => (login === 'mrc' && password === 'secret' ? identity : null),
  scramKeys: async (_login, hash) => deriveScramKeys('secret', new Uint8Array(16).fill(1), 4096, hash),
  checkCramMd5: async () => null,
  identify: async (login) => (login === 'mrc' ? identity : null),
  identifyCertificate: async () => null,
};

const multipart =
  'From: "A, B" <a@example.org>\nSubject: =?utf-8?q?=C3=A9?=\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPGI+\n--b--\n';

/** A whole session: it answers, and ends when the client does; it never has to say [SERVERBUG]. */
const imapSession: Target = {
  name: 'imap-session',
  seeds: sides,
  dictionary,
  maxBytes: 8000,
  async run(input, random) {
    const backend = new MemoryImapBackend(credentials);
    backend.deliver('INBOX', 'Subject: one\n\ntext\n');
    backend.deliver('INBOX', multipart);
    backend.deliver('INBOX', `Content-Type: message/rfc822\n\n${multipart}`);
    const { client, server } = channelPair({ serverPort: 143, tlsFails: true });
    const [log, clock] = [new FakeLog(), new FakeClock()];
    const running = serveImap({
      channel: server,
      backend,
      clock,
      loop: new FakeLoop(),
      log,
      random: { bytes: (count) => new Uint8Array(count).fill(5) },
      shutdown: new AbortController().signal,
      options: {
        hostname: 'mx.example',
        startTls: random() < 0.2,
        allowClearPasswords: random() < 0.9,
        mechanisms: mechanismsByStrength,
        preauthenticated: random() < 0.6 ? identity : null,
        serverId: new Map([['name', 'Godwit']]),
        limits: { ...defaultLimits, maxBadBeforeLogin: 20 },
      },
    });
    const talk = async (): Promise<void> => {
      if (random() < 0.5) await client.write(latin1('a SELECT INBOX\r\n')).catch(() => undefined);
      for (const chunk of chunked(input, random)) {
        await client.write(chunk).catch(() => undefined);
        if (random() < 0.05) await turn();
      }
      client.endWriting();
    };
    const [output] = await Promise.all([settled(client, running, clock), talk()]);
    must(/^\* (OK|PREAUTH|BYE) /.test(output), () => `no greeting: ${output.slice(0, 100)}`);
    must(output.endsWith('\r\n'), 'half a response');
    const [bug] = log.ofLevel('error');
    if (bug !== undefined) throw new Error(`logged ${bug.event}`, { cause: bug.cause });
    must(!output.includes('[SERVERBUG]'), 'it said [SERVERBUG]');
  },
};

/** Everything that speaks IMAP. */
export const imapTargets: readonly Target[] = [imapCodec, imapParser, imapSession];
