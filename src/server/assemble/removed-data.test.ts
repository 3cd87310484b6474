import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callControl, controlEndpoint } from '#host/control';
import { Files } from '#host/files';
import { isWindows } from '#host/process';
import { ContentWriter, placeBody } from '#mail/content';
import type { StoreProblem } from '#mail/check';
import type { ConditionFacts } from '#server/conditions';
import type { ServerStatus } from '#server/operations';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { newMessage } from '#testing/temp-store';
import { startServer, type RunningServer } from './index.ts';

const skip = isWindows ? 'Windows does not let open files be removed' : false;

interface World extends AsyncDisposable {
  readonly data: string;
  readonly server: RunningServer;
  readonly log: FakeLog;
  readonly call: (command: string) => Promise<unknown>;
  /** Stores a message with a body that is a file. */
  readonly append: (account: string) => Promise<void>;
  /** Lets time pass until `until` holds. */
  readonly wait: (until: () => boolean) => Promise<void>;
  /** Missing files according to `status`, below the data directory. */
  readonly missing: () => Promise<string[]>;
}

async function world(): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const [dir, clock, log] = [undo.use(await tempDir()), new FakeClock(), new FakeLog()];
  const folder = dir.path;
  const data = join(folder, 'data');
  const server =
    'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\ndataDirectory: data\ndisk: { reserve: 1MiB }\n';
  writeFileSync(join(folder, 'server.yaml'), server);
  writeFileSync(join(folder, 'domains.yaml'), 'domains: { example.org: {} }\naccounts: { ann: {}, bob: {} }\n');
  const onFatal = (error: Error): void => assert.fail(error);
  const running = undo.use(await startServer({ folder, files: new Files(), log, clock, onFatal }));
  const call: World['call'] = (command) => callControl(controlEndpoint(data), command, {});
  const kept = undo.move();
  return {
    data,
    server: running,
    log,
    call,
    async append(name) {
      const { accounts, blobs } = running.services;
      const account = await accounts.open(name);
      assert.ok(account !== null);
      const message = newMessage(['Subject: large']);
      assert.ok(message.body.kind === 'inline');
      await using writer = new ContentWriter({ blobs, limits: { inlineBytes: 1, ownBytes: 1 } });
      await writer.write(message.body.bytes);
      const body = await placeBody(blobs, await writer.finish(), account.id);
      await account.messages.append({ name: 'INBOX' }, [{ ...message, body }]);
    },
    async wait(until) {
      for (let i = 0; i < 2000 && !until(); i += 1) {
        await clock.advance(1000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.ok(until());
    },
    async missing() {
      const { server: facts } = (await call('status')) as ServerStatus;
      const isOne = ({ kind, subject }: ConditionFacts): boolean => kind === 'fileRemoved' && subject.startsWith(data);
      return (facts?.conditions ?? []).filter(isOne).map(({ subject }) => subject.slice(data.length + 1));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test(
  'startServer: after the whole data directory was removed, all that the server holds comes back, and status, check and stop agree',
  { skip },
  async () => {
    await using given = await world();
    const { data, server, log, call, append, wait } = given;
    await append('ann');
    await wait(() => existsSync(join(data, 'reserve')));
    assert.deepEqual(await call('check'), []);

    rmSync(data, { recursive: true });
    const parts = [
      'server.db',
      'accounts/1/account.db',
      'blobs/incoming',
      'blobs/tmp',
      'blobs/queue',
      'reserve',
      'control',
    ];
    const isMadeAgain = (part: string): boolean =>
      log.events.some(({ event, fields }) => event === 'data.madeAgain' && fields['path'] === join(data, part));
    await wait(() => parts.every((part) => existsSync(join(data, part))) && ['blobs', 'control'].every(isMadeAgain));
    const missing = await given.missing();
    for (const part of ['server.db', 'accounts/1/account.db', 'blobs', 'reserve', 'control'])
      assert.ok(missing.includes(part), `${part} is not among ${missing.join(', ')}`);
    // Large mail is taken again; the one body that was in the folder is the one that is lost.
    await append('ann');
    const problems = (await call('check')) as StoreProblem[];
    assert.deepEqual(
      problems.map(({ account, kind, text }) => [account, kind, text.replace(/.*\((.*)\)/, '$1')]),
      [['ann', 'blob', 'INBOX UID 1']],
    );
    await call('stop');
    await server.stopRequested;
  },
);

test(
  'startServer: the database of an account that is not open is missed within a second, and login still says so',
  { skip },
  async () => {
    await using given = await world();
    const { data, server, log, wait } = given;
    const { databases } = server.services;
    await databases.shrink();
    await wait(() => log.events.length > 0);
    assert.deepEqual(await given.missing(), []);
    rmSync(join(data, 'accounts', '2'), { recursive: true });
    await wait(() => log.events.some(({ event }) => event === 'storage.fileRemoved'));
    assert.deepEqual(await given.missing(), ['accounts/2/account.db']);
  },
);

test('startServer: a folder of bodies that is removed is made again, and named', { skip }, async () => {
  await using given = await world();
  await given.append('bob');
  rmSync(join(given.data, 'blobs'), { recursive: true });
  await given.append('bob');
  assert.deepEqual(await given.missing(), ['blobs']);
});
