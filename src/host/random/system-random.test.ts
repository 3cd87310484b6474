import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from './index.ts';

test('systemRandom.bytes gives as many as asked for, its own, and never the same again', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i += 1) {
    const bytes = systemRandom.bytes(16);
    assert.equal(bytes.length, 16);
    assert.equal(bytes.buffer.byteLength, 16);
    seen.add(Buffer.from(bytes).toString('hex'));
  }
  assert.equal(seen.size, 2000);
  for (const count of [0, 1, 64, 65, 5000]) assert.equal(systemRandom.bytes(count).length, count);
  assert.notDeepEqual(systemRandom.bytes(5000), systemRandom.bytes(5000));
});
