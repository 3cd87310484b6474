import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { sql } from '#ports/database';
import { Admission, Logins } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { Submission } from './index.ts';
import { converse } from '#testing/smtp-conversation';

const domains = `
domains:
  example.org:
    aliases: { team: { addresses: [ann@example.org, bob@example.org], allowMessageFrom: true } }
  off.example: { disabled: true }
accounts:
  ann: { addresses: [ann@example.org] }
  bob: { addresses: [bob@example.org] }
  gone: { addresses: [gone@example.org], loginDisabled: on leave until May }
`;

interface World {
  readonly services: Services;
  /** Sends lines at once, after EHLO. @returns the replies to them, without connection ids. */
  readonly talk: (...lines: readonly string[]) => Promise<string>;
}

async function inWorld(localserve: boolean, body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), dir.path];
  const server = `hostname: mail.example.org\npostmaster: ann\nlocalserve: ${localserve}\nlisteners: {}\n`;
  await writeFile(join(folder, 'server.yaml'), server);
  await writeFile(join(folder, 'domains.yaml'), domains);
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  for (const name of ['ann', 'bob', 'gone']) await services.accounts.create(name);
  for (const name of ['ann', 'gone']) await services.credentials.setPassword(name, 'correct horse');
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  using logins = new Logins({ ...services, admission });
  const hostname = 'mail.example.org';
  const rules = services.parts.submissionRules(services.configuration);
  const talk = async (...lines: readonly string[]): Promise<string> => {
    const backend = services.parts.backend(new Submission({ ...services, admission, logins, hostname, rules }), {
      clock: services.clock,
      shutdown: new AbortController().signal,
    });
    const heard = await converse(backend, ['EHLO laptop', ...lines], {
      options: {
        kind: 'submissions',
        hostname,
        dsn: true,
        futureRelease: true,
        requireTls: true,
        limits: { maxMessageBytes: 100_000 },
      },
      channels: { clientAddress: '203.0.113.5', tls: true },
      clock: services.clock,
      log,
      random: services.random,
    });
    return heard
      .replaceAll('\r\n', '\n')
      .replace(/^[^]*?\n250 [^\n]*\n/, '')
      .replaceAll(' (cid)', '');
  };
  await body({ services, talk });
  assert.deepEqual(log.ofLevel('error'), []);
}

const plain = (login: string, password: string): string => `AUTH PLAIN ${btoa(`\0${login}\0${password}`)}`;
const login = plain('ann', 'correct horse');
const mail = (from: string, to: string, header: readonly string[] = ['From: ann@example.org']): string[] => [
  login,
  `MAIL FROM:${from}`,
  ...to.split(' ').map((address) => `RCPT TO:${address}`),
  'DATA',
  ...header,
  '',
  'hello',
  '.',
];

for (const [title, lines, want, queued] of [
  [
    'to anybody',
    mail('<ann@example.org>', '<x@far.example> <bob@example.org>'),
    /\n250 2\.0\.0 queued as \d+\n/,
    ['x@far.example', 'bob@example.org'],
  ],
  ['with the null reverse-path', mail('<>', '<x@far.example>'), /\n250 2\.0\.0 queued/, ['x@far.example']],
  [
    'as an alias that allows it',
    mail('<team@example.org>', '<x@far.example>', ['From: team@example.org']),
    /\n250 2\.0\.0 queued/,
    ['x@far.example'],
  ],
  [
    'as somebody else',
    mail('<bob@example.org>', '<x@far.example>'),
    /\n550 5\.7\.1 bob@example\.org is not one of your addresses/,
    [],
  ],
  [
    'from somebody else',
    mail('<ann@example.org>', '<x@far.example>', ['From: bob@example.org']),
    /\n550 5\.7\.1 the From address is not one of yours/,
    [],
  ],
  [
    'with a Sender of somebody else beside one author',
    mail('<ann@example.org>', '<x@far.example>', ['From: ann@example.org', 'Sender: bob@example.org']),
    /\n550 5\.7\.1 the Sender address is not one of yours/,
    [],
  ],
  [
    'with two From fields',
    mail('<ann@example.org>', '<x@far.example>', ['From: ann@example.org', 'From : bob@example.org']),
    /\n550 5\.6\.0 the field from occurs more than once/,
    [],
  ],
  [
    'with two addresses in one author',
    mail('<ann@example.org>', '<x@far.example>', ['From: <bob@example.org> <ann@example.org>']),
    /\n550 5\.6\.0 the field from has more than addresses and their names/,
    [],
  ],
  [
    'from nobody',
    mail('<ann@example.org>', '<x@far.example>', ['Subject: x']),
    /\n550 5\.6\.0 the message has no From/,
    [],
  ],
  ['to nobody here', mail('<ann@example.org>', '<nobody@example.org>'), /\n550 5\.1\.1 no such user here/, []],
  ['to a domain that is off', mail('<ann@example.org>', '<x@off.example>'), /\n450 4\.2\.1 /, []],
  [
    'to the postmaster',
    mail('<ann@example.org>', '<postmaster>'),
    /\n250 2\.0\.0 queued/,
    ['postmaster@mail.example.org'],
  ],
  ['without a login', mail('<ann@example.org>', '<x@far.example>').slice(1), /^530 5\.7\.0 /, []],
  ['with a wrong password', [plain('ann', 'wrong horse')], /^535 5\.7\.8 /, []],
  ['with a disabled login', [plain('gone', 'correct horse')], /^525 5\.7\.13 on leave until May/, []],
] as const) {
  test(`Submission: ${title}`, () =>
    inWorld(false, async ({ talk, services }) => {
      assert.match(await talk(...lines), want);
      const items = await services.queue.list();
      assert.deepEqual(
        items.map(({ recipient }) => recipient),
        queued,
      );
    }));
}

