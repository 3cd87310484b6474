import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import { JmapClient } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('upload: bytes can be downloaded for an hour, and their id is always the same', async () => {
  await using store = await tempStore();
  const limits = { ...jmapLimits, maxSizeUpload: 300_000, maxConcurrentUpload: 1 };
  const client = new JmapClient(store, limits);
  const path = `/jmap/upload/A${store.account.id}`;
  const upload = (body: string): Promise<Response> =>
    client.send(path, { method: 'POST', body, headers: { 'Content-Type': 'text/plain' } });
  // One in memory, and one that is too large for it.
  for (const body of ['hello', 'x'.repeat(300_000)]) {
    const response = await upload(body);
    const { blobId, type, size } = (await response.json()) as { blobId: string; type: string; size: number };
    assert.deepEqual([response.status, type, size], [201, 'text/plain', body.length]);
    const again = (await (await upload(body)).json()) as { blobId: string };
    assert.equal(again.blobId, blobId);
    const get = (): Promise<Response> => client.send(`/jmap/download/A${store.account.id}/${blobId}/f.txt`);
    assert.equal(await (await get()).text(), body);
    await store.clock.advance(59 * 60_000);
    assert.equal((await get()).status, 200);
    await store.clock.advance(60_000);
    assert.equal((await get()).status, 404);
  }
  const large = await upload('x'.repeat(300_001));
  assert.deepEqual([large.status, ((await large.json()) as JsonObject)['limit']], [413, 'maxSizeUpload']);
  const both = await Promise.all([upload('a'), upload('b')]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [201, 400]);
  assert.equal((await client.send('/jmap/upload/A99', { method: 'POST', body: 'x' })).status, 404);
  assert.equal((await client.send(path)).status, 405);
  const reader = new JmapClient(store, limits, { id: 1, scopes: ['read-only'] });
  assert.equal((await reader.send(path, { method: 'POST', body: 'x' })).status, 403);
});
