import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { dataDirectoryProblem, Files, keepRights } from './index.ts';

for (const [what, entries, problem] of [
  ['an empty folder', [], null],
  ['a new file system', ['lost+found', '.Trash'], null],
  ['data of ours', ['server.db', 'notes.txt'], null],
  ['data of ours whose server.db is lost', ['accounts'], null],
  ['a folder of another program', ['www'], / has other files in it, such as www$/],
] as const)
  test(`dataDirectoryProblem: ${what}`, async () => {
    await using dir = await tempDir();
    for (const entry of entries) mkdirSync(join(dir.path, entry));
    const found = dataDirectoryProblem(dir.path);
    if (problem === null) assert.equal(found, null);
    else assert.match(found ?? '', problem);
  });

test('dataDirectoryProblem: a file is none, and a folder that does not exist will be made', async () => {
  await using dir = await tempDir();
  const file = join(dir.path, 'file');
  writeFileSync(file, '');
  chmodSync(file, 0o644);
  assert.match(dataDirectoryProblem(file) ?? '', / is not a folder$/);
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.equal(dataDirectoryProblem(join(dir.path, 'new')), null);
});

test(
  'keepRights: a file that replaces another has its mode',
  { skip: process.platform === 'win32' && 'Windows has no modes' },
  async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'domains.yaml');
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    await keepRights(path, () => new Files().write(path, new TextEncoder().encode('new')));
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.equal(readFileSync(path, 'utf8'), 'new');
  },
);
