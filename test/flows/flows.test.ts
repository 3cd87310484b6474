/** Compares the documents in docs/flows, which tell file by file what happens to a message, with what runs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { flows } from './steps.ts';
import { Tracer } from './trace.ts';
import { startFlowWorld } from './world.ts';

const mostMessages = 4;

for (const { document, trace } of flows) {
  test(`docs/flows/${document} names the files that take part`, async () => {
    await using world = await startFlowWorld();
    await using tracer = await Tracer.start();
    const text = readFileSync(new URL(`../../docs/flows/${document}`, import.meta.url), 'utf8');
    const named = new Set([...text.matchAll(/`([a-z-]+\/[a-z\d/-]+\.ts)`/g)].map((match) => match[1] ?? ''));
    // V8 now and then loses the count of a short closure, so a file that seems to be missing gets another message.
    let ran: ReadonlySet<string> = new Set();
    for (let messages = 0; messages < mostMessages && !named.isSubsetOf(ran); messages += 1)
      ran = ran.union(new Set((await trace(world, tracer)).keys()));
    assert.deepEqual(sorted(ran.difference(named)), [], `${document} does not name these, which took part`);
    assert.deepEqual(sorted(named.difference(ran)), [], `${document} names these, which did not take part`);
  });
}

function sorted(paths: ReadonlySet<string>): string[] {
  return [...paths].toSorted();
}
