import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { writeStory } from '#mail/story';
import { type Backend, type ServerKind } from '#proto/smtp-server';
import { Admission, Logins } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { SenderCheck, SmtpIn, standardParts as inbound } from '#server/smtp-in';
import { standardRules, Submission } from '#server/submission';
import { checkedRun } from '#testing/checked-run';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import type { ArgumentsOf } from './index.ts';
import { converse } from '#testing/smtp-conversation';

const hostname = 'mail.example.org';
const domains = `
domains: { example.org: {} }
accounts:
  ann: { addresses: [ann@example.org] }
  full: { addresses: [full@example.org], quota: 1 B }
`;

interface World {
  readonly services: Services;
  /** Talks to port 25, or to submission as ann. */
  readonly talk: (kind: ServerKind, ...lines: readonly string[]) => Promise<void>;
  /** Stories as texts, without times. */
  readonly why: (args: ArgumentsOf<'why'>) => Promise<string>;
  readonly run: (args: object) => Promise<unknown>;
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), dir.path];
  await writeFile(join(folder, 'server.yaml'), `hostname: ${hostname}\npostmaster: ann\nlisteners: {}\n`);
  await writeFile(join(folder, 'domains.yaml'), domains);
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  for (const name of ['ann', 'full']) await services.accounts.create(name);
  await services.credentials.setPassword('ann', 'correct horse');
  const call = checkedRun(services);
  const run = (args: object): Promise<unknown> => call('why', args);
  await body({
    services,
    talk: (kind, ...lines) => talk(services, log, kind, lines),
    why: async (args) => {
      const { stories } = await call('why', args);
      return stories.flatMap((story) => writeStory(story, () => 'T', 0)).join('\n');
    },
    run,
  });
  assert.deepEqual(log.ofLevel('error'), []);
}

async function talk(services: Services, log: FakeLog, kind: ServerKind, lines: readonly string[]): Promise<void> {
  const isTls = kind === 'submissions';
  const shutdown = new AbortController().signal;
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  using logins = new Logins({ ...services, admission });
  const senders = new SenderCheck(new FakeResolver({ 'far.example': { A: ['192.0.2.77'] } }));
  const backend: Backend =
    kind === 'mx'
      ? new SmtpIn({ ...services, admission, senders, inbound, hostname, shutdown })
      : new Submission({ ...services, admission, logins, hostname, rules: standardRules(services.configuration) });
  const isSubmission = kind !== 'mx';
  const login = isTls ? [`AUTH PLAIN ${btoa('\0ann\0correct horse')}`] : [];
  await converse(backend, ['EHLO far.example', ...login, ...lines], {
    options: {
      kind,
      hostname,
      dsn: isSubmission,
      futureRelease: isSubmission,
      requireTls: true,
      limits: { maxMessageBytes: 2000 },
    },
    channels: { clientAddress: '192.0.2.77', tls: isTls },
    clock: services.clock,
    log,
    random: services.random,
  });
}

const mail = (from: string, to: string, ...text: readonly string[]): string[] => [
  `MAIL FROM:<${from}>`,
  `RCPT TO:<${to}>`,
  'DATA',
  ...text,
  '.',
];

