import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { reply } from '#lib/smtp';
import { deliverTo, type InboundPolicy, type Verdict } from '#mail/inbound';
import { SystemFlag } from '#lib/flags';
import { sql } from '#ports/database';
import { Admission } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { operator, Operations } from '#server/operations';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import { converse } from '#testing/smtp-conversation';
import { SenderCheck, SmtpIn, standardParts, type InboundPartsMaker } from './index.ts';

const domains = `
domains: { example.org: {} }
accounts:
  ann: { addresses: [ann@example.org] }
  bob: { addresses: [bob@example.org] }
  cyd: { addresses: [cyd@example.org] }
`;

interface World {
  readonly services: Services;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  /** Brings one message to recipients, by name. @returns the reply to its content. */
  readonly bring: (...to: readonly string[]) => Promise<string>;
  readonly shutdown: AbortController;
}

/** A world in which a fake policy decides by the name of the account. */
async function inWorld(
  verdicts: Readonly<Record<string, Verdict>>,
  body: (world: World) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  const [clock, log, folder, shutdown] = [new FakeClock(), new FakeLog(), dir.path, new AbortController()];
  await writeFile(join(folder, 'server.yaml'), 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n');
  await writeFile(join(folder, 'domains.yaml'), domains);
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files: new Files(), log, clock, onFatal });
  for (const name of ['ann', 'bob', 'cyd']) await services.accounts.create(name);
  const policy: InboundPolicy = (_message, { account }) => verdicts[account] ?? deliverTo('INBOX');
  const inbound: InboundPartsMaker = (config, directory) => ({ ...standardParts(config, directory), policy });
  const hostname = 'mail.example.org';
  const bring = async (...to: readonly string[]): Promise<string> => {
    const backend = new SmtpIn({
      ...services,
      admission: new Admission({ clock, trustedNetworks: [] }),
      senders: new SenderCheck(new FakeResolver({ 'far.example': { A: ['192.0.2.77'] } })),
      inbound,
      hostname,
      shutdown: shutdown.signal,
    });
    const recipients = to.map((name) => `RCPT TO:<${name}@example.org>`);
    const content = ['DATA', 'Subject: test', '', 'x', '.'];
    const lines = ['HELO far.example', 'MAIL FROM:<x@far.example>', ...recipients, ...content];
    const channels = { clientAddress: '192.0.2.77' };
    const heard = await converse(backend, lines, {
      options: { hostname },
      channels,
      clock,
      log,
      random: services.random,
    });
    return heard.split('\r\n')[to.length + 4] ?? '';
  };
  await body({ services, clock, log, bring, shutdown });
}

/** Mailboxes of an account that hold messages, with their flags and keywords. */
async function placesOf({ accounts }: Services, name: string): Promise<string[]> {
  const account = await accounts.open(name);
  assert.ok(account !== null);
  const rows = await account.db.read((reader) =>
    reader.all<{ name: string; flags: number; keywords: string }>(sql`SELECT m.name, p.first_flags AS flags,
      p.first_keywords AS keywords FROM message AS p JOIN mailbox AS m ON m.account = p.account AND m.id = p.mailbox ORDER BY p.id`),
  );
  return rows.map(({ name: mailbox, flags, keywords }) => [mailbox, flags, keywords].join(' ').trim());
}

/** `godwit why` about a recipient of x@far.example. */
async function whyOf(services: Services, recipient: string): Promise<string> {
  const operations = new Operations({ ...services, running: null });
  const told = (await operations.run('why', { sender: 'x@far.example', recipient }, operator)) as {
    readonly stories: unknown;
  };
  return JSON.stringify(told.stories);
}

test('SmtpIn: a verdict chooses mailbox, flags and keywords, and why says for what reason', () =>
  inWorld(
    {
      ann: deliverTo('Junk', { flags: SystemFlag.Seen, keywords: ['$Junk'], explanation: 'it smells' }),
      bob: deliverTo('Lists/new', { fields: 'X-Verdict: list\r\n' }),
      cyd: deliverTo('a//b'),
    },
    async ({ bring, services, log }) => {
      assert.match(await bring('ann', 'bob', 'cyd'), /^250 2\.0\.0 delivered/);
      assert.deepEqual(await placesOf(services, 'ann'), [`Junk ${SystemFlag.Seen} $Junk`]);
      assert.deepEqual(await placesOf(services, 'bob'), ['Lists/new 0']);
      const lists = (await (await services.accounts.open('bob'))?.mailboxes.list()) ?? [];
      assert.equal(lists.find(({ name }) => name === 'Lists/new')?.subscribed, true);
      // A name that no mailbox can have does not cost the message.
      assert.deepEqual(await placesOf(services, 'cyd'), ['INBOX 0']);
      assert.deepEqual(
        log.ofLevel('warn').map(({ event }) => event),
        ['delivery.mailboxRefused'],
      );
      assert.match(await whyOf(services, 'ann@example.org'), /it smells/);
      assert.doesNotMatch(await whyOf(services, 'bob@example.org'), /explanation":"/);
    },
  ));

