import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { runHistory } from './history.ts';

test('localserve: SMTP, IMAP and JMAP clients agree on what was acknowledged, through two kills (seed 1)', async () => {
  await using dir = await tempDir();
  assert.deepEqual(await runHistory({ folder: dir.path, seed: 1, rounds: 3, commands: 80 }), []);
});
