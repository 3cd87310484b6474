import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FlagSetTable } from '#lib/flags';
import { modSeq, uidValidity } from '#lib/ids';
import { FakeLoop } from '#testing/fake-loop';
import type { MailboxImage } from './selected-mailbox.ts';
import { View, positionOf } from './view.ts';

const table = new FlagSetTable();
const loop = new FakeLoop(1);

/** A mailbox that changes: UID to MODSEQ. */
class Box {
  readonly messages = new Map<number, number>();
  uidNext = 1;
  highest = 1;
  #image: MailboxImage | null = null;

  add(): void {
    this.messages.set(this.uidNext++, ++this.highest);
    this.#image = null;
  }

  touch(nth: number): number {
    const uids = [...this.messages.keys()];
    const uid = uids[nth % Math.max(1, uids.length)];
    if (uid !== undefined) this.messages.set(uid, ++this.highest);
    this.#image = null;
    return this.highest;
  }

  remove(nth: number): void {
    const uids = [...this.messages.keys()];
    const uid = uids[nth % Math.max(1, uids.length)];
    if (uid !== undefined) this.messages.delete(uid);
    this.highest++;
    this.#image = null;
  }

  get image(): MailboxImage {
    this.#image ??= {
      uidValidity: uidValidity(1),
      uidNext: this.uidNext,
      highestModSeq: modSeq(this.highest),
      alteredModSeq: this.highest,
      uids: Uint32Array.from(this.messages.keys()),
      flagSets: new Uint32Array(this.messages.size),
      modSeqs: Float64Array.from(this.messages.values()),
      flagTable: table,
      keywords: [],
    };
    return this.#image;
  }
}

function boxOf(count: number): Box {
  const box = new Box();
  for (let i = 0; i < count; i++) box.add();
  return box;
}

test('View.update tells EXPUNGE with numbers that already count earlier ones as gone', async () => {
  const box = boxOf(5);
  const view = new View(box.image, loop);
  for (const nth of [0, 1, 2]) box.remove(nth);
  assert.deepEqual(await view.update(box.image, true), { expunged: [1, 2, 3], exists: null, flagsChanged: [] });
  assert.deepEqual([...view.uids], [2, 4]);
  assert.equal(view.uids, box.image.uids);
});

test('View.update keeps the numbers of gone messages until it may expunge, and tells of new ones at once', async () => {
  const box = boxOf(3);
  const view = new View(box.image, loop);
  box.remove(0);
  box.add();
  assert.deepEqual(await view.update(box.image, false), { expunged: [], exists: 4, flagsChanged: [] });
  assert.deepEqual([...view.uids], [1, 2, 3, 4]);
  assert.deepEqual(await view.update(box.image, true), { expunged: [1], exists: null, flagsChanged: [] });
  assert.equal(view.uids, box.image.uids);
});

test('View.update leaves out changes that noteOwn named, and tells of others', async () => {
  const box = boxOf(3);
  const view = new View(box.image, loop);
  view.noteOwn([box.touch(0)]);
  box.touch(2);
  assert.deepEqual(await view.update(box.image, false), { expunged: [], exists: null, flagsChanged: [2] });
  assert.deepEqual(await view.update(box.image, false), { expunged: [], exists: null, flagsChanged: [] });
});

test('View.update lets others have the loop while it goes over many messages', async () => {
  const box = boxOf(20_000);
  const counting = new FakeLoop();
  const view = new View(box.image, counting);
  for (let i = 0; i < 20; i++) box.remove(1000 * i);
  box.touch(3);
  const { expunged, flagsChanged } = await view.update(box.image, true);
  assert.deepEqual([expunged.length, flagsChanged.length], [20, 1]);
  assert.equal(counting.pauses, 8);
});

const change = fc.oneof(
  fc.constant({ kind: 'add' as const }),
  fc.record({ kind: fc.constant('touch' as const), nth: fc.nat(9) }),
  fc.record({ kind: fc.constant('remove' as const), nth: fc.nat(9) }),
  fc.record({ kind: fc.constant('update' as const), mayExpunge: fc.boolean() }),
);

test('View.update leads any client from what it knew to what is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(6), fc.array(change, { maxLength: 40 }), async (start, changes) => {
      const box = boxOf(start);
      const view = new View(box.image, loop);
      /** Knowledge of a client: UIDs by number, and the MODSEQ of the flags it saw. */
      const client = [...box.messages.entries()];
      for (const step of [...changes, { kind: 'update' as const, mayExpunge: true }]) {
        if (step.kind === 'add') box.add();
        else if (step.kind === 'touch') box.touch(step.nth);
        else if (step.kind === 'remove') box.remove(step.nth);
        else {
          const before = view.uids.length;
          const { expunged, exists, flagsChanged } = await view.update(box.image, step.mayExpunge);
          if (!step.mayExpunge) assert.deepEqual(expunged, []);
          for (const number of expunged) client.splice(number - 1, 1);
          assert.equal(exists ?? before - expunged.length, view.uids.length);
          for (const uid of view.uids.subarray(client.length)) client.push([uid, box.messages.get(uid) ?? 0]);
          for (const at of flagsChanged) {
            const [uid = 0] = client[at] ?? [];
            client[at] = [uid, box.messages.get(uid) ?? 0];
          }
          assert.deepEqual(
            client.map(([uid]) => uid),
            [...view.uids],
          );
        }
      }
      assert.deepEqual(client, [...box.messages.entries()]);
    }),
    { numRuns: 300, seed: 7 },
  );
});

for (const [uid, want] of [
  [0, -1],
  [2, 0],
  [3, -1],
  [9, 2],
  [10, -1],
] as const) {
  test(`positionOf ${uid}`, () => assert.equal(positionOf(Uint32Array.of(2, 5, 9), uid), want));
}
