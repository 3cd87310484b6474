import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testing/fake-clock';
import { returnMemory } from './index.ts';
import type { MemoryReturnLimits, ProcessLoad } from './memory-return.ts';

const limits: MemoryReturnLimits = { everyMs: 10_000, maxUtilization: 0.05, minGrowthBytes: 100 };

/** A process whose heap falls to `inUse` when it is collected. */
class FakeLoad implements ProcessLoad {
  busy = 0;
  taken = 0;
  inUse = 0;
  collections = 0;
  utilization(): number {
    return this.busy;
  }
  takenBytes(): number {
    return this.taken;
  }
  collect(): void {
    this.collections += 1;
    this.taken = this.inUse;
  }
}

test('returnMemory collects a grown process once the process is quiet, and not while it works', async () => {
  const clock = new FakeClock();
  const load = new FakeLoad();
  using _return = returnMemory(clock, load, limits);
  Object.assign(load, { taken: 500, inUse: 450, busy: 0.5 });
  await clock.advance(60_000);
  assert.equal(load.collections, 0);
  load.busy = 0.01;
  await clock.advance(10_000);
  assert.equal(load.collections, 1);
});

test('returnMemory leaves a process alone that has hardly grown since the last collection', async () => {
  const clock = new FakeClock();
  const load = new FakeLoad();
  using _return = returnMemory(clock, load, limits);
  Object.assign(load, { taken: 500, inUse: 450 });
  await clock.advance(10_000);
  load.taken = 549;
  await clock.advance(60_000);
  assert.equal(load.collections, 1);
  load.taken = 550;
  await clock.advance(10_000);
  assert.equal(load.collections, 2);
});

test('returnMemory does nothing more once disposed', async () => {
  const clock = new FakeClock();
  const load = new FakeLoad();
  const returning = returnMemory(clock, load, limits);
  load.taken = 1000;
  returning[Symbol.dispose]();
  await clock.advance(60_000);
  assert.equal(load.collections, 0);
});

test('returnMemory shrinks the heap of this process', async () => {
  const clock = new FakeClock();
  // Fills the young generation, most of which lives on for a while, so that V8 enlarges it.
  let kept: object[] = [];
  for (let i = 0; i < 400_000; i += 1) kept.push({ i });
  const before = process.memoryUsage().heapTotal;
  kept = [];
  using _return = returnMemory(clock, undefined, { ...limits, maxUtilization: 1 });
  await clock.advance(10_000);
  assert.ok(process.memoryUsage().heapTotal < before, `${process.memoryUsage().heapTotal} of ${before} bytes`);
});

test(
  'returnMemory gives back what the C library has free',
  { skip: process.getBuiltinModule('node:ffi') === undefined || process.platform !== 'linux' },
  async () => {
    const clock = new FakeClock();
    // Every 50th buffer lives on, so that the C library's heap cannot shrink at its end.
    const buffers = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(60_000).fill(1));
    const kept = buffers.filter((_, i) => i % 50 === 0);
    buffers.length = 0;
    const before = process.memoryUsage.rss();
    using _return = returnMemory(clock, undefined, { ...limits, maxUtilization: 1 });
    await clock.advance(10_000);
    const given = before - process.memoryUsage.rss();
    assert.ok(given > 40_000_000, `${given} bytes given back, ${kept.length} buffers kept`);
  },
);
