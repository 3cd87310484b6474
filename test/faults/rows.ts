import assert from 'node:assert/strict';
import type { QueueItem } from '#mail/queue';
import { FaultWorld, type Extent } from './fault-world.ts';
import type { Fault } from './faults.ts';

/** Outcome of messages that met one fault, in words for the table. */
export interface FaultRow {
  readonly group: string;
  readonly cells: readonly [fault: string, twoHosts: string, firstAttempt: string, lasting: string, passing: string];
}

/** Lets messages meet a fault in each extent, and holds the queue to what it owes whatever happens. */
export async function rowOf(fault: Fault): Promise<FaultRow> {
  const twoHosts = await meet(fault, 'first of two');
  const lasting = await meet(fault, 'always');
  const passing = await meet(fault, 'at first');
  return {
    group: fault.group,
    cells: [fault.title, afterFirst(twoHosts), firstWords(lasting), ending(lasting), ending(passing)],
  };
}

/** One message and its fate. */
interface Fate {
  readonly first: QueueItem;
  readonly end: QueueItem;
  /** Hosts that the first attempt visited, in order. */
  readonly visited: readonly string[];
  /** Host that has promised to deliver it. */
  readonly promisedBy: string | null;
  readonly copies: number;
  readonly endedAfterMs: number;
  /** Texts of the notices about failure. */
  readonly failures: readonly string[];
}

async function meet(fault: Fault, extent: Extent): Promise<Fate> {
  await using scene = new FaultWorld(fault, extent);
  const { world, hosts, dialed } = scene;
  const first = await scene.begin();
  const visited = [...dialed];
  const end = await scene.end();
  const notices = world.notices.filter(({ id }) => id.includes('failed'));
  const promised = hosts.filter((host) => host.promised > 0);
  const where = `${fault.group}: ${fault.title}, ${extent}`;
  const counted = isPaused(first) ? 0 : 1;
  assert.ok(first.attempts === counted, `${where}: ${counted} attempts, not ${first.attempts}`);
  // Exactly one of delivered and failed with a notice: nothing waits for longer than mail may.
  assert.ok(end.state === 'delivered' || end.state === 'failed', `${where}: ${end.state}`);
  assert.equal(notices.length, end.state === 'failed' ? 1 : 0, `${where}: notices about failure`);
  assert.ok(world.notices.length - notices.length <= 1, `${where}: told of the delay once`);
  // A 250 that arrived is the end of it.
  const promises = hosts.reduce((sum, host) => sum + host.promised, 0);
  assert.equal(promises, end.state === 'delivered' ? 1 : 0, `${where}: promises of hosts`);
  assert.equal(Math.max(...hosts.map((host) => host.begunAfterPromise)), 0, `${where}: sent again after a 250`);
  assert.deepEqual(world.log.ofLevel('error'), [], where);
  return {
    first,
    end,
    visited,
    promisedBy: promised[0]?.name ?? null,
    copies: hosts.reduce((sum, host) => sum + host.copies, 0),
    endedAfterMs: (end.finishedMs ?? 0) - end.receivedMs,
    failures: notices.map(({ text }) => text),
  };
}

/** Returns the outcome at the other host. */
function afterFirst(fate: Fate): string {
  const { first, end, visited, promisedBy } = fate;
  const distinct = [...new Set(visited)].map((name) => name.replace('.example', ''));
  const again = visited.length > distinct.length ? ', which is called twice' : '';
  if (first.state === 'delivered') {
    const by = promisedBy?.replace('.example', '') ?? 'nobody';
    return by === 'mx2' ? 'the next host takes it' : `the host takes it${again}`;
  }
  const tried =
    distinct.length === 0
      ? 'no host is tried'
      : distinct.length === 2
        ? 'the next host is tried too'
        : 'the next host is not tried';
  if (first.state === 'failed') return `fails; ${tried}`;
  return `waits; ${tried}; ${end.state === 'delivered' ? 'the other host takes it later' : ending(fate)}`;
}

/** Returns the outcome of the only attempt, as operators see it. */
function firstWords({ first }: Fate): string {
  if (first.state === 'delivered') return 'delivered';
  const [line = ''] = (first.lastReply ?? '').split('\n');
  return `${first.state === 'failed' ? 'fails' : 'waits'}: ${line.replaceAll('|', '\\|')}`;
}

/** The login was refused: the transport waits, and nothing counts as an attempt. */
function isPaused({ lastReply }: QueueItem): boolean {
  return lastReply?.includes(' is paused, ') === true;
}

function ending({ first, end, failures, copies, endedAfterMs }: Fate): string {
  const many = copies > 1 ? `, ${copies} copies` : '';
  if (end.state === 'delivered') {
    const attempt = isPaused(first)
      ? 'when the pause ends'
      : end.attempts === 1
        ? 'at once'
        : `at attempt ${end.attempts}`;
    return `delivered ${attempt}${many}`;
  }
  const status = /^Status: (\S+)/m.exec(failures[0] ?? '')?.[1] ?? 'none';
  const when = endedAfterMs < 3_600_000 ? 'at once' : `after ${Math.floor(endedAfterMs / 3_600_000)} hours`;
  return `notice ${status} ${when}${many}`;
}
