import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { localBus } from '#host/bus-local';
import { systemLoop } from '#host/event-loop';
import { Files } from '#host/files';
import { ConfigError } from '#mail/config';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { Configuration } from './index.ts';

const server = 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n';
const domains = '# people\ndomains: { example.org: {} }\naccounts:\n  ann: { addresses: [ann@example.org] }\n';

interface World {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly open: () => Promise<Configuration>;
  /** Lets a watching configuration look until `until` holds. */
  readonly look: (until: () => boolean) => Promise<void>;
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [folder, clock, log] = [dir.path, new FakeClock(), new FakeLog()];
  await writeFile(join(folder, 'server.yaml'), server);
  await writeFile(join(folder, 'domains.yaml'), domains);
  await body({
    folder,
    clock,
    log,
    open: () =>
      Configuration.open({ folder, files: new Files(), clock, bus: localBus({ log }), loop: systemLoop, log }),
    look: async (until) => {
      for (let i = 0; i < 2000 && !until(); i += 1) {
        await clock.advance(1000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.ok(until());
    },
  });
}

for (const [title, change, want] of [
  [
    'no server.yaml',
    (folder: string) => rm(join(folder, 'server.yaml')),
    /server\.yaml:1:1: there is no such file\. Name/,
  ],
  [
    'no domains.yaml',
    (folder: string) => rm(join(folder, 'domains.yaml')),
    /domains\.yaml:1:1: there is no such file\. /,
  ],
  [
    'a folder in its place',
    async (folder: string) => {
      await rm(join(folder, 'server.yaml'));
      await mkdir(join(folder, 'server.yaml'));
    },
    /server\.yaml:1:1: this is a folder\. Put a file/,
  ],
  [
    'another encoding',
    (folder: string) => writeFile(join(folder, 'domains.yaml'), new Uint8Array([0xff, 0xfe, 97, 0])),
    /domains\.yaml:1:1: not UTF-8 text: byte 0xFF\. Save the file as UTF-8/,
  ],
  [
    'an empty file',
    (folder: string) => writeFile(join(folder, 'domains.yaml'), '# nothing\n'),
    /domains\.yaml:1:1: the file is empty\. /,
  ],
] as const) {
  test(`Configuration.open: ${title}`, () =>
    inWorld(async ({ folder, open }) => {
      await change(folder);
      await assert.rejects(open(), (error) => error instanceof ConfigError && want.test(error.message));
    }));
}

test(
  'Configuration.open: a file that may not be read',
  { skip: process.platform === 'win32' || process.getuid?.() === 0 },
  () =>
    inWorld(async ({ folder, open }) => {
      await chmod(join(folder, 'domains.yaml'), 0);
      await assert.rejects(open(), /domains\.yaml:1:1: the file may not be read by this user\. Change/);
    }),
);

test('Configuration: an edit is in force within a look, a wrong one is told and changes nothing', () =>
  inWorld(async ({ folder, log, open, look }) => {
    using configuration = await open();
    configuration.watch();
    const before = configuration.config;
    await writeFile(join(folder, 'domains.yaml'), `${domains}  bob: { addresses: [bob@example.org] }\n`);
    await look(() => configuration.config !== before);
    assert.deepEqual(Object.keys(configuration.config.domains.accounts), ['ann', 'bob']);
    assert.deepEqual(Object.keys(before.domains.accounts), ['ann']);
    await writeFile(join(folder, 'domains.yaml'), `${domains}  bob: { adresses: [bob@example.org] }\n# wrong\n`);
    await look(() => log.ofLevel('error').length > 0);
    assert.match(
      String(log.ofLevel('error')[0]?.fields['problem']),
      /domains\.yaml:5:10: accounts\.bob\.adresses: unknown/,
    );
    assert.deepEqual(Object.keys(configuration.config.domains.accounts), ['ann', 'bob']);
    await assert.rejects(configuration.changeDomains({ kind: 'removeAccount', account: 'ann' }), ConfigError);
  }));

test('Configuration.changeDomains: changes at once all come through, comments stay, versions are kept', () =>
  inWorld(async ({ folder, clock, open }) => {
    using configuration = await open();
    const names = ['bob', 'cid', 'dan', 'eve'];
    await Promise.all(
      names.map(async (name, i) => {
        await configuration.changeDomains({ kind: 'addAccount', account: name, address: `${name}@example.org` });
        await clock.advance(i);
      }),
    );
    assert.deepEqual(Object.keys(configuration.config.domains.accounts), ['ann', ...names]);
    const text = await readFile(join(folder, 'domains.yaml'), 'utf8');
    assert.match(text, /^# people/);
    const kept = await readdir(join(folder, 'history'));
    assert.ok(kept.length > 0);
    assert.ok(!kept.some((name) => name.includes('tmp')));
  }));

test('Configuration.changeDomains: a file with the line ends of Windows keeps them', () =>
  inWorld(async ({ folder, open }) => {
    await writeFile(join(folder, 'domains.yaml'), domains.replaceAll('\n', '\r\n'));
    using configuration = await open();
    await configuration.changeDomains({ kind: 'addAccount', account: 'bob', address: 'bob@example.org' });
    const text = await readFile(join(folder, 'domains.yaml'), 'utf8');
    assert.match(text, /^# people\r\n/);
    assert.doesNotMatch(text, /[^\r]\n|\r\r/);
  }));

test('Configuration.changeDomains: a wrong result is refused, and nothing changed', () =>
  inWorld(async ({ folder, open }) => {
    using configuration = await open();
    const { config } = configuration;
    await assert.rejects(
      configuration.changeDomains({ kind: 'addAccount', account: 'oops', address: 'o o@example.org' }),
      /domains\.yaml:\d+:\d+: accounts\.oops\.addresses\.0: /,
    );
    assert.equal(configuration.config, config);
    assert.equal(await readFile(join(folder, 'domains.yaml'), 'utf8'), domains);
    const problem = configuration.serverProblem(['postmaster'], 'has no post', 'Send some');
    assert.match(problem.message, /server\.yaml:2:1: postmaster: has no post\. Send some$/);
  }));
