import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import type { FileSystem, SyncHandle } from './file-system.ts';

/** A file system for one test; disposing it cleans up. */
export interface OpenedFileSystem extends AsyncDisposable {
  readonly system: FileSystem;
  /** An empty directory in it. */
  readonly root: string;
}

const encoder = new TextEncoder();

/** Tests what every `FileSystem` must do; `name` begins the titles. */
export function fileSystemContract(name: string, open: () => Promise<OpenedFileSystem>): void {
  const inRoot: InRoot = (title, body) => {
    test(`${name}: ${title}`, async () => {
      await using opened = await open();
      const { system, root } = opened;
      await body(system, (file) => `${root}${system.separator}${file}`);
    });
  };

  contentTests(inRoot);
  nameTests(inRoot);
  openFileTests(inRoot);
}

/** Makes a test in an empty directory; `at` gives the path of a name there. */
type InRoot = (title: string, body: (system: FileSystem, at: (name: string) => string) => Promise<void>) => void;

function contentTests(inRoot: InRoot): void {
  inRoot('create makes a new private file, to which write appends', async (system, at) => {
    const writer = await system.create(at('a'));
    await writer.write(encoder.encode('one '));
    await writer.datasync();
    await writer.write(encoder.encode('two'));
    await writer.close();
    await writer.close();
    assert.equal(await textOf(system, at('a')), 'one two');
    if (process.platform !== 'win32') assert.equal((await stat(at('a').replaceAll('\\', '/'))).mode & 0o777, 0o600);
    await assert.rejects(system.create(at('a')), { code: 'EEXIST' });
    await assert.rejects(system.create(at(`b${system.separator}a`)), { code: 'ENOENT' });
    assert.equal(await textOf(system, at('a')), 'one two');
  });

  inRoot('open reads any part, with the size of that moment', async (system, at) => {
    await written(system, at('a'), '0123456789');
    {
      await using reader = await system.open(at('a'));
      assert.equal(reader.sizeBytes, 10);
      for (const [start, end, want] of [
        [0, 10, '0123456789'],
        [3, 5, '34'],
        [8, 100, '89'],
        [10, 12, ''],
        [5, 3, ''],
      ] as const) {
        assert.equal(new TextDecoder().decode(await reader.bytes(start, end)), want, `${start} to ${end}`);
      }
      await reader.close();
    }
    await assert.rejects(system.open(at('b')), { code: 'ENOENT' });
    await system.makeDirectory(at('folder'));
    await assert.rejects(system.open(at('folder')), { code: 'EISDIR' });
  });

  inRoot('facts are those of the file or directory', async (system, at) => {
    await written(system, at('a'), '12345');
    const { modifiedMs, ...facts } = await system.facts(at('a'));
    assert.deepEqual(facts, { sizeBytes: 5, isDirectory: false });
    assert.ok(Number.isInteger(modifiedMs) && modifiedMs > Date.UTC(2020, 0, 1));
    assert.equal((await system.facts(at(''))).isDirectory, true);
    await assert.rejects(system.facts(at('b')), { code: 'ENOENT' });
  });
}

