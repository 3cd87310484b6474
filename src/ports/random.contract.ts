import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from './random.ts';

/** Tests what every `Random` must do; `name` begins the titles. */
export function randomContract(name: string, open: () => Random): void {
  test(`${name}: bytes gives as many as asked for`, () => {
    const random = open();
    for (const count of [0, 1, 16, 64, 65, 5000]) assert.equal(random.bytes(count).length, count);
  });

  test(`${name}: bytes are fresh, and the caller's own`, () => {
    const random = open();
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i += 1) {
      const bytes = random.bytes(16);
      assert.equal(bytes.buffer.byteLength, 16, 'nothing else is in the buffer');
      seen.add(Buffer.from(bytes).toString('hex'));
      bytes.fill(0);
    }
    assert.equal(seen.size, 2000);
    assert.notDeepEqual(random.bytes(5000), random.bytes(5000));
  });

  test(`${name}: every byte and every bit is about as frequent as any other`, () => {
    const counts = Array.from({ length: 256 }, () => 0);
    for (const byte of open().bytes(256 * 400)) counts[byte] = (counts[byte] ?? 0) + 1;
    // 400 expected of each: a deviation of 8 standard deviations means that something is wrong.
    for (const [byte, count] of counts.entries()) assert.ok(count > 240 && count < 560, `${byte}: ${count} of 400`);
  });
}
