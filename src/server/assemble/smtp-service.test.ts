import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { setUpLocalserve } from '#server/localserve';
import { channelPair } from '#testing/channel-pair';
import type { Channel } from '#ports/channel';
import { editDomainsFile } from '#testing/edit-domains';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import type { ServedPort, ServiceContext } from './service.ts';
import { openServices, type Services } from './services.ts';
import { makeShared } from './shared.ts';
import { smtpServices } from './smtp-service.ts';

/** Talks to port 1025 of a development server, from an address. @returns the replies, the banner left out. */
type Talk = (from: string, lines: readonly string[]) => Promise<string[]>;

/** The service behind `Talk`, and the means to change what it works on. */
interface Behind {
  readonly services: Services;
  readonly served: ServedPort;
}

async function inLocalserve(
  edit: (server: string) => string,
  body: (talk: Talk, behind: Behind) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), join(dir.path, 'config')];
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  const file = join(folder, 'server.yaml');
  await writeFile(file, edit(await readFile(file, 'utf8')));
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  await services.accounts.create('godwit');
  const config = services.configuration.config.server.listeners['local'];
  assert.ok(config !== undefined);
  const context: ServiceContext = {
    services,
    shared: makeShared(services, new FakeResolver({})),
    config,
    hostname: 'localhost',
    hasTls: true,
    isSelfSigned: false,
    openPorts: () => [],
  };
  const served = smtpServices.find(({ name }) => name === 'smtp')?.open(context);
  assert.ok(served !== undefined);
  await body(
    async (from, lines) => {
      const { client, server } = channelPair({ clientAddress: from });
      const serving = served.serve(server);
      await client.write(new TextEncoder().encode([...lines, 'QUIT', ''].join('\r\n')));
      let heard = '';
      for (let bytes = await client.read(5000); bytes !== null; bytes = await client.read(5000)) {
        heard += new TextDecoder().decode(bytes);
      }
      await serving;
      return heard.split('\r\n').slice(1, -1);
    },
    { services, served },
  );
}

const refusals = [
  'EHLO web_1',
  'MAIL FROM:<a@example.org>',
  ...Array.from({ length: 250 }, () => 'RCPT TO:<rcptto550@example.org>'),
];

for (const [who, address, isLimited] of [
  ['this machine', '127.0.0.1', false],
  ['a container', '172.17.0.2', false],
  ['an office', '192.168.3.4', false],
  ['a container with IPv6', 'fd00:dead:beef::2', false],
  ['a stranger', '203.0.113.5', true],
] as const) {
  test(`smtpService, localserve: ${who} has ${isLimited ? 'the limits of a real server' : 'no limits'}`, () =>
    inLocalserve(
      (server) => server,
      async (talk) => {
        const answers = await talk(address, refusals);
        assert.equal(answers.filter((line) => line.startsWith('550 ')).length, isLimited ? 99 : 250);
        assert.match(answers.at(-1) ?? '', isLimited ? /^421 4\.7\.0 too many refused recipients/ : /^221 /);
        const connections = await Promise.all(Array.from({ length: 60 }, () => talk(address, ['NOOP'])));
        const admitted = connections.filter((lines) => lines.at(-1)?.startsWith('221 ') === true).length;
        assert.equal(admitted, isLimited ? 30 : 60);
      },
    ));
}

for (const [what, setting, isOffered] of [
  ['by default', '', false],
  ['when asked for', ', startTls: true', true],
] as const) {
  test(`smtpService, localserve: STARTTLS is ${isOffered ? '' : 'not '}offered on 1025 ${what}, logins are`, () =>
    inLocalserve(
      (server) => server.replace('smtp: { port: 1025 }', `smtp: { port: 1025${setting} }`),
      async (talk) => {
        const answers = await talk('127.0.0.1', ['EHLO c']);
        assert.equal(answers.includes('250-STARTTLS'), isOffered);
        assert.ok(answers.includes('250-AUTH PLAIN LOGIN CRAM-MD5'), answers.join('\n'));
      },
    ));
}

test('smtpService: a real server offers STARTTLS and no logins on port 25', () =>
  inLocalserve(
    (server) => server.replace('localserve: true', 'localserve: false'),
    async (talk) => {
      const answers = await talk('127.0.0.1', ['EHLO c.example', 'EHLO web 1']);
      assert.ok(answers.includes('250-STARTTLS'));
      assert.doesNotMatch(answers.join('\n'), /AUTH/);
      assert.match(answers.at(-2) ?? '', /^501 5\.5\.4 EHLO needs a host name/);
    },
  ));

test('smtpService: sessions follow the configuration that is in force when they begin', () =>
  inLocalserve(
    (server) => server.replace('localserve: true', 'localserve: false'),
    async (talk, { services }) => {
      const dialogue = ['EHLO c.example', 'MAIL FROM:<godwit@localhost>', 'RCPT TO:<a@added.example>'];
      assert.match((await talk('127.0.0.1', dialogue)).at(-2) ?? '', /^550 5\.7\.1 /);
      await editDomainsFile(services.configuration, (text) =>
        text.replace(/^domains:.*\n/m, (line) => `${line.includes('{') ? 'domains:\n' : line}  added.example: {}\n`),
      );
      // The domain is ours now, and has no such user.
      assert.match((await talk('127.0.0.1', dialogue)).at(-2) ?? '', /^550 5\.1\.1 /);
    },
  ));

test('smtpService: all sessions end when the server stops, and those begun later at once', () =>
  inLocalserve(
    (server) => server,
    async (_talk, { served }) => {
      const hear = async (channel: Channel): Promise<string> =>
        new TextDecoder().decode((await channel.read(5000)) ?? new Uint8Array(0));
      const pairs = [channelPair(), channelPair()];
      const serving = pairs.map(({ server }) => served.serve(server));
      for (const { client } of pairs) assert.match(await hear(client), /^220 /);
      served.drain();
      for (const { client } of pairs) assert.match(await hear(client), /^421 4\.3\.2 shutting down/);
      await Promise.all(serving);
      const late = channelPair();
      await served.serve(late.server);
      assert.match(await hear(late.client), /^220 .*\r\n421 4\.3\.2 shutting down/);
    },
  ));