function nameTests(inRoot: InRoot): void {
  inRoot('directories are made one by one, listed, and removed when empty', async (system, at) => {
    await system.makeDirectory(at('a'));
    await assert.rejects(system.makeDirectory(at('a')), { code: 'EEXIST' });
    const inner = at(`a${system.separator}file`);
    await assert.rejects(system.makeDirectory(at(`b${system.separator}c`)), { code: 'ENOENT' });
    await written(system, inner, '');
    await written(system, at('z'), '');
    const entries = (await system.list(at(''))).toSorted((x, y) => x.name.localeCompare(y.name));
    assert.deepEqual(entries, [
      { name: 'a', isDirectory: true },
      { name: 'z', isDirectory: false },
    ]);
    await assert.rejects(system.removeDirectory(at('a')), { code: 'ENOTEMPTY' });
    await system.unlink(inner);
    await system.removeDirectory(at('a'));
    await assert.rejects(system.removeDirectory(at('a')), { code: 'ENOENT' });
    await assert.rejects(system.list(at('a')), { code: 'ENOENT' });
  });

  inRoot('a link is another name of the same bytes, a copy has bytes of its own', async (system, at) => {
    await written(system, at('a'), 'abc');
    await system.link(at('a'), at('b'));
    await system.copy(at('a'), at('c'));
    await cut(system, at('a'), 1);
    assert.deepEqual([await textOf(system, at('b')), await textOf(system, at('c'))], ['a', 'abc']);
    await assert.rejects(system.link(at('a'), at('c')), { code: 'EEXIST' });
    await assert.rejects(system.copy(at('a'), at('b')), { code: 'EEXIST' });
    await assert.rejects(system.link(at('none'), at('d')), { code: 'ENOENT' });
    await assert.rejects(system.copy(at('none'), at('d')), { code: 'ENOENT' });
    await system.unlink(at('a'));
    assert.equal(await textOf(system, at('b')), 'a');
  });

  inRoot('rename gives a file another name, and replaces what has it', async (system, at) => {
    await written(system, at('a'), 'new');
    await written(system, at('b'), 'old');
    await system.rename(at('a'), at('b'));
    assert.equal(await textOf(system, at('b')), 'new');
    await assert.rejects(system.facts(at('a')), { code: 'ENOENT' });
    await assert.rejects(system.rename(at('a'), at('c')), { code: 'ENOENT' });
    await system.unlink(at('b'));
    await assert.rejects(system.unlink(at('b')), { code: 'ENOENT' });
  });
}

function openFileTests(inRoot: InRoot): void {
  inRoot('openForSync flushes what another wrote, and sees the beginning and the names', async (system, at) => {
    await written(system, at('a'), 'SQLite format 3');
    await system.link(at('a'), at('b'));
    const handle = await system.openForSync(at('a'));
    assert.equal(await synced(handle), null);
    assert.equal(new TextDecoder().decode(handle.head(6)), 'SQLite');
    assert.equal(handle.head(100).length, 15);
    assert.equal(handle.linkCount(), 2);
    await system.unlink(at('b'));
    assert.equal(handle.linkCount(), 1);
    // An open file cannot be removed on Windows.
    if (!system.isWindows) {
      await system.unlink(at('a'));
      assert.equal(handle.linkCount(), 0);
    }
    await handle.close();
    await handle.close();
    assert.ok((await synced(handle)) instanceof Error);
    await assert.rejects(system.openForSync(at('none')), { code: 'ENOENT' });
  });

  inRoot('openForCutting leaves the first bytes', async (system, at) => {
    await written(system, at('a'), '0123456789');
    const cutter = await system.openForCutting(at('a'));
    assert.equal(cutter.sizeBytes, 10);
    assert.equal(await cutter.linkCount(), 1);
    await cutter.cut(7);
    await cutter.cut(4);
    await cutter.close();
    await cutter.close();
    assert.equal(await textOf(system, at('a')), '0123');
    await assert.rejects(system.openForCutting(at('none')), { code: 'ENOENT' });
  });

  inRoot('directories are synced where the system can, and space is known or not', async (system, at) => {
    if (system.isWindows) await assert.rejects(system.syncDirectory(at('')), { code: 'EPERM' });
    else {
      await system.syncDirectory(at(''));
      await assert.rejects(system.syncDirectory(at('none')), { code: 'ENOENT' });
    }
    const space = await system.space(at(''));
    assert.ok(space === null || (space.freeBytes >= 0 && space.freeBytes <= space.totalBytes));
  });
}

async function written(system: FileSystem, path: string, text: string): Promise<void> {
  await using writer = await system.create(path);
  await writer.write(encoder.encode(text));
}

async function textOf(system: FileSystem, path: string): Promise<string> {
  await using reader = await system.open(path);
  return new TextDecoder().decode(await reader.bytes(0, reader.sizeBytes));
}

async function cut(system: FileSystem, path: string, sizeBytes: number): Promise<void> {
  const cutter = await system.openForCutting(path);
  await cutter.cut(sizeBytes);
  await cutter.close();
}

function synced(handle: SyncHandle): Promise<Error | null> {
  return new Promise((resolve) => {
    handle.datasync(resolve);
  });
}
