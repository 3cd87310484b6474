import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bus } from './bus.ts';

/** Tests what every `Bus` must do; `arrived` resolves when published hints have had time to arrive. */
export function busContract(name: string, open: () => Bus, arrived: () => Promise<void>): void {
  test(`${name}: hints wake the topic's subscribers and nobody else, later and perhaps merged`, async () => {
    const bus = open();
    const heard: string[] = [];
    using _a = bus.subscribe('account:1', () => heard.push('a'));
    using _b = bus.subscribe('account:1', () => heard.push('b'));
    using _c = bus.subscribe('account:2', () => heard.push('c'));
    bus.publish('account:1');
    bus.publish('account:1');
    bus.publish('queue');
    assert.deepEqual(heard, [], 'not inside publish');
    await arrived();
    assert.deepEqual([...new Set(heard)].sort(), ['a', 'b']);
  });

  test(`${name}: a subscriber that left hears nothing, a failing one harms nobody`, async () => {
    const bus = open();
    let heard = 0;
    const left = bus.subscribe('config', () => assert.fail('left before'));
    using _failing = bus.subscribe('config', () => {
      throw new Error('bad subscriber');
    });
    using _other = bus.subscribe('config', () => {
      heard += 1;
    });
    left[Symbol.dispose]();
    left[Symbol.dispose]();
    bus.publish('config');
    await arrived();
    assert.equal(heard, 1);
  });

  test(`${name}: a hint published by a subscriber arrives as well`, async () => {
    const bus = open();
    let heard = 0;
    using _first = bus.subscribe('queue', () => bus.publish('config'));
    using _second = bus.subscribe('config', () => {
      heard += 1;
    });
    bus.publish('queue');
    await arrived();
    await arrived();
    assert.equal(heard, 1);
  });
}
