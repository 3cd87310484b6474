import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crashFileSystem } from '#testing/crash-files';
import { stepFileSystem } from '#testing/crash-steps';
import { FakeClock } from '#testing/fake-clock';
import { writeOldStore } from '#testing/old-store';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { hashOf, Ledger, type Promises } from './ledger.ts';
import type { Broken } from './broken.ts';
import { FullDisk } from './full-disk.ts';
import { paths, type Path } from './paths.ts';
import { openStore } from './store.ts';
import { clean, verifyImage } from './verify.ts';
import { Workload } from './workload.ts';

/** One world: a store, its workload, and moments at which the power goes. */
export interface WorldOptions {
  readonly seed: number;
  readonly operations: number;
  readonly workers: number;
  /** Path to test; `ordinary` when left out. */
  readonly path?: Path;
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

/** Result of one world. */
export interface WorldResult {
  readonly steps: number;
  readonly images: number;
  /** Problems found in images. */
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

/** Images that one start after a power cut is cut into. */
const imagesOfStart = 4;
/** Every which image is started with cuts. */
const startsEvery = 3;

/** Runs a workload, cuts the power at its steps, and verifies every image. Disk timing decides the interleaving, the seed all else. */
export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  await using dir = await tempDir();
  const path: Path = options.path ?? paths.ordinary;
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  await Promise.all([mkdir(root), mkdir(shadows)]);
  const ledger = new Ledger();
  if (path.isOld === true) writeFirstRelease(root, ledger);
  const crashing = crashFileSystem(root, shadows);
  const cutRandom = seededNumbers(options.seed + 1_000_003);
  const clock = new FakeClock();
  const cuts: Cut[] = [];
  let steps = 0;
  const kinds = new Map<string, number>();
  const onStep = (label: string): void => {
    steps += 1;
    if (options.onlyAtPromises === true && !label.startsWith('promise ')) return;
    if (path.at?.test(label) === false) return;
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
  const disk = new FullDisk();
  const system = stepFileSystem(disk.layer(options.breakWith?.files?.(crashing) ?? crashing), onStep);
  const { seed, workers, operations, breakWith } = options;
  const sessions = (path.restarts ?? 0) + 1;
  const failures: string[] = [];
  for (let session = 0; session < sessions; session += 1) {
    const sessionSeed = seed + session * 7_919;
    await using store = await openStore({
      directory: root,
      system,
      clock,
      seed: sessionSeed,
      disk,
      ...wrapOf(breakWith),
    });
    const random = seededNumbers(sessionSeed);
    const workload = new Workload({ store, ledger, clock, random, onPromise: onStep, path, session });
    await workload.run(Math.ceil(operations / sessions), workers);
    onStep('the end');
    failures.push(...workload.failures);
    const bug = store.log.events.find(({ event }) => event.endsWith('.bug'));
    if (bug !== undefined) failures.push(`logged ${bug.event}: ${String(bug.cause)}`);
  }
  const problems: string[] = [];
  let images = cuts.length;
  for (const [i, { directory, label, nowMs, promises }] of cuts.entries()) {
    const found: string[] = [];
    if (path.cutsStart === true && i % startsEvery === 0) {
      const again = await startWithCuts({ directory, nowMs, promises, random: cutRandom });
      images += again.images;
      found.push(...again.problems);
    }
    found.push(...(await verifyImage(directory, promises, nowMs)));
    problems.push(...found.map((problem) => `seed ${seed}, ${label}: ${problem}`));
    await rm(directory, { recursive: true, force: true });
    if (options.stopsAtFirst === true && found.length > 0) break;
  }
  return { steps, images, problems, failures };
}

/** Starts on what a power cut left, cuts the power while it is opened and cleaned, and verifies each image of that. */
async function startWithCuts({
  directory,
  nowMs,
  promises,
  random,
}: Omit<Cut, 'label'> & { readonly random: () => number }): Promise<{ images: number; problems: string[] }> {
  await using dir = await tempDir();
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  await mkdir(shadows);
  await cp(directory, root, { recursive: true });
  const crashing = crashFileSystem(root, shadows);
  const labels = new Map<string, string>();
  const onStep = (label: string): void => {
    if (labels.size >= imagesOfStart || random() < 0.5) return;
    const image = join(dir.path, `image${labels.size}`);
    crashing.imageAfterPowerLoss(image, random);
    labels.set(image, label);
  };
  const clock = new FakeClock(nowMs);
  {
    await using store = await openStore({
      directory: root,
      system: stepFileSystem(crashing, onStep),
      clock,
      seed: 98,
    });
    await clean(store);
  }
  const problems: string[] = [];
  for (const [image, label] of labels) {
    const found = await verifyImage(image, promises, clock.now());
    problems.push(...found.map((problem) => `cut again at ${label}: ${problem}`));
  }
  return { images: labels.size, problems };
}

/** Puts the databases of the first release there, and notes what is in them. */
function writeFirstRelease(root: string, ledger: Ledger): void {
  writeOldStore(root);
  ledger.accounts.push('mara');
  for (const [i, text] of ['Message-ID: <a@x>\r\n\r\nHello\r', 'To: x\r\n\r\nHello\r\n'].entries()) {
    const { history } = ledger.expect('mara', hashOf(new TextEncoder().encode(text)));
    history[0] = [{ mailbox: 'INBOX', uid: i + 1, flags: 0, keywords: '' }];
  }
}

function wrapOf(broken: Broken | undefined): Pick<Broken, 'wrap'> {
  return broken?.wrap === undefined ? {} : { wrap: broken.wrap };
}
