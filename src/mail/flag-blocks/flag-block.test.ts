import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNumbers } from '#testing/seeded-random';
import { FlagBlock, type BlockEntry } from './index.ts';

function entriesOf(block: FlagBlock): BlockEntry[] {
  return block.uids.map((_, i) => block.at(i));
}

function repacked(block: FlagBlock): FlagBlock {
  const { sets, data } = block.pack();
  return FlagBlock.unpack(block.number, sets, data);
}

for (const [base, step] of [
  [1, 0],
  [1, 1],
  [5, 200],
  [2 ** 32 - 3, 70_000],
  [2 ** 40, 2 ** 40],
] as const) {
  test(`FlagBlock: unpack(pack(x)) is x, with MODSEQs from ${base} in steps of ${step}`, () => {
    const random = seededNumbers(base % 1000);
    const block = new FlagBlock(70_000);
    for (let low = 0; low < 256; low += 1) {
      if (random() < 0.3) continue;
      const keywords = ['', '$Junk', '$Junk work', 'work'][Math.floor(random() * 4)] ?? '';
      block.push(
        70_000 * 256 + low,
        { flags: Math.floor(random() * 32), keywords },
        base + Math.floor(random() * 9) * step,
      );
    }
    const again = repacked(block);
    assert.deepEqual(entriesOf(again), entriesOf(block));
    assert.equal(again.modSeq, Math.max(...block.modSeqs));
  });
}

test('FlagBlock: 256 messages that are all different fit, and combinations that no message has are dropped', () => {
  const block = new FlagBlock(0);
  for (let uid = 0; uid < 256; uid += 1) block.push(uid, { flags: 0, keywords: `k${uid}` }, uid + 1);
  for (let i = 0; i < 256; i += 1) block.setOf[i] = block.intern({ flags: 1, keywords: `k${i}` });
  const again = repacked(block);
  assert.equal(again.sets.length, 256);
  assert.deepEqual(entriesOf(again), entriesOf(block));
});

test('FlagBlock.remove drops messages and keeps the others', () => {
  const block = new FlagBlock(1);
  for (let uid = 300; uid < 310; uid += 1) block.push(uid, { flags: uid % 2, keywords: '' }, uid);
  block.remove(new Set([300, 305, 309, 400]));
  assert.deepEqual(block.uids, [301, 302, 303, 304, 306, 307, 308]);
  assert.deepEqual(entriesOf(repacked(block)), entriesOf(block));
  block.remove(new Set(block.uids));
  assert.deepEqual([repacked(block).uids, block.modSeq], [[], 0]);
});

for (const [name, sets, data] of [
  ['nothing', '0 ', []],
  ['half an entry', '0 ', [1, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0]],
  ['an unknown width', '0 ', [3, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['a combination that is not there', '0 ', [1, 0, 0, 0, 0, 0, 0, 0, 1, 5, 1, 0]],
] as const) {
  test(`FlagBlock.unpack refuses ${name}`, () => {
    assert.throws(() => FlagBlock.unpack(0, sets, Uint8Array.from(data)), /damaged/);
  });
}
