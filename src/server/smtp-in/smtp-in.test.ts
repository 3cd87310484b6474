import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { sql } from '#ports/database';
import { SmtpSession } from '#proto/smtp-server';
import { Admission } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { channelPair } from '#testing/channel-pair';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import { SenderCheck, SmtpIn } from './index.ts';
import { FakeLoop } from '#testing/fake-loop';

const domains = `
domains:
  example.org:
    aliases:
      team: { addresses: [ann@example.org, bob@example.org, full@example.org] }
      closed: { addresses: [ann@example.org, bob@example.org], postPublic: false }
      filled: { addresses: [full@example.org] }
  away.example: { disabled: true }
accounts:
  ann: { addresses: [ann@example.org, ann@away.example] }
  bob: { addresses: [bob@example.org] }
  full: { addresses: [full@example.org], quota: 2 KiB }
`;

interface World {
  readonly services: Services;
  /** Sends commands and content at once. @returns the reply lines without connection ids, the banner left out. */
  readonly talk: (...lines: readonly string[]) => Promise<string[]>;
}

async function inWorld(localserve: boolean, body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), dir.path];
  const server = `hostname: mail.example.org\npostmaster: ann\nlocalserve: ${localserve}\nlisteners: {}\n`;
  await writeFile(join(folder, 'server.yaml'), server);
  await writeFile(join(folder, 'domains.yaml'), domains);
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  for (const name of ['ann', 'bob', 'full']) await services.accounts.create(name);
  const shutdown = new AbortController();
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  const talk = async (...lines: readonly string[]): Promise<string[]> => {
    const { client, server: channel } = channelPair({ clientAddress: '192.0.2.77' });
    const senders = new SenderCheck(new FakeResolver({ 'far.example': { A: ['192.0.2.77'] } }));
    const hostname = 'mail.example.org';
    const session = new SmtpSession({
      loop: new FakeLoop(),
      channel,
      backend: new SmtpIn({ ...services, admission, senders, hostname, shutdown: shutdown.signal }),
      options: {
        kind: 'mx',
        hostname,
        startTls: false,
        authWithoutTls: false,
        mailNeedsTls: false,
        dsn: false,
        futureRelease: false,
        requireTls: false,
        pedantic: false,
        limits: { maxMessageBytes: 100_000 },
      },
      clock: services.clock,
      log,
      random: services.random,
      id: 'cid',
    });
    const running = session.run();
    await client.write(new TextEncoder().encode([...lines, 'QUIT', ''].join('\r\n')));
    let heard = '';
    for (let bytes = await client.read(1000); bytes !== null; bytes = await client.read(1000)) {
      heard += new TextDecoder().decode(bytes);
    }
    await running;
    return heard
      .split('\r\n')
      .slice(1, -2)
      .map((line) => line.replace(' (cid)', ''));
  };
  await body({ services, talk });
  assert.deepEqual(log.ofLevel('error'), []);
}

async function counts({ accounts }: Services): Promise<number[]> {
  const found: number[] = [];
  for (const name of ['ann', 'bob', 'full']) {
    found.push((await (await accounts.open(name))?.mailboxes.byName('INBOX'))?.messages ?? -1);
  }
  return found;
}

const mail = (to: string, text = 'hello', from = 'x@far.example'): string[] => [
  'HELO far.example',
  `MAIL FROM:<${from}>`,
  ...to.split(' ').map((address) => `RCPT TO:<${address}>`),
  'DATA',
  'Subject: test',
  '',
  text,
  '.',
];
const large = Array.from({ length: 60 }, () => 'x'.repeat(70)).join('\r\n');

