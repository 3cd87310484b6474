import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#lib/secret';
import { Files } from '#host/files';
import { ConfigError, type SendmailSettings } from '#mail/config';
import { DialFailed, type Dialer } from '#ports/dialer';
import { channelPair } from '#testing/channel-pair';
import { tempDir } from '#testing/temp-dir';
import type { SendRequest } from './arguments.ts';
import { MailSender } from './sender.ts';
import { Spool } from './spool.ts';

const settings: SendmailSettings = {
  host: 'mail.example',
  port: 25,
  tls: 'none',
  caFile: null,
  login: null,
  clientCertificate: null,
  mechanisms: null,
  from: null,
  overrideFrom: false,
  defaultDestination: null,
  defaultDomain: null,
  localHostname: null,
  requireTls: false,
};
const origin = { createdMs: 1000, offsetMinutes: 0, messageId: '<1@box>', user: 'ann', hostname: 'box.example' };
const ask = (...recipients: string[]): SendRequest => ({
  recipients,
  fromHeader: false,
  sender: null,
  fullName: null,
  notify: null,
  ret: null,
  envid: null,
});
const text = new TextEncoder().encode('Subject: x\r\n\r\nhi\r\n');

/** Answers each command by the first pattern that fits; `null` ends the connection. */
type Script = readonly (readonly [RegExp, string | null])[];

const usual: Script = [
  [/^EHLO/, '250-mail.example\r\n250 ENHANCEDSTATUSCODES'],
  [/^QUIT/, '221 2.0.0 bye'],
  [/^DATA/, '354 go on'],
  [/^\.$/, '250 2.0.0 kept'],
  [/^(?:MAIL|RCPT|RSET|AUTH)/, '250 2.1.0 fine'],
];

interface World {
  readonly sender: MailSender;
  readonly spool: Spool;
  readonly told: string[];
  readonly chats: string[];
  readonly commands: string[];
  nowMs: number;
  script: Script;
  /** Null when no server listens. */
  greeting: string | null;
  settings: SendmailSettings | ConfigError;
  token: Secret | null;
}

function world(folder: string): World {
  const it: World = {
    spool: new Spool(new Files(), folder),
    told: [],
    chats: [],
    commands: [],
    nowMs: 1000,
    script: [],
    greeting: '220 mail.example',
    settings,
    token: null,
    sender: new MailSender({
      configure: async () => {
        if (it.settings instanceof ConfigError) throw it.settings;
        const random = { bytes: (count: number) => new Uint8Array(count) };
        const lookup = () => Promise.resolve(['192.0.2.1', '192.0.2.2']);
        const password = it.settings.login === null || it.token !== null ? null : new Secret('pw');
        return {
          settings: it.settings,
          deps: { dialer: dialer(it), lookup, random, hostname: 'box.example', password, token: it.token },
        };
      },
      get spool() {
        return it.spool;
      },
      now: () => it.nowMs,
      newId: () => (ids += 1).toString(16).padStart(16, '0'),
      sessionSignal: () => new AbortController().signal,
      tell: (line) => void it.told.push(line),
      chat: (line) => void it.chats.push(line),
    }),
  };
  let ids = 0;
  return it;
}

function changed(it: World, set: Partial<World>): World {
  return Object.assign(it, set);
}

function dialer(it: World): Dialer {
  return {
    dial: async ({ address }) => {
      it.commands.push(`dial ${address}`);
      if (it.greeting === null) throw new DialFailed('connection refused');
      const { client, server } = channelPair({
        tls: it.settings instanceof ConfigError ? false : it.settings.tls !== 'none',
      });
      void serve(server, it);
      return client;
    },
  };
}

async function serve(channel: ReturnType<typeof channelPair>['server'], it: World): Promise<void> {
  const say = async (line: string): Promise<void> => {
    await channel.write(new TextEncoder().encode(`${line}\r\n`));
  };
  let isContent = false;
  let rest = '';
  await say(it.greeting ?? '');
  for (let chunk = await channel.read(1000); chunk !== null; chunk = await channel.read(1000)) {
    const lines = (rest + new TextDecoder().decode(chunk)).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (isContent && line !== '.') continue;
      isContent = false;
      it.commands.push(line);
      const answer = [...it.script, ...usual].find(([pattern]) => pattern.test(line))?.[1] ?? null;
      if (answer === null) return channel.destroy();
      if (answer.startsWith('354')) isContent = true;
      await say(answer);
    }
  }
  await channel.close();
}

