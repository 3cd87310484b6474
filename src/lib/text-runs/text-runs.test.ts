import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNumbers } from '#testing/seeded-random';
import { TextRuns } from './index.ts';

/** A chunk of `length` octets that begins at any place of its buffer. */
function chunkAt(byteOffset: number, length: number, fill: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(byteOffset + length + 5), byteOffset, length).fill(fill);
}

/** `endOf` and `nextLf`, octet by octet. */
function naive(bytes: Uint8Array, from: number, end: number, isWanted: (byte: number) => boolean): number {
  let at = from;
  while (at < end && !isWanted(bytes[at] ?? 0)) at++;
  return at;
}

test('TextRuns: each octet at each place of a short and a long chunk, at each alignment', () => {
  for (const length of [11, 300]) {
    for (const byteOffset of [0, 1, 2, 3]) {
      for (let octet = 0; octet < 256; octet++) {
        // Neighbours that a subtraction would borrow from, or carry into.
        for (const fill of [14, 65, 127, 128, 255]) {
          const bytes = chunkAt(byteOffset, length, fill);
          const at = length - 1 - (octet % 9);
          bytes[at] = octet;
          const runs = new TextRuns(bytes);
          assert.equal(runs.endOf(0, length), octet <= 13 ? at : length, `${octet} at ${at} of ${length}`);
          assert.equal(runs.nextLf(0), octet === 10 ? at : length, `${octet} at ${at} of ${length}`);
        }
      }
    }
  }
});

test('TextRuns: what a look at each octet finds, wherever the range begins and ends', () => {
  const random = seededNumbers(7);
  for (let round = 0; round < 3000; round++) {
    const length = Math.floor(random() * 700);
    const bytes = chunkAt(Math.floor(random() * 4), length, 65);
    for (let n = Math.floor(random() * 12); n > 0; n--) {
      bytes[Math.floor(random() * length)] = Math.floor(random() * (random() < 0.7 ? 16 : 256));
    }
    const runs = new TextRuns(bytes);
    const from = Math.floor(random() * (length + 1));
    const end = from + Math.floor(random() * (length - from + 1));
    assert.equal(
      runs.endOf(from, end),
      naive(bytes, from, end, (byte) => byte <= 13),
    );
    assert.equal(
      runs.nextLf(from),
      naive(bytes, from, length, (byte) => byte === 10),
    );
  }
});