for (const [title, parameter, header, want] of [
  ['nothing', '', [], 'default'],
  ['REQUIRETLS (RFC 8689 §2)', ' REQUIRETLS', [], 'required'],
  ['TLS-Required: No (RFC 8689 §3)', '', ['tls-required: no'], 'optional'],
  ['TLS-Required with another value', '', ['TLS-Required: yes'], 'default'],
  ['REQUIRETLS and TLS-Required: No', ' REQUIRETLS', ['TLS-Required: No'], 'required'],
] as const) {
  test(`Submission: what is asked of TLS: ${title}`, () =>
    inWorld(false, async ({ talk, services }) => {
      const from = 'From: ann@example.org';
      await talk(...mail(`<ann@example.org>${parameter}`, '<x@far.example>', [from, ...header]));
      const rows = await services.databases.server.read((reader) =>
        reader.all<{ tls: string }>(sql`SELECT tls FROM queue_message`),
      );
      assert.deepEqual(
        rows.map(({ tls }) => tls),
        [want],
      );
    }));
}

test('Submission: tries at a disabled login count as failed ones', () =>
  inWorld(false, async ({ talk }) => {
    for (let i = 0; i < 10; i += 1) assert.match(await talk(plain('gone', 'correct horse')), /^525 5\.7\.13 /);
    assert.match(await talk(login), /^421 4\.7\.0 too many failed logins/);
  }));

test('Submission: what is missing is added, the client stays private, Bcc goes, DSN and hold requests are kept', () =>
  inWorld(false, async ({ talk, services }) => {
    const lines = mail('<ann@example.org> HOLDFOR=3600 ENVID=e1 RET=HDRS', '<x@far.example> NOTIFY=SUCCESS,FAILURE', [
      'From: ann@example.org',
      'Bcc: secret@far.example',
    ]);
    assert.match(await talk(...lines), /queued as/);
    const [item] = await services.queue.list();
    assert.ok(item !== undefined);
    assert.ok(item.nextAttemptMs > item.receivedMs + 3_500_000);
    assert.match(item.messageId ?? '', /^<[0-9a-f]{32}@mail\.example\.org>$/);
    const row = await services.databases.server.read((reader) =>
      reader.get<{ prefix: Uint8Array; bytes: Uint8Array; envid: string; ret: string }>(
        sql`SELECT prefix, bytes, envid, ret FROM queue_message JOIN queue_content ON message = id`,
      ),
    );
    const text = new TextDecoder().decode(row?.prefix) + new TextDecoder().decode(row?.bytes);
    assert.match(text, /^Received: from mail\.example\.org/);
    assert.match(text, /\r\nDate: /);
    assert.doesNotMatch(text, /laptop|203\.0\.113\.5|secret/);
    assert.deepEqual([row?.envid, row?.ret], ['e1', 'hdrs']);
  }));

test('Submission in localserve: any sender goes, and addresses fail where they ask for it', () =>
  inWorld(true, async ({ talk, services }) => {
    assert.match(await talk(...mail('<me@else.example>', '<queue550@far.example>')), /queued as/);
    assert.match(await talk(...mail('<me@else.example>', '<permerror@far.example>')), /\n550 5\.0\.0 /);
    assert.match(await talk(...mail('<me@else.example>', '<rcptto451@far.example>')), /\n451 4\.0\.0 /);
    assert.equal((await services.queue.list()).length, 1);
    const unclear = ['From: me@else.example', 'From: <a@b.example> <me@else.example>', 'Sender: a@b.example'];
    assert.match(await talk(...mail('<me@else.example>', '<x@far.example>', unclear)), /queued as/);
  }));

test('Submission: an app password sends if its scopes permit that', () =>
  inWorld(false, async ({ services, talk }) => {
    const sending = await services.appPasswords.add('ann', { name: 'printer', scopes: ['send'], expiresMs: null });
    const reading = await services.appPasswords.add('ann', { name: 'phone', scopes: ['mail'], expiresMs: null });
    assert.match(await talk(plain('ann', sending)), /^235 /);
    assert.match(await talk(plain('ann', reading)), /^535 5\.7\.8 this app password does not permit sending/);
    await services.databases.server.write(async () => undefined);
    const used = (await services.appPasswords.list('ann')).map(({ name, lastUse }) => [name, lastUse?.protocol]);
    assert.deepEqual(used, [
      ['printer', 'submission'],
      ['phone', undefined],
    ]);
  }));

test('Submission offers and accepts no channel binding unless the listener wants it', () =>
  inWorld(false, async ({ talk }) => {
    const answer = await talk('EHLO again', 'AUTH SCRAM-SHA-256-PLUS');
    assert.match(answer, /^250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN$/m);
    assert.match(answer, /^504 5\.5\.4 mechanism is not supported$/m);
  }));