const place = { kind: 'file', file: 's.yaml', line: 2, column: 1, path: 'port' } as const;
const wrong = { place, reason: 'must be a number', fix: 'Write digits' };
const login = { user: 'ann', secret: { kind: 'password', password: { file: 'x' } } } as const;

for (const [what, set, code, kept, told] of [
  ['sent', {}, 0, 0, /^$/],
  [
    'nobody listens',
    { greeting: null },
    75,
    1,
    /connecting to mail\.example \(192\.0\.2\.2 port 25\): connection refused/,
  ],
  ['a busy server', { greeting: '421 4.3.2 busy' }, 75, 1, /says 421 4\.3\.2 busy|says 421/],
  ['4xx to the message', { script: [[/^\.$/, '451 4.3.0 later']] }, 75, 1, /the server says 451 4\.3\.0 later/],
  ['5xx to the message', { script: [[/^\.$/, '554 5.6.0 no']] }, 69, 1, /the server says 554 5\.6\.0 no/],
  [
    'an unknown recipient',
    { script: [[/^RCPT/, '550 5.1.1 who']] },
    67,
    1,
    /a@x\.example: the server says 550 5\.1\.1 who/,
  ],
  ['it dies in DATA', { script: [[/^DATA/, null]] }, 75, 1, /a@x\.example/],
  ['no mechanism in common', { settings: { ...settings, login } }, 77, 1, /the login failed/],
  [
    'a wrong configuration',
    { settings: new ConfigError([wrong]) },
    78,
    1,
    /^s\.yaml:2:1: port: must be a number\. Write digits$/m,
  ],
] as const satisfies readonly (readonly [string, Partial<World>, number, number, RegExp])[]) {
  test(`MailSender.send: ${what}`, async () => {
    await using dir = await tempDir();
    const it = changed(world(dir.path), set);
    assert.equal(await it.sender.send(ask('a@x.example'), origin, text), code, it.told.join('\n'));
    assert.equal((await it.spool.list()).length, kept);
    assert.match(it.told.join('\n'), told);
  });
}

test('MailSender.send: each recipient has its own fate', async () => {
  await using dir = await tempDir();
  const it = changed(world(dir.path), {
    script: [
      [/RCPT TO:<no@/, '550 5.7.1 never'],
      [/RCPT TO:<later@/, '450 4.2.1 not now'],
    ] satisfies Script,
  });
  const code = await it.sender.send(ask('yes@x.example', 'no@x.example', 'later@x.example'), origin, text);
  assert.equal(code, 69);
  const remaining = await Promise.all(
    (await it.spool.list()).map(async (name) => [name.dueMs, (await it.spool.read(name)).spooled.remaining]),
  );
  assert.deepEqual(remaining.toSorted(), [
    [null, ['no@x.example']],
    [1000, ['later@x.example']],
  ]);

  it.script = [];
  it.commands.length = 0;
  assert.equal(await it.sender.flush(false), 0);
  assert.deepEqual(
    it.commands.filter((line) => line.startsWith('RCPT')),
    ['RCPT TO:<later@x.example>'],
  );
  assert.match(it.told.at(-1) ?? '', /^1 refused for good/);
  assert.equal(await it.sender.flush(true), 0);
  assert.deepEqual(await it.spool.list(), []);
});

test('MailSender.send: recipients beyond what the server takes go in the next transaction', async () => {
  await using dir = await tempDir();
  let count = 0;
  const it = world(dir.path);
  const twoAtATime = { test: (line: string) => line.startsWith('RCPT') && (count += 1) % 3 === 0 } as RegExp;
  it.script = [[twoAtATime, '452 4.5.3 too many']];
  assert.equal(await it.sender.send(ask('a@x.example', 'b@x.example', 'c@x.example', 'd@x.example'), origin, text), 0);
  assert.ok(it.commands.filter((line) => line === 'DATA').length > 1);
  assert.deepEqual(await it.spool.list(), []);
});

