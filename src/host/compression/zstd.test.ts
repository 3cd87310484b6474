import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressionContract } from '#ports/compression.contract';
import { zstdCompression } from './index.ts';

compressionContract('zstdCompression', zstdCompression);

test('zstdCompression.compress leaves long bytes to another thread', async () => {
  const text = new TextEncoder().encode('From: ann@example.org\r\n'.repeat(10_000));
  const finished: string[] = [];
  const packing = zstdCompression.compress(text).finally(() => finished.push('long'));
  const short = zstdCompression.compress(text.subarray(0, 1000)).finally(() => finished.push('short'));
  await short;
  // What is compressed on the loop is there before the next turn of the loop.
  assert.deepEqual(finished, ['short']);
  assert.deepEqual(zstdCompression.decompress(await packing), text);
});
