import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventLoop } from './event-loop.ts';

/** Tests that every `EventLoop` must pass; `work` uses up its slice. */
export function eventLoopContract(
  name: string,
  open: () => { readonly loop: EventLoop; readonly work: () => void },
): void {
  test(`${name}: a lone worker on settled promises lets others run when its slice is used up`, async () => {
    const { loop, work } = open();
    let served = false;
    setImmediate(() => {
      served = true;
    });
    for (let n = 0; n < 3; n += 1) {
      work();
      const pause = loop.pause();
      if (pause !== null) await pause;
      else await Promise.resolve();
    }
    assert.ok(served);
  });

  test(`${name}: work goes on within a fresh slice after a pause`, async () => {
    const { loop, work } = open();
    work();
    await loop.pause();
    assert.equal(loop.pause(), null);
  });

  test(`${name}: a piece that cannot be divided begins with a fresh slice`, async () => {
    const { loop, work } = open();
    work();
    await loop.pause();
    assert.equal(loop.beginSlice(), null);
    work();
    const slice = loop.beginSlice();
    assert.notEqual(slice, null);
    await slice;
    assert.deepEqual([loop.beginSlice(), loop.pause()], [null, null]);
  });

  test(`${name}: several workers go on in the order in which they paused`, async () => {
    const { loop, work } = open();
    const order: number[] = [];
    await Promise.all(
      [0, 1, 2].map(async (n) => {
        for (let round = 0; round < 3; round += 1) {
          work();
          const pause = loop.pause();
          assert.notEqual(pause, null);
          await pause;
          order.push(n);
        }
      }),
    );
    assert.deepEqual(order, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });
}
