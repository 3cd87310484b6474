import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Files } from '#host/files';
import { mechanismsByStrength, type Identity } from '#lib/sasl';
import { defaultLimits, serveImap } from '#proto/imap-server';
import { SmtpSession, type Backend, type SessionOptions } from '#proto/smtp-server';
import { Admission, Logins } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { ImapGlue } from '#server/imap';
import { SenderCheck, SmtpIn, standardParts as inbound } from '#server/smtp-in';
import { standardRules, Submission } from '#server/submission';
import { channelPair, type FakeChannel } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { FakeResolver } from '#testing/fake-resolver';
import { clientSides, latin1, realMessages } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';
import { settled } from './sessions.ts';

/** A real disk takes its time. */
const maxTurns = 20_000_000;
const hostname = 'mail.example.org';
const identity: Identity = { account: 'mrc', login: 'mrc@example.org' };

/** A whole server behind the sessions, with its store on disk. */
interface World {
  readonly services: Services;
  readonly log: FakeLog;
  readonly admission: Admission;
  readonly logins: Logins;
}

let opening: Promise<World> | null = null;

/** The one world of this process: what earlier inputs stored is part of the test. */
function world(): Promise<World> {
  opening ??= open();
  return opening;
}

async function open(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'godwit-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, 'server.yaml'),
    `hostname: ${hostname}\npostmaster: mrc\nlisteners: {}\ndisk: { reserve: 0 }\n`,
  );
  const domains = `domains: { example.org: { aliases: { team: { addresses: [mrc@example.org, joe@example.org] } } } }
accounts: { mrc: { addresses: [mrc@example.org, user@example.org, b@example.org] }, joe: { addresses: [joe@example.org], quota: 100 KiB } }
`;
  writeFileSync(join(folder, 'domains.yaml'), domains);
  const log = new FakeLog();
  const onFatal = (error: Error): never => {
    throw error;
  };
  const services = await openServices({ folder, files: new Files(), log, onFatal });
  for (const name of ['mrc', 'joe']) await services.accounts.create(name);
  const admission = new Admission({ clock: services.clock, trustedNetworks: ['192.0.2.0/24'] });
  return { services, log, admission, logins: new Logins({ ...services, admission }) };
}

/** Writes the input in chunks and reads all answers. @throws Error when an error was logged: whatever a stranger sends is no bug. */
async function converse(
  { log }: World,
  ends: { readonly client: FakeChannel; readonly running: Promise<void>; readonly clock: FakeClock },
  input: Uint8Array,
  random: () => number,
): Promise<string> {
  const { client, running, clock } = ends;
  const talk = async (): Promise<void> => {
    for (const chunk of chunked(input, random)) {
      await client.write(chunk).catch(() => undefined);
      if (random() < 0.05) await turn();
    }
    client.endWriting();
  };
  const [output] = await Promise.all([settled(client, running, clock, maxTurns), talk()]);
  const [bug] = log.ofLevel('error');
  log.events.length = 0;
  if (bug !== undefined) throw new Error(`logged ${bug.event}`, { cause: bug.cause });
  return output;
}

const mails = realMessages(150, 6000).map((message) => {
  const text = new TextDecoder('latin1').decode(message).replaceAll(/\r?\n/g, '\r\n').replaceAll(/^\./gm, '..');
  return latin1(
    `EHLO a.example\r\nMAIL FROM:<a@far.example>\r\nRCPT TO:<team@example.org>\r\nDATA\r\n${text}\r\n.\r\n`,
  );
});

const smtpDictionary = [
  'RCPT TO:<mrc@example.org>\r\n',
  'RCPT TO:<team@example.org>\r\n',
  'DATA\r\n',
  '\r\n.\r\n',
  'MAIL FROM:<>\r\n',
  'BDAT 0 LAST\r\n',
  '\0',
  '\r\n\r\n',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  '--b\r\n',
  '=?utf-8?q?=00?=',
  'Message-ID: <>\r\n',
];

