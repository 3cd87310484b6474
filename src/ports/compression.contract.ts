import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Compression } from './compression.ts';

/** Tests what every `Compression` must do; `name` begins the titles. */
export function compressionContract(name: string, compression: Compression): void {
  const compress = (bytes: Uint8Array): Promise<Uint8Array> => compression.compress(bytes);
  const decompress = (bytes: Uint8Array): Uint8Array => compression.decompress(bytes);

  test(`${name}: decompress returns what compress was given, in one piece or by another thread`, async () => {
    const returned = async (bytes: Uint8Array): Promise<void> => {
      const before = bytes.slice();
      const packed = await compress(bytes);
      assert.deepEqual(decompress(packed), before);
      assert.deepEqual(bytes, before, 'neither changes its argument');
      assert.ok(packed.length < bytes.length + 100 + bytes.length / 100, 'hardly larger, if at all');
    };
    await returned(new Uint8Array(0));
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), returned), { seed: 20261128, numRuns: 200 });
    let state = 1;
    for (const length of [65_535, 65_536, 65_537, 1_000_000])
      await returned(Uint8Array.from({ length }, () => (state = (state * 48_271) % 0x7fff_ffff) & 255));
  });

  test(`${name}: text becomes smaller, and a view of other bytes is taken as it is`, async () => {
    const text = new TextEncoder().encode('From: ann@example.org\r\n'.repeat(1000));
    const packed = await compress(text);
    assert.ok(packed.length < text.length / 10);
    const around = new Uint8Array(packed.length + 20).fill(255);
    around.set(packed, 10);
    assert.deepEqual(decompress(around.subarray(10, 10 + packed.length)), text);
  });

  test(`${name}: decompress throws for bytes that are cut, changed or something else`, async () => {
    const packed = await compress(new TextEncoder().encode('a message '.repeat(50)));
    for (let at = 0; at < packed.length; at += 1) {
      assert.throws(() => decompress(packed.subarray(0, at)), Error, `cut at ${at}`);
      const changed = packed.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      assert.throws(() => decompress(changed), Error, `changed at ${at}`);
    }
    for (const length of [1, 4, 5, 100])
      assert.throws(() => decompress(new Uint8Array(length).fill(255)), Error, `${length} others`);
  });
}
