import assert from 'node:assert/strict';
import { link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FileSystem } from '#ports/file-system';
import { crashFileSystem } from '#testing/crash-files';
import { systemError, windowsFileSystem } from '#testing/fake-files';
import { tempDir } from '#testing/temp-dir';
import { errorCode, Files, nodeFileSystem } from './index.ts';

const bytes = new TextEncoder().encode('listeners: []\n');
const pause = async (): Promise<void> => undefined;

for (const [layer, make] of [
  ['machine', async () => nodeFileSystem],
  ['windows', async () => windowsFileSystem()],
  [
    'crash',
    async (path: string) => {
      await nodeFileSystem.makeDirectory(join(path, 'shadows'));
      await nodeFileSystem.makeDirectory(join(path, 'root'));
      return crashFileSystem(join(path, 'root'), join(path, 'shadows'));
    },
  ],
] as const satisfies readonly (readonly [string, (path: string) => Promise<FileSystem>])[]) {
  const open = async (): Promise<{ files: Files; root: string } & AsyncDisposable> => {
    const dir = await tempDir();
    const files = new Files({ system: await make(dir.path), pause });
    return { files, root: files.join(dir.path, 'root'), [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
  };

  test('Files.ensureDirectory: a system that always says no is asked a bounded number of times', async () => {
    let calls = 0;
    const makeDirectory = (path: string): Promise<void> => {
      calls += 1;
      const code = path === '/there' ? 'EEXIST' : 'ENOENT';
      return Promise.reject(Object.assign(new Error(code), { code }));
    };
    const files = new Files({ system: { ...nodeFileSystem, makeDirectory } });
    await assert.rejects(files.ensureDirectory('/there/x'), { code: 'ENOENT' });
    assert.ok(calls <= 3);
  });

  test(`Files (${layer}): write replaces whole, read gives it back, nothing else is left`, async () => {
    await using opened = await open();
    const { files, root } = opened;
    const path = files.join(root, 'a', 'b', 'server.yaml');
    await files.ensureDirectory(files.join(root, 'a', 'b'));
    await files.ensureDirectory(files.join(root, 'a', 'b'));
    assert.equal(await files.read(path), null);
    await files.write(path, new Uint8Array(3));
    await files.write(path, bytes);
    assert.deepEqual(new Uint8Array((await files.read(path)) ?? []), bytes);
    assert.deepEqual(
      (await files.list(files.join(root, 'a', 'b'))).map(({ name }) => name),
      ['server.yaml'],
    );
    await assert.rejects(files.read(path, 5), RangeError);
    await assert.rejects(files.open(root), { code: 'EISDIR' });
    assert.equal((await files.facts(path))?.sizeBytes, bytes.length);
  });

  test(`Files (${layer}): removal is idempotent, for files and for trees`, async () => {
    await using opened = await open();
    const { files, root } = opened;
    await files.ensureDirectory(files.join(root, 'x', 'y'));
    await files.write(files.join(root, 'x', 'y', 'z'), bytes);
    await files.remove(files.join(root, 'x', 'none'));
    await files.removeTree(files.join(root, 'x'));
    await files.removeTree(files.join(root, 'x'));
    assert.equal(await files.facts(files.join(root, 'x')), null);
  });

  test(`Files (${layer}): share gives the bytes a second name`, async () => {
    await using opened = await open();
    const { files, root } = opened;
    await files.ensureDirectory(root);
    await files.write(files.join(root, 'one'), bytes);
    await files.share(files.join(root, 'one'), files.join(root, 'two'));
    await files.remove(files.join(root, 'one'));
    assert.deepEqual(new Uint8Array((await files.read(files.join(root, 'two'))) ?? []), bytes);
    await assert.rejects(
      files.share(files.join(root, 'gone'), files.join(root, 'three')),
      (e) => errorCode(e) === 'ENOENT',
    );
  });
}

/** A file system that notes the calls that remove files and cut them, each with the names that the file has left. */
function notingCuts(calls: string[]): FileSystem {
  return {
    ...nodeFileSystem,
    async unlink(path) {
      await nodeFileSystem.unlink(path);
      calls.push('unlink');
    },
    async syncDirectory(path) {
      await nodeFileSystem.syncDirectory(path);
      calls.push('sync');
    },
    async openForCutting(path) {
      const cutter = await nodeFileSystem.openForCutting(path);
      return {
        sizeBytes: cutter.sizeBytes,
        linkCount: () => cutter.linkCount(),
        async cut(sizeBytes) {
          await cutter.cut(sizeBytes);
          calls.push(`cut to ${sizeBytes}, ${await cutter.linkCount()} names`);
        },
        close: () => cutter.close(),
      };
    },
  };
}

const erased = { skip: process.platform === 'win32' };

test('Files.erase: the bytes of a large file go piece by piece, after its name is gone for good', erased, async () => {
  await using dir = await tempDir();
  const calls: string[] = [];
  const files = new Files({ system: notingCuts(calls), limits: { eraseBytes: 1000 } });
  const path = join(dir.path, 'account.db');
  await writeFile(path, new Uint8Array(3500));
  await files.erase(path);
  await files.erase(path);
  const cuts = [2500, 1500, 500].map((sizeBytes) => `cut to ${sizeBytes}, 0 names`);
  assert.deepEqual(calls, ['unlink', 'sync', ...cuts]);
  assert.equal(await files.facts(path), null);
});

test('Files.erase: a file that has another name keeps its bytes, and a small one goes at once', erased, async () => {
  await using dir = await tempDir();
  const calls: string[] = [];
  const files = new Files({ system: notingCuts(calls), limits: { eraseBytes: 1000 } });
  const [path, backup] = [join(dir.path, 'account.db'), join(dir.path, 'backup')];
  await writeFile(path, new Uint8Array(3500).fill(7));
  await link(path, backup);
  await files.erase(path);
  await writeFile(path, new Uint8Array(1000));
  await files.erase(path);
  assert.deepEqual(calls, ['unlink', 'unlink']);
  assert.deepEqual(new Uint8Array(await readFile(backup)), new Uint8Array(3500).fill(7));
});

test('Files.removeTree: large files in it go piece by piece', erased, async () => {
  await using dir = await tempDir();
  const calls: string[] = [];
  const files = new Files({ system: notingCuts(calls), limits: { eraseBytes: 1000 } });
  await mkdir(join(dir.path, 'accounts', '7'), { recursive: true });
  await writeFile(join(dir.path, 'accounts', '7', 'account.db'), new Uint8Array(1500));
  await files.removeTree(join(dir.path, 'accounts'));
  assert.deepEqual(calls, ['unlink', 'sync', 'cut to 500, 0 names']);
  assert.deepEqual(await readdir(dir.path), []);
});

test('Files: directories and files are for their owner only', { skip: process.platform === 'win32' }, async () => {
  await using dir = await tempDir();
  const files = new Files();
  await files.ensureDirectory(join(dir.path, 'private'));
  await files.write(join(dir.path, 'private', 'key'), bytes);
  assert.equal((await stat(join(dir.path, 'private'))).mode & 0o777, 0o700);
  assert.equal((await stat(join(dir.path, 'private', 'key'))).mode & 0o777, 0o600);
});

for (const code of ['EBUSY', 'EPERM', 'EACCES'] as const) {
  test(`Files: on Windows ${code} passes, or is told in the end`, async () => {
    await using dir = await tempDir();
    const system = windowsFileSystem();
    const pauses: number[] = [];
    const files = new Files({ system, pause: async (ms) => void pauses.push(ms) });
    const path = files.join(dir.path, 'file');
    await files.write(path, bytes);
    system.failNext('rename', code, 3);
    await files.write(path, bytes);
    system.failNext('unlink', code, 2);
    await files.remove(path);
    assert.deepEqual(pauses, [2, 4, 8, 2, 4]);
    system.failNext('rename', code, 1000);
    await assert.rejects(files.write(path, bytes), (error) => errorCode(error) === code);
    assert.deepEqual(await readdir(dir.path), []);
  });
}

for (const [path, parent] of [
  ['C:\\mail\\data', 'C:\\mail'],
  ['C:\\mail', 'C:\\'],
  ['C:/mail', 'C:/'],
  ['C:\\', null],
  ['C:', null],
  ['\\mail', '\\'],
  ['mail', '.'],
] as const) {
  test(`Files.parentOf: on Windows ${path} is in ${String(parent)}`, () => {
    assert.equal(new Files({ system: windowsFileSystem() }).parentOf(path), parent);
  });
}

test('Files.ensureDirectory: a drive that is not there is told', async () => {
  const system: FileSystem = {
    ...windowsFileSystem(),
    makeDirectory: async (path) => {
      throw systemError('ENOENT', 'mkdir', path);
    },
  };
  const made = new Files({ system }).ensureDirectory('Q:\\mail\\data');
  await assert.rejects(made, (error) => errorCode(error) === 'ENOENT');
});

test('Files.ensureDirectory: the root of a drive is there, though it cannot be made', async () => {
  await using dir = await tempDir();
  const system: FileSystem = {
    ...windowsFileSystem(),
    makeDirectory: async (path) => {
      throw systemError('EPERM', 'mkdir', path);
    },
  };
  const files = new Files({ system });
  await files.ensureDirectory(dir.path);
  await assert.rejects(files.ensureDirectory(files.join(dir.path, 'refused')), (e) => errorCode(e) === 'EPERM');
});

test('Files.share: copies where the file system has no links', async () => {
  await using dir = await tempDir();
  const system = windowsFileSystem();
  const files = new Files({ system, pause });
  await files.write(files.join(dir.path, 'one'), bytes);
  system.failNext('link', 'EPERM', 1);
  await files.share(files.join(dir.path, 'one'), files.join(dir.path, 'two'));
  assert.deepEqual(new Uint8Array((await files.read(files.join(dir.path, 'two'))) ?? []), bytes);
});

test('Files.syncDirectory: waiting calls share one sync that begins after them', async () => {
  const running: PromiseWithResolvers<void>[] = [];
  const syncDirectory = (): Promise<void> => {
    const sync = Promise.withResolvers<void>();
    running.push(sync);
    return sync.promise;
  };
  const files = new Files({ system: { ...nodeFileSystem, isWindows: false, syncDirectory } });
  const first = files.syncDirectory('/d');
  await Promise.resolve();
  assert.equal(running.length, 1);
  let isDone = false;
  const later = Promise.all([files.syncDirectory('/d'), files.syncDirectory('/d')]).then(() => (isDone = true));
  running[0]?.resolve();
  await first;
  assert.equal(isDone, false, 'a sync in flight does not count');
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.equal(running.length, 2);
  running[1]?.resolve();
  await later;
});
