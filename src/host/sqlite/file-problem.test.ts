import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { databaseFileProblem } from './file-problem.ts';

async function made(folder: string): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const path = join(folder, 'server.db');
  using database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode=WAL; CREATE TABLE one (id INTEGER)');
  database.close();
  return { path, bytes: await readFile(path) };
}

for (const [what, spoil, want] of [
  ['a database', (bytes: Buffer) => bytes, null],
  ['an empty file', () => Buffer.alloc(0), null],
  ['junk', () => Buffer.from('not a database at all, but longer than the magic'), 'is not a database'],
  ['one byte', () => Buffer.from('S'), 'is not a database'],
  ['a right beginning and junk', (bytes: Buffer) => bytes.fill(0xa5, 16), /^is (?:not a database|damaged: .+)$/],
  ['a first page that is damaged', (bytes: Buffer) => bytes.fill(0xa5, 100, 140), /^is damaged: .+$/],
] as const) {
  test(`databaseFileProblem: ${what}`, async () => {
    await using dir = await tempDir();
    const { path, bytes } = await made(dir.path);
    await writeFile(path, spoil(bytes));
    const problem = databaseFileProblem(path)?.replace(`${path} `, '') ?? null;
    if (want instanceof RegExp) assert.match(problem ?? '', want);
    else assert.equal(problem, want);
    assert.deepEqual(await readdir(dir.path), ['server.db']);
  });
}

test('databaseFileProblem: a missing file is none, a folder is; a file with a log is left to the start', async () => {
  await using dir = await tempDir();
  const { path, bytes } = await made(dir.path);
  assert.equal(databaseFileProblem(join(dir.path, 'other.db')), null);
  await mkdir(join(dir.path, 'folder.db'));
  assert.match(databaseFileProblem(join(dir.path, 'folder.db')) ?? '', /folder\.db is not a file$/);
  await writeFile(path, bytes.fill(0xa5, 100, 140));
  await writeFile(`${path}-wal`, 'frames');
  assert.equal(databaseFileProblem(path), null);
});
