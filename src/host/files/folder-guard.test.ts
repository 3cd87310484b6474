import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isWindows } from '#host/process';
import { ConditionError } from '#ports/conditions';
import { tempDir } from '#testing/temp-dir';
import { Files, FolderGuard } from './index.ts';

const skip = isWindows ? 'Windows opens no folders' : false;

test('FolderGuard.restore makes a folder again that was removed, and none that was moved', { skip }, async () => {
  await using dir = await tempDir();
  const [outer, path, elsewhere] = [join(dir.path, 'a'), join(dir.path, 'a', 'b'), join(dir.path, 'c')];
  await using guard = await FolderGuard.open(new Files(), path);
  assert.equal(await guard.restore(), false);
  for (const removed of [path, outer, path]) {
    rmSync(removed, { recursive: true });
    assert.equal(await guard.restore(), true);
    assert.equal(await guard.restore(), false);
  }
  renameSync(path, elsewhere);
  await assert.rejects(guard.restore(), (error) => error instanceof ConditionError && error.kind === 'fileRemoved');
  assert.equal(existsSync(path), false);
  renameSync(elsewhere, path);
  assert.equal(await guard.restore(), false);
});