for (const [title, lines, want, inboxes] of [
  ['one recipient', mail('ann@example.org'), /^250 .*\n250 .*\n250 .*\n354 .*\n250 2\.0\.0 delivered/, [1, 0, 0]],
  ['twice the same person', mail('ann@example.org Ann+tag@EXAMPLE.ORG'), /delivered, thank you$/, [1, 0, 0]],
  ['an alias', mail('team@example.org'), /delivered, thank you$/, [1, 1, 1]],
  ['a closed alias', mail('closed@example.org'), /\n550 5\.7\.2 only members/, [0, 0, 0]],
  ['a closed alias, by a member', mail('closed@example.org', 'x', 'ann@example.org'), /delivered/, [1, 1, 0]],
  ['postmaster', mail('Postmaster'), /delivered/, [1, 0, 0]],
  ['nobody', mail('nobody@example.org'), /\n550 5\.1\.1 no such user/, [0, 0, 0]],
  ['a domain that is off', mail('ann@away.example'), /\n450 4\.2\.1 /, [0, 0, 0]],
  ['somebody elsewhere', mail('x@elsewhere.example'), /\n550 5\.7\.1 we do not accept mail/, [0, 0, 0]],
  ['a sender that cannot be', mail('ann@example.org', 'x', 'x@nowhere.example'), /\n550 5\.7\.27 /, [0, 0, 0]],
  ['too large for a quota', mail('full@example.org', large), /\n452 4\.2\.2 the mailbox has no room/, [0, 0, 0]],
  ['too large for one of an alias', mail('team@example.org', large), /delivered/, [1, 1, 0]],
  ['too large for all of an alias', mail('filled@example.org', large), /\n452 4\.2\.2 /, [0, 0, 0]],
  [
    'announced as too large',
    mail('full@example.org').with(0, 'EHLO far.example').with(1, 'MAIL FROM:<x@far.example> SIZE=5000'),
    /\n452 4\.2\.2 the mailbox is full/,
    [0, 0, 0],
  ],
] as const) {
  test(`SmtpIn: ${title}`, () =>
    inWorld(false, async ({ talk, services }) => {
      assert.match((await talk(...lines)).join('\n'), want);
      assert.deepEqual(await counts(services), inboxes);
      assert.deepEqual(await services.queue.list(), []);
    }));
}

test('SmtpIn: who has no room gets it later from the queue, and nobody gets it twice', () =>
  inWorld(false, async ({ talk, services }) => {
    assert.match((await talk(...mail('ann@example.org full@example.org', large))).join('\n'), /delivered/);
    assert.deepEqual(await counts(services), [1, 0, 0]);
    const queued = await services.queue.list();
    assert.deepEqual(
      queued.map(({ recipient, sender, account }) => [recipient, sender, account]),
      [['full@example.org', 'x@far.example', null]],
    );
  }));

test('SmtpIn: a member of an alias that failed is tried again alone', () =>
  inWorld(false, async ({ talk, services }) => {
    await services.databases.server.write((tx) => tx.run(sql`DELETE FROM account WHERE name = 'bob'`));
    services.accounts[Symbol.dispose]();
    assert.match((await talk(...mail('team@example.org'))).join('\n'), /delivered/);
    assert.deepEqual(
      (await services.queue.list()).map(({ recipient }) => recipient),
      ['bob@example.org'],
    );
  }));

test('SmtpIn: a message in a loop', () =>
  inWorld(false, async ({ talk, services }) => {
    const lines = mail('ann@example.org');
    lines.splice(4, 0, ...Array.from({ length: 101 }, (_, i) => `Received: from host${i}`));
    assert.match((await talk(...lines)).join('\n'), /\n554 5\.4\.6 this message is in a loop/);
    assert.deepEqual(await counts(services), [0, 0, 0]);
  }));

for (const [title, lines, want, inbox] of [
  ['anybody is the postmaster', mail('who@ever.example', 'x', 'me@nowhere.example'), /delivered/, 1],
  ['failing after DATA', mail('permerror@ever.example'), /\n550 5\.0\.0 /, 0],
  ['failing at RCPT', mail('rcptto452@ever.example'), /\n452 4\.0\.0 /, 0],
  ['failing at MAIL', mail('a@b.example', 'x', 'mailfrom550@b.example'), /\n550 5\.0\.0 /, 0],
  ['an address for the queue is no failure here', mail('queue550@ever.example'), /delivered/, 1],
] as const) {
  test(`SmtpIn in localserve: ${title}`, () =>
    inWorld(true, async ({ talk, services }) => {
      assert.match((await talk(...lines)).join('\n'), want);
      assert.equal((await counts(services))[0], inbox);
    }));
}

test('SmtpIn: a network that names many unknown recipients hears nothing of known ones either', async () => {
  await inWorld(false, async ({ talk }) => {
    const guesses = Array.from({ length: 40 }, (_, i) => `RCPT TO:<guess${i}@example.org>`);
    const from = ['HELO far.example', 'MAIL FROM:<x@far.example>'];
    const first = await talk(...from, ...guesses, 'RCPT TO:<ann@example.org>');
    // HELO and MAIL, then the guesses; the answer that ends the session is not among the lines.
    assert.deepEqual(
      first.slice(2),
      Array.from({ length: 30 }, () => '550 5.1.1 no such user here'),
    );
    assert.equal((await talk(...from, 'RCPT TO:<ann@example.org>')).length, 2);
  });
});