const refused: Verdict = {
  kind: 'refuse',
  reply: reply(550, '5.7.1', 'not wanted'),
  explanation: 'a rule of the account',
};
const deferred: Verdict = { kind: 'defer', reply: reply(451, '4.7.1', 'come back later'), explanation: null };

test('SmtpIn: one of several recipients refuses: the others have it, and the sender gets a DSN', () =>
  inWorld({ bob: refused }, async ({ bring, services }) => {
    assert.match(await bring('ann', 'bob', 'cyd'), /^250 2\.0\.0 delivered/);
    assert.deepEqual(await Promise.all(['ann', 'bob', 'cyd'].map((name) => placesOf(services, name))), [
      ['INBOX 0'],
      [],
      ['INBOX 0'],
    ]);
    const rows = await services.databases.server.read((reader) =>
      reader.all<Record<string, unknown>>(
        sql`SELECT address, state, last_reply AS reply, notice_kind AS notice FROM queue_recipient`,
      ),
    );
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ address: 'bob@example.org', state: 'failed', reply: '550 5.7.1 not wanted', notice: 'failed' }],
    );
    assert.match(await whyOf(services, 'bob@example.org'), /a rule of the account/);
  }));

test('SmtpIn: one of several recipients defers: the others have it, and the queue tries again', () =>
  inWorld({ ann: deferred }, async ({ bring, services }) => {
    assert.match(await bring('ann', 'bob'), /^250 2\.0\.0 delivered/);
    const queued = await services.queue.list();
    assert.deepEqual(
      queued.map(({ recipient, state }) => [recipient, state]),
      [['ann@example.org', 'queued']],
    );
  }));

test('SmtpIn: when all refuse, the client hears the reply, and only why says the reason', () =>
  inWorld({ ann: refused, bob: refused }, async ({ bring, services }) => {
    assert.equal(await bring('ann', 'bob'), '550 5.7.1 not wanted (cid)');
    assert.deepEqual(await services.queue.list(), []);
    const story = await whyOf(services, 'bob@example.org');
    assert.match(story, /"reply":"550 5\.7\.1 not wanted"/);
    assert.match(story, /"explanation":"a rule of the account"/);
  }));

test('SmtpIn: when some defer and none has it, the client comes again', () =>
  inWorld({ ann: refused, bob: deferred }, async ({ bring, services }) => {
    assert.equal(await bring('ann', 'bob'), '451 4.7.1 come back later (cid)');
    assert.deepEqual(await services.queue.list(), []);
  }));

test('SmtpIn: a delay comes before the delivery, no longer than its limit', () =>
  inWorld(
    { ann: deliverTo('INBOX', { delayMs: 15_000 }), bob: deliverTo('INBOX', { delayMs: 3_600_000 }) },
    async (world) => {
      const { bring, clock, services } = world;
      for (const [to, ms] of [
        ['ann', 15_000],
        ['bob', 60_000],
      ] as const) {
        const before = clock.pending;
        const bringing = bring(to);
        let isDone = false;
        void bringing.then(() => (isDone = true));
        // The session's read alarm is no timer of this clock once all lines have come.
        while (clock.pending === before) await new Promise<void>((resolve) => setImmediate(resolve));
        await clock.advance(ms - 1);
        assert.deepEqual([isDone, await placesOf(services, to)], [false, []]);
        await clock.advance(1);
        assert.match(await bringing, /^250 2\.0\.0 delivered/);
        assert.deepEqual(await placesOf(services, to), ['INBOX 0']);
      }
    },
  ));

test('SmtpIn: a server that stops delays nothing, and takes nothing', () =>
  inWorld({ ann: deliverTo('INBOX', { delayMs: 15_000 }) }, async ({ bring, shutdown, services }) => {
    shutdown.abort(new Error('stop'));
    assert.match(await bring('ann'), /^451 4\.3\.2 shutting down/);
    assert.deepEqual(await placesOf(services, 'ann'), []);
  }));
