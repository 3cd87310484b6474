import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentMemory } from '#mail/content';
import { tempStore } from '#testing/temp-store';
import { Uploads } from './uploads.ts';

test('Uploads: the oldest of an account go when there are too many, or too many bytes', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const limits = { keepMs: 1000, maxAccountBytes: 10, maxAccountUploads: 3 };
  const uploads = new Uploads({ clock, memory: new ContentMemory(1000), limits });
  const take = async (text: string): Promise<string> =>
    (await uploads.take(account, [new TextEncoder().encode(text)], 100))?.id ?? assert.fail('too large');
  const ids: string[] = [];
  const left = (): number[] => ids.flatMap((id, i) => (uploads.find(account.id, id) === null ? [] : [i]));
  for (const text of ['a', 'b', 'c', 'd']) ids.push(await take(text));
  assert.deepEqual(left(), [1, 2, 3]);
  await take('b');
  ids.push(await take('123456789'));
  assert.deepEqual(left(), [1, 4]);
});
