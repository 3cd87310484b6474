import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { load } from './load/run.ts';
import type { GodwitPeer } from './peers/godwit.ts';
import { relayConnections } from './peers/peer.ts';
import { relay } from './relaying.ts';
import { median, warmUpSeconds, type Effort } from './scenarios.ts';
import type { Row } from './table.ts';

/** Costs of a queue in which many wait: each figure beside that of a short queue of the same server. */
const fewWaiting = 100;
const holdSeconds = 86_400;
const sizeKib = 1;

/** Measures it. The server must have nothing in its queue. */
export async function measureWaiting(godwit: GodwitPeer, effort: Effort): Promise<Row[]> {
  const many = effort.waiting;
  await wait(godwit, fewWaiting);
  await relay(godwit, relayConnections, warmUpSeconds, sizeKib);
  const fewRate = await relayRate(godwit, effort);
  const fewDrain = [await drain(godwit, fewWaiting)];
  while (fewDrain.length < 5) {
    await wait(godwit, fewWaiting);
    fewDrain.push(await drain(godwit, fewWaiting));
  }
  await wait(godwit, many);
  const manyRate = await relayRate(godwit, effort);
  const manyDrain = await drain(godwit, many);
  const count = many.toLocaleString('en');
  return [
    {
      scenario: {
        name: `relayed, ${relayConnections} connections, ${count} others waiting`,
        unit: 'messages/s',
        better: 'more',
      },
      ours: manyRate,
      theirs: { name: `Godwit, ${fewWaiting} waiting`, figure: fewRate },
    },
    {
      scenario: { name: `${count} waiting messages let go at once`, unit: 'ms/message', better: 'less' },
      ours: manyDrain / many,
      theirs: { name: `Godwit, ${fewWaiting} at once`, figure: median(fewDrain) / fewWaiting },
    },
  ];
}

/** Puts messages into the queue that wait for a day (RFC 4865). */
async function wait({ submissionPort }: GodwitPeer, count: number): Promise<void> {
  const connections = Math.min(count, relayConnections);
  await load('submit', [submissionPort, connections, 3600, sizeKib * 1024, count, holdSeconds]);
}

async function relayRate(godwit: GodwitPeer, { runs, seconds }: Effort): Promise<number> {
  const figures: number[] = [];
  for (let run = 0; run < runs; run += 1) figures.push(await relay(godwit, relayConnections, seconds, sizeKib));
  return median(figures);
}

/** Makes all that waits due. @returns milliseconds until `count` more messages are with the sink. */
async function drain({ sink, main, config }: GodwitPeer, count: number): Promise<number> {
  if (sink === null) return Number.NaN;
  const before = sink.count();
  const kicked = promisify(execFile)(process.execPath, [main, 'queue', 'kick', '--all', '--config', config]);
  // The command's own start is no cost of the queue: time counts from the first message, which is left out.
  while (sink.count() === before) await pause(1);
  const firstMs = performance.now();
  while (sink.count() < before + count) await pause(1);
  const ms = performance.now() - firstMs;
  await kicked;
  return ms;
}
