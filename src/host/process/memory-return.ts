import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '#ports/clock';
import { trimNativeHeap } from './native-heap.ts';

/** The load of a process, as `returnMemory` sees it. */
export interface ProcessLoad {
  /** Returns the part of the time since the last call that the event loop was busy, 0 to 1. */
  utilization(): number;
  /** Returns the bytes that the process has taken from the system, used or not. */
  takenBytes(): number;
  /** Collects all garbage and gives what is unused back to the system. Stops the process for about 1 ms per MB of JavaScript objects in use. */
  collect(): void;
}

/** When a process counts as quiet, and how much unused memory it may keep. */
export interface MemoryReturnLimits {
  /** Time between two looks. */
  readonly everyMs: number;
  /** Highest utilization of a process that is quiet: no client waits for a process that does nothing. */
  readonly maxUtilization: number;
  /** Growth of the process since the last collection from which a collection is worth its time. */
  readonly minGrowthBytes: number;
}

/** A peak is given back 10 to 20 seconds after it ended. */
const defaultMemoryReturnLimits: MemoryReturnLimits = {
  everyMs: 10_000,
  maxUtilization: 0.05,
  minGrowthBytes: 6 * 1024 * 1024,
};

/**
 * Gives memory back to the system whenever the process is quiet, until disposed.
 * V8 enlarges its heap under load, and at start-up, and without being asked it does not make it smaller: a server that had one busy minute
 * would hold that memory for weeks.
 */
export function returnMemory(
  clock: Clock,
  load: ProcessLoad = thisProcess(),
  limits: MemoryReturnLimits = defaultMemoryReturnLimits,
): Disposable {
  let leftBytes = 0;
  let timer: Disposable;
  const look = (): void => {
    const isQuiet = load.utilization() <= limits.maxUtilization;
    if (isQuiet && load.takenBytes() - leftBytes >= limits.minGrowthBytes) {
      load.collect();
      leftBytes = load.takenBytes();
      // The time that the collection took says nothing about the next period.
      load.utilization();
    }
    arm();
  };
  const arm = (): void => {
    timer = clock.timer(limits.everyMs, look);
  };
  arm();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

function thisProcess(): ProcessLoad {
  let before = performance.eventLoopUtilization();
  let gc: Collect | null = null;
  return {
    utilization: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    takenBytes: () => process.memoryUsage.rss(),
    collect: () => {
      gc ??= exposedCollect();
      // An ordinary collection keeps the young generation at the size to which load has grown it; this one shrinks it.
      gc({ type: 'major', flavor: 'last-resort' });
      trimNativeHeap();
    },
  };
}

/** The function `gc` of V8, which only contexts have that are made after its flag was set. */
function exposedCollect(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
