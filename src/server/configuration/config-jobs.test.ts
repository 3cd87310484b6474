import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { localBus } from '#host/bus-local';
import { Files } from '#host/files';
import { SingleJobs } from '#host/workers';
import { ConfigError, EditRefused } from '#mail/config';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { tempDir } from '#testing/temp-dir';
import { configThreadFile, doConfigJob, type ConfigAnswer, type ConfigJob } from './config-jobs.ts';
import { Configuration } from './index.ts';

const accounts = 300;
const lines = Array.from({ length: accounts }, (_, n) => `  user${n}: { addresses: [user${n}@example.org] }\n`);
const relay = (password: string): string =>
  `transports:\n  out: { kind: smtp, host: mail.example.net, auth: { user: me, password: ${password} } }\n`;
const server = { file: 'server.yaml', text: `hostname: a.example\npostmaster: user0\nlisteners: {}\n${relay('one')}` };
const domains = { file: 'domains.yaml', text: `domains: { example.org: {} }\naccounts:\n${lines.join('')}` };
const edit = { kind: 'removeAccount', account: 'user7' } as const;

const jobs: readonly ConfigJob[] = [
  { kind: 'read', server, domains },
  { kind: 'read', server, domains: { ...domains, text: `${domains.text}oops: 1\n` } },
  { kind: 'change', server, domains, edit },
  { kind: 'change', server, domains, edit: { ...edit, account: 'stranger' } },
  { kind: 'compare', before: server, now: { ...server, text: `# the same\n${server.text}` } },
  { kind: 'locate', file: domains, problems: [{ path: ['accounts', 'user2'], reason: 'has gone', fix: 'Find it' }] },
];

test('SingleJobs of configThreadFile: the answers are those of doConfigJob, and the loop turns meanwhile', async () => {
  const threads = new SingleJobs<ConfigJob, ConfigAnswer>(configThreadFile, { maxHeapMb: 256 });
  for (const job of jobs) {
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const answer = await threads.run(job);
    isDone = true;
    assert.deepEqual(answer, doConfigJob(job), job.kind);
    assert.ok(turns > 20, `${turns} turns during ${job.kind}`);
  }
});

test('doConfigJob compare: a new password in server.yaml is a difference, a comment is none', () => {
  const saySame = (text: string): ConfigAnswer =>
    doConfigJob({ kind: 'compare', before: server, now: { ...server, text } });
  assert.deepEqual(saySame(`# the same\n${server.text}`), { kind: 'compared', saySame: true });
  assert.deepEqual(saySame(server.text.replace('one', 'two')), { kind: 'compared', saySame: false });
});

interface World {
  readonly folder: string;
  readonly configuration: Configuration;
  readonly loop: FakeLoop;
  /** Kinds of the jobs that were given away. */
  readonly given: string[];
}

/** A configuration of many accounts whose jobs are answered later, by `answer`. */
async function inWorld(answer: (job: ConfigJob) => ConfigAnswer, body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [folder, log, loop] = [dir.path, new FakeLog(), new FakeLoop()];
  await writeFile(join(folder, 'server.yaml'), server.text);
  await writeFile(join(folder, 'domains.yaml'), domains.text);
  const given: string[] = [];
  const work = async (job: ConfigJob): Promise<ConfigAnswer> => {
    given.push(job.kind);
    await new Promise(setImmediate);
    return answer(job);
  };
  const deps = { folder, files: new Files(), clock: new FakeClock(), bus: localBus({ log }), loop, log, work };
  using configuration = await Configuration.open(deps);
  assert.deepEqual(given, [], 'nothing is served yet at the start');
  await body({ folder, configuration, loop, given });
}

test('Configuration: texts are parsed and edited by its work alone, and lookups are made with pauses', async () => {
  const read = doConfigJob({ kind: 'read', server, domains });
  assert.ok(read.kind === 'domains');
  // The answer is not what the text says, so that one that was found otherwise shows.
  const marker = { 'marker.example': read.domains.domains['example.org']! };
  const answer = (job: ConfigJob): ConfigAnswer => {
    const known = doConfigJob(job);
    if (known.kind !== 'domains') return known;
    return { ...known, domains: { ...known.domains, domains: { ...known.domains.domains, ...marker } } };
  };
  await inWorld(answer, async ({ folder, configuration, loop, given }) => {
    assert.deepEqual(await configuration.changeDomains(edit), ['marker.example']);
    assert.ok(configuration.directory.hasDomain('marker.example'));
    assert.equal(
      configuration.directory.loginAccount('user7', () => null),
      null,
    );
    assert.ok(loop.pauses >= accounts, `${loop.pauses} pauses`);
    loop.pauses = 0;
    await writeFile(join(folder, 'domains.yaml'), domains.text);
    await configuration.reload();
    assert.equal(
      configuration.directory.loginAccount('user7', () => null),
      'user7',
    );
    assert.ok(loop.pauses >= accounts, `${loop.pauses} pauses`);
    await writeFile(join(folder, 'server.yaml'), server.text.replace('one', 'two'));
    assert.match((await configuration.differences()).join(), /server\.yaml changed since the server started/);
    assert.deepEqual(await configuration.domainsProblems([]), []);
    await configuration.domainsProblems([{ path: [], reason: 'is odd', fix: 'Look' }]);
    assert.deepEqual(given, ['change', 'read', 'compare', 'locate']);
  });
});

test('Configuration.changeDomains: what its work refuses is thrown, and nothing changed', async () => {
  await inWorld(doConfigJob, async ({ configuration }) => {
    const { config } = configuration;
    await assert.rejects(
      configuration.changeDomains({ ...edit, account: 'stranger' }),
      (error) => error instanceof EditRefused && error.message === 'no account stranger',
    );
    await assert.rejects(
      configuration.changeDomains({ ...edit, account: 'user0' }),
      (error) => error instanceof ConfigError && /postmaster: no account user0/.test(error.message),
    );
    assert.equal(configuration.config, config);
  });
});
