import { setTimeout as pause } from 'node:timers/promises';
import { load } from './load/run.ts';
import { relayConnections, type Peer } from './peers/peer.ts';
import { warmUpSeconds, type Scenario } from './scenarios.ts';

/** Messages per second from submission with AUTH until all are with the sink. */
function relayed(connections: number, sizeKib: number): Scenario {
  return {
    name: `submission with STARTTLS and AUTH, relayed, ${sizeKib} KiB, ${connections} connection${connections === 1 ? '' : 's'}`,
    unit: 'messages/s',
    better: 'more',
    measure: async (peer, { seconds }) => {
      await relay(peer, connections, warmUpSeconds, sizeKib);
      return relay(peer, connections, seconds, sizeKib);
    },
  };
}

/** Submits for some seconds, and waits for the sink to have taken everything. @returns messages per second. */
export async function relay(peer: Peer, connections: number, seconds: number, sizeKib: number): Promise<number> {
  const { sink, submissionPort } = peer;
  if (sink === null) return Number.NaN;
  const before = sink.count();
  const [sent] = await load('submit', [submissionPort, connections, seconds, sizeKib * 1024]);
  const { count = 0, ms = Number.NaN } = sent ?? {};
  // What was acknowledged but not passed on at the end counts with the time that it still takes.
  const acknowledged = performance.now();
  let lagMs = 0;
  while (sink.count() < before + count) {
    await pause(20);
    lagMs = performance.now() - acknowledged;
  }
  return (count / (ms + lagMs)) * 1000;
}

/** Rates of relaying. */
export const relaying: readonly Scenario[] = [
  relayed(1, 1),
  relayed(10, 1),
  relayed(relayConnections, 1),
  relayed(relayConnections, 10),
];
