import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { compare, Load, readInbox } from './load.ts';
import { checkFolder, setUp, startServerProcess } from './server-process.ts';

test('localserve: killed under load five times, it keeps everything that it acknowledged', async () => {
  await using dir = await tempDir();
  await setUp(dir.path);
  const random = seededNumbers(2026);
  const load = new Load();
  for (let round = 0; round < 5; round += 1) {
    const server = await startServerProcess(dir.path);
    load.retryUnanswered();
    const before = acknowledgedBy(load);
    const clients = [1, 2, 3, 4].map(() => load.smtp(server.smtpPort));
    clients.push(...[1, 2].map(() => load.imap(server.imapPort)));
    try {
      // Acknowledgements of this round must have come, however busy the machine is; from then on the moment is the seed's.
      for (let waits = 0; waits < 3000 && acknowledgedBy(load) === before; waits += 1) await sleep(10);
      await sleep(50 + random() * 300);
    } finally {
      await server.kill();
    }
    await Promise.all(clients);
    assert.deepEqual(await checkFolder(dir.path), [], `round ${round}`);
    assert.ok(acknowledgedBy(load) > before, 'nothing was acknowledged');
  }
  const server = await startServerProcess(dir.path);
  try {
    assert.deepEqual(compare(load.parcels, await readInbox(server.imapPort)), []);
  } finally {
    await server.kill();
  }
  assert.deepEqual(load.complaints, []);
});

function acknowledgedBy({ parcels }: Load): number {
  return parcels.filter(({ acknowledged }) => acknowledged > 0).length;
}
