import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueId } from '#lib/ids';
import { QueueWorld } from '#testing/queue-world';
import { scannedRows } from './scan.ts';

const rare = 'rare@two.example';
const count = 2 * scannedRows + 10;

/** A message with many waiting recipients; every `scannedRows + 1`th has a rare address. */
async function longQueue(): Promise<QueueWorld> {
  const world = new QueueWorld();
  await world.send(['common@one.example']);
  const [one] = await world.db.rows('SELECT * FROM queue_recipient');
  const others = Object.keys(one ?? {}).filter((name) => name !== 'id');
  await world.db.exec(`WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO queue_recipient (id, ${others.join(', ')}) SELECT i, ${others.join(', ')} FROM n, queue_recipient WHERE id = 1`);
  await world.db.exec(`UPDATE queue_recipient SET address = '${rare}' WHERE id % ${scannedRows + 1} = 0`);
  return world;
}

test('Queue: a rare match is found at the end of a long queue, in statements over few rows', async () => {
  await using world = await longQueue();
  const listed = await world.queue.list({ recipient: rare });
  const ids = [scannedRows + 1, 2 * (scannedRows + 1)];
  assert.deepEqual(
    listed.map(({ id }) => id),
    ids,
  );
  assert.equal((await world.queue.list({ recipient: rare }, 1, ids[0])).length, 1);
  assert.deepEqual(await world.queue.list({ recipient: 'none@two.example' }), []);
  assert.equal(await world.queue.hold({ recipient: rare }, true), 2);
  assert.equal(await world.queue.hold({ recipient: rare }, true), 0);
  assert.equal(await world.queue.hold({ message: queueId(1) }, true), count - 2);
  assert.equal(await world.queue.drop({}), count);
  assert.equal((await world.queue.list({ states: ['queued'] })).length, 0);
  const wide = [...world.db.texts].filter((text) => /lower\(r\.address\)/.test(text) && !/r\.id <= \?/.test(text));
  assert.deepEqual(wide, []);
});