test('why: submitted mail, by its id and its Message-ID', () =>
  inWorld(async ({ talk: say, why }) => {
    const header = ['From: ann@example.org', 'Bcc: eve@far.example', 'Message-ID: <out@laptop>', '', 'hello'];
    await say('submissions', ...mail('ann@example.org', 'bob@far.example', ...header));
    const text = await why({ id: '1' });
    assert.match(
      text,
      /^Outgoing message 1 of the account ann: from ann@example\.org to bob@far\.example\n<out@laptop>, \d+ bytes\n\n/,
    );
    assert.match(
      text,
      new RegExp(
        [
          '  T  accepted from a user by submissions on 198\\.51\\.100\\.1:25',
          '      client 192\\.0\\.2\\.77, EHLO far\\.example, TLSv1\\.3 TLS_AES_128_GCM_SHA256',
          '      logged in as ann with PLAIN',
          '      connection cid in the log',
          '      checked: ann@example\\.org may be the author',
          '      added Date',
          '      removed bcc',
          '      no DKIM signature: no key is in use for the domains of author and sender',
          '',
          '  Now bob@far\\.example: waits for attempt 1, due at T; given up at T if it does not work until then$',
        ].join('\n'),
      ),
    );
    assert.equal(await why({ messageId: '<out@laptop>' }), text);
    assert.equal(await why({ messageId: 'out@laptop', account: 'ann' }), text);
    assert.equal(await why({ messageId: 'out@laptop', account: 'full' }), '');
    assert.equal(await why({ sender: 'ann@example.org', recipient: 'bob@far.example' }), text);
  }));

test('why: mail that came in, and mail that was refused at each step', () =>
  inWorld(async ({ talk: say, why, services }) => {
    await say('mx', ...mail('bob@far.example', 'ann@example.org', 'Message-ID: <in@far>', '', 'hello'));
    assert.equal(
      (await why({ recipient: 'ann@example.org', sender: 'bob@far.example' })).replace(/\d+ bytes/, 'N bytes'),
      `Message in the account ann
<in@far>, N bytes

  T  accepted by mx on 198.51.100.1:25, from bob@far.example to ann@example.org
      client 192.0.2.77, EHLO far.example, without TLS
      connection cid in the log
      checked sender: pass, its domain can take mail

  Now in INBOX, UID 1, unread`,
    );
    await say('mx', ...mail('bob@nowhere.example', 'ann@example.org'));
    assert.match(
      await why({ sender: 'bob@nowhere.example' }),
      /^Mail from bob@nowhere\.example that was refused\n\n {2}T {2}refused at MAIL: 550 5\.7\.27 /,
    );
    await say('mx', ...mail('bob@far.example', 'nobody@example.org'));
    assert.match(await why({ recipient: 'nobody@example.org' }), /refused at RCPT: 550 5\.1\.1 no such user here\n/);
    await say('mx', ...mail('bob@far.example', 'full@example.org', 'too much', ''));
    assert.match(
      await why({ recipient: 'full@example.org' }),
      /refused at DATA: 452 4\.2\.2 .*\n[^]*Servers try again by themselves/,
    );
    await say('mx', ...mail('bob@far.example', 'Ann@example.org', 'x'.repeat(900), 'x'.repeat(900), 'x'.repeat(900)));
    assert.match(
      await why({ recipient: 'ann@example.org' }),
      /refused at DATA: 552 5\.3\.4 message larger than 2000 bytes\n/,
    );
    await say('submissions', ...mail('ann@example.org', 'bob@far.example', 'From: eve@example.org', '', 'x'));
    assert.match(
      await why({ recipient: 'bob@far.example' }),
      /refused at DATA: 550 5\.7\.1 the From address is not one of yours\n {6}client .*\n {6}logged in as ann with PLAIN\n/,
    );
    assert.deepEqual(await services.queue.list(), []);
  }));

test('why: unclear questions are refused, and unknown mail is nothing', () =>
  inWorld(async ({ run }) => {
    assert.deepEqual(await run({ id: '7' }), { stories: [], isCut: false });
    assert.deepEqual(await run({ sender: '', sinceMs: 1000 }), { stories: [], isCut: false });
    for (const [args, reason] of [
      [{}, /one of the three/],
      [{ id: '1', sender: 'a@example.org' }, /one of the three/],
      [{ sender: 'nobody' }, /sender nobody is not an address/],
      [{ id: '1.1', account: 'eve' }, /no account eve/],
      [{ id: '0' }, /0 is no id: write 76 for a message/],
    ] as const) {
      await assert.rejects(run(args), reason);
    }
  }));
