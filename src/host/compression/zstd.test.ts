import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { zstdCompression } from './index.ts';

const compress = async (bytes: Uint8Array): Promise<Uint8Array> => zstdCompression.compress(bytes);
const decompress = (bytes: Uint8Array): Uint8Array => zstdCompression.decompress(bytes);

test('zstdCompression gives back what it was given, and makes text smaller', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) =>
      assert.deepEqual(decompress(await compress(bytes)), bytes),
    ),
    { seed: 20261128, numRuns: 200 },
  );
  const text = new TextEncoder().encode('From: ann@example.org\r\n'.repeat(1000));
  assert.ok((await compress(text)).length < text.length / 10);
});

test('zstdCompression.compress leaves long bytes to another thread', async () => {
  const text = new TextEncoder().encode('From: ann@example.org\r\n'.repeat(10_000));
  const packing = zstdCompression.compress(text);
  assert.ok(packing instanceof Promise);
  assert.deepEqual(decompress(await packing), text);
  assert.ok(zstdCompression.compress(text.subarray(0, 1000)) instanceof Uint8Array);
});

test('zstdCompression.decompress refuses bytes that are cut or changed, whatever size they claim', async () => {
  const packed = await compress(new TextEncoder().encode('a message '.repeat(50)));
  for (let at = 0; at < packed.length; at += 1) {
    assert.throws(() => decompress(packed.subarray(0, at)), `cut at ${at}`);
    const changed = packed.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x55;
    assert.throws(() => decompress(changed), `changed at ${at}`);
  }
});
