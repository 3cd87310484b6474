import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { setUpLocalserve } from '#server/localserve';
import { channelPair } from '#testing/channel-pair';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import type { ServiceContext } from './listeners.ts';
import { openServices } from './services.ts';
import { makeShared } from './shared.ts';
import { smtpService } from './smtp-service.ts';

/** Talks to port 1025 of a development server, from an address. @returns the replies, the banner left out. */
type Talk = (from: string, lines: readonly string[]) => Promise<string[]>;

async function inLocalserve(edit: (server: string) => string, body: (talk: Talk) => Promise<void>): Promise<void> {
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
    service: 'smtp',
    hasTls: true,
    shutdown: new AbortController().signal,
  };
  const serve = smtpService(context);
  await body(async (from, lines) => {
    const { client, server } = channelPair({ clientAddress: from });
    const serving = serve(server);
    await client.write(new TextEncoder().encode([...lines, 'QUIT', ''].join('\r\n')));
    let heard = '';
    for (let bytes = await client.read(5000); bytes !== null; bytes = await client.read(5000)) {
      heard += new TextDecoder().decode(bytes);
    }
    await serving;
    return heard.split('\r\n').slice(1, -1);
  });
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
