import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressionContract } from '#ports/compression.contract';
import { zstdCompression } from './index.ts';

compressionContract('zstdCompression', zstdCompression);

test('zstdCompression.compress leaves long bytes to another thread', async () => {
  const text = new TextEncoder().encode('From: ann@example.org\r\n'.repeat(10_000));
  const packing = zstdCompression.compress(text);
  assert.ok(packing instanceof Promise);
  assert.deepEqual(zstdCompression.decompress(await packing), text);
  assert.ok(zstdCompression.compress(text.subarray(0, 1000)) instanceof Uint8Array);
});