/** SMTP into a real store, as a stranger and as a user. */
const smtpStore: Target = {
  name: 'smtp-store',
  seeds: [...clientSides('smtp'), ...mails],
  dictionary: smtpDictionary,
  maxBytes: 12_000,
  async run(input, random) {
    const place = await world();
    const { services, admission, logins } = place;
    const isSubmission = random() < 0.3;
    const { client, server } = channelPair({ clientAddress: '192.0.2.77', tls: true });
    const clock = new FakeClock();
    const senders = new SenderCheck(new FakeResolver({ 'far.example': { A: ['192.0.2.77'] } }));
    const shutdown = new AbortController().signal;
    const backend: Backend = isSubmission
      ? new Submission({ ...services, admission, logins, hostname, rules: standardRules(services.configuration) })
      : new SmtpIn({ ...services, clock, admission, senders, inbound, hostname, shutdown });
    const options: SessionOptions = {
      kind: isSubmission ? 'submissions' : 'mx',
      hostname,
      startTls: false,
      authWithoutTls: false,
      mailNeedsTls: false,
      dsn: isSubmission,
      futureRelease: isSubmission,
      requireTls: true,
      pedantic: random() < 0.3,
    };
    const { log, random: bytes } = services;
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
    const output = await converse(place, { client, running: session.run(), clock }, input, random);
    must(!output.includes('error on our side'), 'it said that the error is ours');
  },
};

const imapDictionary = [
  'a SELECT INBOX\r\n',
  'a FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\n',
  'a FETCH 1:* BODY.PEEK[1.1.MIME]\r\n',
  'a FETCH 1:* BINARY.PEEK[1]\r\n',
  'a SEARCH TEXT x\r\n',
  'a SEARCH HEADER "" ""\r\n',
  'a APPEND INBOX {2+}\r\nx\n\r\n',
  'a COPY 1:* Trash\r\n',
  'a STORE 1:* +FLAGS (\\Deleted $x)\r\n',
  'a EXPUNGE\r\n',
  'a CREATE a/b\r\n',
  'a RENAME a c\r\n',
  'a DELETE c\r\n',
  'a FETCH * BODY[]<4294967295.1>\r\n',
  'a SEARCH LARGER 0 UID *\r\n',
  '\0',
  '\xff',
  '{0+}\r\n',
];

/** IMAP on a real store that holds what the inputs before left there. */
const imapStore: Target = {
  name: 'imap-store',
  seeds: clientSides('imap'),
  dictionary: imapDictionary,
  maxBytes: 8000,
  async run(input, random) {
    const place = await world();
    const { services, logins } = place;
    const { log } = services;
    const { client, server } = channelPair({ serverPort: 993, tls: true });
    const clock = new FakeClock();
    const backend = new ImapGlue({
      ...services,
      logins,
      log,
      credentials: services.checker,
      remoteAddress: '192.0.2.77',
      appendLimitBytes: 100_000,
      connection: () => ({ service: 'imaps', local: '', remoteIp: '192.0.2.77', hello: null, tls: null, cid: 'fuzz' }),
      onOpen: () => undefined,
    });
    const running = serveImap({
      channel: server,
      backend,
      clock,
      loop: new FakeLoop(),
      log,
      random: services.random,
      shutdown: new AbortController().signal,
      options: {
        hostname,
        startTls: false,
        allowClearPasswords: true,
        mechanisms: mechanismsByStrength,
        preauthenticated: identity,
        serverId: new Map([['name', 'Godwit']]),
        limits: { ...defaultLimits, maxBadInRow: 100 },
      },
    });
    const select = random() < 0.7 ? latin1('s SELECT INBOX\r\n') : new Uint8Array(0);
    const output = await converse(place, { client, running, clock }, Uint8Array.from([...select, ...input]), random);
    must(!output.includes('[SERVERBUG]'), 'it said [SERVERBUG]');
  },
};

/** Sessions with everything behind them. */
export const storeTargets: readonly Target[] = [smtpStore, imapStore];
