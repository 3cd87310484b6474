import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { Files } from '#host/files';
import { writeDsn, type DsnRecipient } from '#lib/dsn';
import { QueueRunner, type DeliveryOutcome, type DsnSink } from '#mail/queue';
import { sql } from '#ports/database';
import { type Backend, type ServerKind } from '#proto/smtp-server';
import { Admission, Logins } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { standardRules, Submission } from '#server/submission';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { delivered } from '#testing/queue-world';
import { tempDir } from '#testing/temp-dir';
import { SenderCheck, SmtpIn, standardParts as inbound } from './index.ts';
import type { SmtpInDeps } from './smtp-in.ts';
import { converse } from '#testing/smtp-conversation';

const domains = `
domains:
  example.org:
    aliases: { team: { addresses: [ann@example.org], allowMessageFrom: true } }
accounts:
  ann: { addresses: [ann@example.org], fromIds: true }
  bob: { addresses: [bob@example.org] }
  cyd: { addresses: [cyd@example.org], fromIds: true, suppressions: manual }
`;
const hostname = 'mail.example.org';
const shutdown = new AbortController().signal;

interface World {
  readonly services: Services;
  readonly log: FakeLog;
  /** Submits mail of an account, from and to. @returns the reverse-path with which it leaves, once the remote host answered. */
  readonly send: (account: string, from: string, to: string) => Promise<string>;
  /** Brings mail from outside. @returns the last reply. */
  readonly bring: (from: string, to: string, content: string) => Promise<string>;
  /** Records made: trust, action, recipient and whether it is suppressed; then the suppression list. */
  readonly told: () => Promise<readonly string[]>;
  /** Answer of the remote host. */
  outcome: DeliveryOutcome;
}

async function inWorld(body: (world: World) => Promise<void>, more: Partial<SmtpInDeps> = {}): Promise<void> {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), dir.path];
  await writeFile(join(folder, 'server.yaml'), `hostname: ${hostname}\npostmaster: ann\nlisteners: {}\n`);
  await writeFile(join(folder, 'domains.yaml'), domains);
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  for (const name of ['ann', 'bob', 'cyd']) {
    await services.accounts.create(name);
    await services.credentials.setPassword(name, 'correct horse');
  }
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  using logins = new Logins({ ...services, admission });
  const senders = new SenderCheck(new FakeResolver({ 'far.example': { A: ['192.0.2.77'] } }));
  const world: World = {
    services,
    log,
    outcome: delivered,
    async send(account, from, to) {
      const lines = [
        `AUTH PLAIN ${btoa(`\0${account}\0correct horse`)}`,
        ...envelope(from, to),
        `From: ${account}@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: hello\r\n\r\nhello`,
        '.',
      ];
      const rules = standardRules(services.configuration);
      const backend = new Submission({ ...services, admission, logins, hostname, rules });
      assert.match(await talk(services, log, 'submissions', backend, lines), /^250 2\.0\.0 queued/);
      return await transmitted(services, world);
    },
    async bring(from, to, content) {
      const backend = new SmtpIn({ ...services, admission, senders, inbound, hostname, shutdown, ...more });
      return await talk(services, log, 'mx', backend, [...envelope(from, to), content, '.']);
    },
    async told() {
      const rows = await services.databases.server.read((reader) =>
        reader.all<{ detail: string; address: string | null }>(sql`SELECT detail, address FROM queue_event e
          LEFT JOIN queue_recipient r ON r.id = e.recipient ORDER BY e.id`),
      );
      const { items } = await services.suppressions.list();
      return [
        ...rows.map(({ detail, address }) => {
          const { trust, action } = JSON.parse(detail) as Record<string, unknown>;
          return `${String(trust)} ${String(action)} ${address}`;
        }),
        ...items.map(({ address, source }) => `${address} by ${source}`),
      ];
    },
  };
  await body(world);
}

function envelope(from: string, to: string): string[] {
  return [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA'];
}

async function talk(
  { clock, random }: Services,
  log: FakeLog,
  kind: ServerKind,
  backend: Backend,
  lines: readonly string[],
): Promise<string> {
  const heard = await converse(backend, ['EHLO far.example', ...lines], {
    options: { kind, hostname, dsn: true, limits: { maxMessageBytes: 1_000_000 } },
    channels: { clientAddress: '192.0.2.77', tls: kind === 'submissions' },
    clock,
    log,
    random,
  });
  return heard.trimEnd().split('\r\n').at(-2) ?? '';
}

/** Lets the queue make one attempt at what it has. @returns the sender of the transmission. */
async function transmitted(services: Services, world: World): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { databases, queueSettings, routing } = services;
  const sink: DsnSink = { deliverDsn: () => Promise.resolve() };
  const runner = new QueueRunner({
    ...services,
    db: databases.server,
    settings: { ...queueSettings, reportingMta: hostname, dsnFrom: `postmaster@${hostname}` },
    sink,
    delivery: {
      routing,
      transmitter: {
        transmit({ sender, recipients }) {
          resolve(sender === null ? '' : writeAddress(sender));
          return Promise.resolve(recipients.map(() => world.outcome));
        },
      },
    },
  });
  await runner.start({ isOnly: true });
  const sender = await promise;
  await runner.stop();
  return sender;
}

