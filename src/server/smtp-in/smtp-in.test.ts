import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import type { Acceptance, Check } from '#mail/story';
import { sql } from '#ports/database';
import { Admission } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { converse } from '#testing/smtp-conversation';
import { tempDir } from '#testing/temp-dir';
import { SmtpIn, type InboundPartsMaker } from './index.ts';
import type { InboundParts } from './inbound-parts.ts';

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

async function inWorld(
  localserve: boolean,
  body: (world: World) => Promise<void>,
  pedantic = false,
  change: (parts: InboundParts) => InboundParts = (parts) => parts,
): Promise<void> {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), dir.path];
  const server = `hostname: mail.example.org\npostmaster: ann\nlocalserve: ${localserve}\npedantic: ${pedantic}\nlisteners: {}\n`;
  await writeFile(join(folder, 'server.yaml'), server);
  await writeFile(join(folder, 'domains.yaml'), domains);
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  for (const name of ['ann', 'bob', 'full']) await services.accounts.create(name);
  const shutdown = new AbortController();
  const { parts } = services;
  const inbound: InboundPartsMaker = (config, directory) => change(parts.inbound(config, directory));
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  const talk = async (...lines: readonly string[]): Promise<string[]> => {
    const senders = parts.senders(new FakeResolver({ 'far.example': { A: ['192.0.2.77'] } }));
    const hostname = 'mail.example.org';
    const deps = { ...services, admission, senders, inbound, hostname, shutdown: shutdown.signal };
    const heard = await converse(parts.backend(new SmtpIn(deps), deps), lines, {
      options: { hostname, authWithoutTls: localserve, pedantic, limits: { maxMessageBytes: 100_000 } },
      channels: { clientAddress: '192.0.2.77' },
      clock: services.clock,
      log,
      random: services.random,
    });
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

/** Records about the messages of the first account. */
async function receptions({ accounts }: Services): Promise<{ by: Acceptance; checks: Check[] }[]> {
  const rows = await emails(accounts);
  return rows.map(({ validation }) => JSON.parse(validation) as { by: Acceptance; checks: Check[] });
}

/** The fields that we put before the first message of the first account. */
async function headerOf({ accounts }: Services): Promise<string> {
  return new TextDecoder().decode((await emails(accounts))[0]?.prefix);
}

async function emails(accounts: Services['accounts']): Promise<{ validation: string; prefix: Uint8Array }[]> {
  const account = await accounts.open('ann');
  assert.ok(account !== null);
  return account.db.read((reader) =>
    reader.all<{ validation: string; prefix: Uint8Array }>(sql`SELECT validation, prefix FROM email ORDER BY id`),
  );
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

const login = (text: string): string => Buffer.from(text).toString('base64');

for (const [title, lines] of [
  ['PLAIN', [`AUTH PLAIN ${login('\0team-a\0any password')}`]],
  ['PLAIN without a password', [`AUTH PLAIN ${login('\0team-a\0')}`]],
  ['LOGIN', ['AUTH LOGIN', login('team-a'), login('x')]],
  ['LOGIN without a password', ['AUTH LOGIN', login('team-a'), '']],
  ['CRAM-MD5', ['AUTH CRAM-MD5', login(`team-a ${'0'.repeat(32)}`)]],
] as const) {
  test(`SmtpIn in localserve: any login with ${title}, and its name is kept`, () =>
    inWorld(true, async ({ talk, services }) => {
      const answers = await talk('EHLO c', ...lines, ...mail('who@ever.example').slice(1));
      assert.match(answers.join('\n'), /\n235 2\.7\.0 [^]*delivered/);
      const [stored] = await receptions(services);
      assert.deepEqual(stored?.by.login, { name: 'team-a', mechanism: title.split(' ')[0] });
    }));
}

test('SmtpIn: a real server has no logins on the port of other servers', () =>
  inWorld(false, async ({ talk }) => {
    const answers = await talk('EHLO far.example', `AUTH PLAIN ${login('\0a\0b')}`);
    assert.doesNotMatch(answers.join('\n'), /AUTH PLAIN/);
    assert.match(answers.at(-1) ?? '', /^503 5\.5\.1 /);
  }));

const repeatedDate = [
  'From: a@example.org',
  'To: b@example.org',
  'Date: Mon, 5 Feb 2024 10:11:12 +0100',
  'Date: Mon, 5 Feb 2024 10:11:13 +0100',
  'Message-ID: <b1@example.org>',
  'Subject: b1',
];
const b1 = (): string[] => mail('ann@example.org').toSpliced(4, 1, ...repeatedDate);

test('SmtpIn in localserve: what receivers refuse is marked', () =>
  inWorld(true, async ({ talk, services }) => {
    assert.match((await talk(...b1())).join('\n'), /delivered/);
    const [stored] = await receptions(services);
    const repeated = 'the field Date occurs 2 times: refused by Gmail, Haraka';
    const found = stored?.checks.filter(({ name }) => name === 'receivers') ?? [];
    assert.deepEqual(
      found.map(({ result, detail }) => [result, detail?.startsWith(`${repeated}, RFC 5322 `)]).slice(0, 1),
      [['fail', true]],
    );
    assert.match(await headerOf(services), new RegExp(`^Godwit-Checks: ${repeated.replaceAll(' ', '\\s+')}`, 'm'));
  }));

test('SmtpIn in localserve: a message that every receiver takes has no mark', () =>
  inWorld(true, async ({ talk, services }) => {
    const lines = ['From: a@b.example', 'Date: Fri, 27 Nov 2026 10:00:00 +0000', 'Message-ID: <1@b.example>', ''];
    assert.match((await talk(...mail('ann@example.org').toSpliced(4, 2, ...lines))).join('\n'), /delivered/);
    const [stored] = await receptions(services);
    assert.deepEqual(stored?.checks.at(-1), { name: 'receivers', result: 'pass', detail: null });
    assert.doesNotMatch(await headerOf(services), /Godwit-Checks/);
  }));

for (const localserve of [true, false]) {
  test(`SmtpIn, pedantic${localserve ? ', in localserve' : ''}: what receivers refuse is refused, with the field and the receiver`, () =>
    inWorld(
      localserve,
      async ({ talk, services }) => {
        const answers = (await talk(...b1())).join('\n');
        assert.match(answers, /\n550 5\.6\.0 the field Date occurs 2 times: refused by Gmail, Haraka$/);
        assert.deepEqual(await counts(services), [0, 0, 0]);
      },
      true,
    ));
}

test('SmtpIn: a real server neither marks nor refuses them', () =>
  inWorld(false, async ({ talk, services }) => {
    assert.match((await talk(...b1())).join('\n'), /delivered/);
    assert.deepEqual(
      (await receptions(services)).flatMap(({ checks }) => checks.map(({ name }) => name)),
      ['sender'],
    );
    assert.doesNotMatch(await headerOf(services), /Godwit-Checks/);
  }));

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
