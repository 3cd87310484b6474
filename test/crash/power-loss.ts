import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crashFileSystem } from '#testing/crash-files';
import { stepFileSystem } from '#testing/crash-steps';
import { FakeClock } from '#testing/fake-clock';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { Ledger, type Promises } from './ledger.ts';
import type { Broken } from './broken.ts';
import { openStore } from './store.ts';
import { verifyImage } from './verify.ts';
import { Workload } from './workload.ts';

/** One world: a store, its workload, and moments at which the power goes. */
export interface WorldOptions {
  readonly seed: number;
  readonly operations: number;
  readonly workers: number;
  /** See `WorkloadDeps`; 0 when left out. */
  readonly queueShare?: number;
  /** The power goes at the steps of each kind whose number, within the kind, has remainder `offset` when divided by this. */
  readonly everySteps: number;
  readonly offset: number;
  /** Outcomes that are tried for each moment, since what was not synced may be there or not. */
  readonly outcomes: number;
  /** The power goes only when something was just promised, where wrong orders show soonest. */
  readonly onlyAtPromises?: boolean;
  /** Images taken at most. */
  readonly maxImages: number;
  /** Stands between the store and the layer that remembers what was synced: to prove that broken orders are found. */
  readonly breakWith?: Broken;
  /** Verifies no further images once one shows a problem. */
  readonly stopsAtFirst?: boolean;
}

/** What one world showed. */
export interface WorldResult {
  readonly steps: number;
  readonly images: number;
  /** What images showed. */
  readonly problems: readonly string[];
  /** Operations that failed while the power was on. */
  readonly failures: readonly string[];
}

interface Cut {
  readonly directory: string;
  readonly label: string;
  readonly nowMs: number;
  readonly promises: Promises;
}

/** Runs a workload, cuts the power at its steps, and verifies every image. Disk timing decides the interleaving, the seed all else. */
export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  await using dir = await tempDir();
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  await Promise.all([mkdir(root), mkdir(shadows)]);
  const crashing = crashFileSystem(root, shadows);
  const random = seededNumbers(options.seed);
  const cutRandom = seededNumbers(options.seed + 1_000_003);
  const clock = new FakeClock();
  const ledger = new Ledger();
  const cuts: Cut[] = [];
  let steps = 0;
  const kinds = new Map<string, number>();
  const onStep = (label: string): void => {
    steps += 1;
    if (options.onlyAtPromises === true && !label.startsWith('promise ')) return;
    const kind = label.split(' ', 2).join(' ');
    // Kinds begin at different numbers, or the first of each would be cut and no other.
    const nth = kinds.get(kind) ?? 7 * kinds.size;
    kinds.set(kind, nth + 1);
    if (nth % options.everySteps !== options.offset) return;
    for (let i = 0; i < options.outcomes && cuts.length < options.maxImages; i += 1) {
      const directory = join(dir.path, `image${cuts.length}`);
      crashing.imageAfterPowerLoss(directory, cutRandom);
      cuts.push({ directory, label: `step ${steps}, ${label}`, nowMs: clock.now(), promises: ledger.promises() });
    }
  };
  const problems: string[] = [];
  const failures: string[] = [];
  const system = stepFileSystem(options.breakWith?.files?.(crashing) ?? crashing, onStep);
  {
    await using store = await openStore({
      directory: root,
      system,
      clock,
      seed: options.seed,
      ...wrapOf(options.breakWith),
    });
    const workload = new Workload({
      store,
      ledger,
      clock,
      random,
      onPromise: onStep,
      queueShare: options.queueShare ?? 0,
    });
    await workload.run(options.operations, options.workers);
    onStep('the end');
    failures.push(...workload.failures);
  }
  for (const { directory, label, nowMs, promises } of cuts) {
    const found = await verifyImage(directory, promises, nowMs);
    problems.push(...found.map((problem) => `seed ${options.seed}, ${label}: ${problem}`));
    await rm(directory, { recursive: true, force: true });
    if (options.stopsAtFirst === true && found.length > 0) break;
  }
  return { steps, images: cuts.length, problems, failures };
}

function wrapOf(broken: Broken | undefined): Pick<Broken, 'wrap'> {
  return broken?.wrap === undefined ? {} : { wrap: broken.wrap };
}