const failure: DsnRecipient = {
  finalRecipient: 'bob@far.example',
  originalRecipient: null,
  action: 'failed',
  status: '5.1.1',
  remoteMta: 'mx.far.example',
  diagnostic: '550 5.1.1 nobody of this name',
  diagnosticIsSmtp: true,
  lastAttemptMs: null,
  willRetryUntilMs: null,
};

function dsn(recipient: Partial<DsnRecipient> = {}, original = '<1@example.org>', body = ''): string {
  const bytes = writeDsn({
    kind: 'failed',
    reportingMta: 'mx.far.example',
    from: 'postmaster@far.example',
    to: 'ann@example.org',
    originalMessageId: original,
    original: new TextEncoder().encode(`Message-ID: ${original}\r\nSubject: hello\r\n\r\n${body}`),
    returnFull: body !== '',
    perRecipient: [{ ...failure, ...recipient }],
    arrivalMs: 0,
    envelopeId: null,
    messageId: '<dsn@far.example>',
    nowMs: 0,
    boundary: 'b0undary',
    smtputf8: false,
  });
  // As most servers write it: the original is named where it is returned only.
  return new TextDecoder().decode(bytes).replace(/^(?:References|In-Reply-To): .*\r\n/gm, '');
}

const accepted = /^250 2\.0\.0 delivered/;

test('Notices: what comes back to a From-ID is recorded, suppressed, and in the INBOX beside the message', () =>
  inWorld(async ({ send, bring, told, services, log }) => {
    const reversePath = await send('ann', 'ann@example.org', 'bob@far.example');
    assert.match(reversePath, /^ann\+[a-z2-7]{16}@example\.org$/);
    assert.match(
      await bring('x@far.example', 'ann@example.org', 'Message-ID: <1@example.org>\r\nSubject: hello\r\n\r\n'),
      accepted,
    );
    assert.match(await bring('', reversePath, dsn()), accepted);
    assert.deepEqual(await told(), ['fromId failed bob@far.example', 'bob@far.example by notice']);
    const ann = await services.accounts.open('ann');
    assert.equal((await ann?.mailboxes.byName('INBOX'))?.messages, 2);
    const threads = await ann?.db.read((reader) =>
      reader.all<{ thread: number }>(sql`SELECT DISTINCT thread FROM email`),
    );
    assert.equal(threads?.length, 1);
    assert.deepEqual(log.ofLevel('error'), []);
  }));

test('Notices: a large one, from a server that names itself, and answers of people', () =>
  inWorld(async ({ send, bring, told }) => {
    const reversePath = await send('ann', 'ann@example.org', 'bob@far.example');
    const large = dsn(
      { action: 'delayed', status: '4.4.1', diagnostic: null },
      '<1@example.org>',
      'hello hello\r\n'.repeat(20_000),
    );
    assert.match(await bring('mailer-daemon@far.example', reversePath, large), accepted);
    assert.match(await bring('bob@far.example', reversePath, 'Subject: Re: hello\r\n\r\nthanks'), accepted);
    assert.deepEqual(await told(), ['fromId delayed bob@far.example']);
  }));

test('Notices: without From-IDs the message must be known, tried, of this account and to this recipient', () =>
  inWorld(async (world) => {
    const { send, bring, told } = world;
    world.outcome = { ...delivered, remote: { name: 'mx.far.example', ip: '192.0.2.77' } };
    assert.equal(await send('bob', 'bob@example.org', 'carl@far.example'), 'bob@example.org');
    const carl = { finalRecipient: 'carl@far.example' };
    for (const [to, forged] of [
      ['bob@example.org', dsn({ finalRecipient: 'never@far.example' })],
      ['bob@example.org', dsn(carl, '<other@example.org>')],
      ['ann@example.org', dsn(carl)],
      ['ann+aaaaaaaaaaaaaaaa@example.org', dsn(carl)],
      ['bob@example.org', 'Subject: out of office\r\n\r\nI am away.'],
    ] as const) {
      assert.match(await bring('', to, forged), accepted);
      assert.deepEqual(await told(), []);
    }
    assert.match(await bring('', 'bob@example.org', dsn(carl)), accepted);
    assert.deepEqual(await told(), ['messageId failed carl@far.example', 'carl@far.example by notice']);
  }));

test('Notices: an account that keeps its suppression list by hand is only told', () =>
  inWorld(async ({ send, bring, told }) => {
    await bring('', await send('cyd', 'cyd@example.org', 'bob@far.example'), dsn());
    assert.deepEqual(await told(), ['fromId failed bob@far.example']);
  }));

test('Notices: only addresses of the account that have no detail yet get a From-ID', () =>
  inWorld(async ({ send }) => {
    for (const from of ['ann+news@example.org', 'team@example.org'])
      assert.equal(await send('ann', from, 'b@far.example'), from);
  }));

test('Notices: ordinary mail is not looked at, and trouble is no reason to refuse what is delivered', () => {
  const taken: unknown[] = [];
  const take = (notice: unknown): Promise<number> => {
    taken.push(notice);
    return Promise.reject(new Error('no disk'));
  };
  return inWorld(
    async ({ bring, log }) => {
      assert.match(await bring('x@far.example', 'ann+news@example.org', dsn()), accepted);
      assert.deepEqual(taken, []);
      assert.match(await bring('', 'ann@example.org', dsn()), accepted);
      assert.equal(taken.length, 1);
      assert.deepEqual(
        log.ofLevel('error').map(({ event }) => event),
        ['smtp.noticeFailed'],
      );
    },
    { feedback: { take } },
  );
});