test('MailSender.flush: waits longer each time, then leaves the message as refused; a corrected configuration helps', async () => {
  await using dir = await tempDir();
  const it = changed(world(dir.path), { greeting: null });
  assert.equal(await it.sender.send(ask('root'), origin, text), 78);
  it.settings = { ...settings, defaultDestination: 'op@x.example' };
  const due = async (): Promise<number | null | undefined> => (await it.spool.list())[0]?.dueMs;
  assert.equal(await due(), 1000);
  assert.equal(await it.sender.flush(false), 75);
  assert.equal(await due(), 1000 + 300_000);
  assert.equal(await it.sender.flush(false), 0);
  assert.match(it.told.at(-1) ?? '', /^1 not due yet/);
  it.nowMs = 1000 + 300_000;
  assert.equal(await it.sender.flush(false), 75);
  assert.equal(await due(), it.nowMs + 600_000);
  it.nowMs = 6 * 86_400_000;
  assert.equal(await it.sender.flush(false), 75);
  assert.equal(await due(), null);
  it.greeting = '220 back';
  assert.equal(await it.sender.flush(true), 0);
  assert.ok(it.commands.includes('RCPT TO:<op@x.example>'));
});

test('MailSender: a wrong password is not tried at the next address', async () => {
  await using dir = await tempDir();
  const it = changed(world(dir.path), {
    settings: { ...settings, login },
    script: [
      [/^EHLO/, '250-mail.example\r\n250 AUTH PLAIN'],
      [/^AUTH/, '535 5.7.8 wrong'],
    ] satisfies Script,
  });
  assert.equal(await it.sender.send(ask('a@x.example'), origin, text), 77);
  assert.deepEqual(
    it.commands.filter((line) => line.startsWith('dial')),
    ['dial 192.0.2.1'],
  );
});

for (const [what, set, offered, said] of [
  [
    'a token',
    { token: new Secret('t0ken'), settings: { ...settings, tls: 'submissions', login } },
    'PLAIN XOAUTH2 OAUTHBEARER',
    /^AUTH OAUTHBEARER /,
  ],
  [
    'a token, of the mechanisms that may be used',
    { token: new Secret('t0ken'), settings: { ...settings, tls: 'submissions', login, mechanisms: ['XOAUTH2'] } },
    'XOAUTH2 OAUTHBEARER',
    /^AUTH XOAUTH2 /,
  ],
  [
    'a certificate alone',
    {
      settings: {
        ...settings,
        tls: 'submissions',
        login: { user: '', secret: { kind: 'none' } },
        mechanisms: ['EXTERNAL'],
      },
    },
    'PLAIN EXTERNAL',
    /^AUTH EXTERNAL =$/,
  ],
] as const satisfies readonly (readonly [string, Partial<World>, string, RegExp])[]) {
  test(`MailSender.send: logs in with ${what}`, async () => {
    await using dir = await tempDir();
    const script: Script = [
      [/^EHLO/, `250-mail.example\r\n250 AUTH ${offered}`],
      [/^AUTH/, '235 2.7.0 come in'],
    ];
    const it = changed(world(dir.path), { ...set, script });
    assert.equal(await it.sender.send(ask('a@x.example'), origin, text), 0, it.told.join('\n'));
    assert.match(it.commands.find((line) => line.startsWith('AUTH')) ?? '', said);
  });
}

test('MailSender.flush: what keeps many messages from going is said once, with how many', async () => {
  await using dir = await tempDir();
  const it = changed(world(dir.path), { settings: new ConfigError([wrong]) });
  for (let i = 0; i < 3; i += 1) await it.sender.send(ask('a@x.example'), origin, text);
  it.told.length = 0;
  assert.equal(await it.sender.flush(true), 78);
  const line = 's.yaml:2:1: port: must be a number. Write digits';
  assert.deepEqual(it.told, [line, `the same for 2 more: ${line}`]);
});

test('MailSender.flush: several at once send each message once', async () => {
  await using dir = await tempDir();
  const it = changed(world(dir.path), { greeting: null });
  for (const who of ['a', 'b', 'c', 'd', 'e']) await it.sender.send(ask(`${who}@x.example`), origin, text);
  it.greeting = '220 back';
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => it.sender.flush(false))), [0, 0, 0]);
  assert.deepEqual(
    it.commands.filter((line) => line.startsWith('RCPT')).toSorted(),
    ['a', 'b', 'c', 'd', 'e'].map((who) => `RCPT TO:<${who}@x.example>`),
  );
  assert.deepEqual(await it.spool.list(), []);
  assert.match(it.chats.join('\n'), /left to another process/);
});

test('MailSender.send: a bug of ours does not cost the message', async () => {
  await using dir = await tempDir();
  const it = world(dir.path);
  assert.equal(
    await it.sender.send({ ...ask('a@x.example'), recipients: null as unknown as string[] }, origin, text),
    70,
  );
  assert.equal((await it.spool.list()).length, 1);
  assert.match(it.told[0] ?? '', /^this is a bug/);
});
