/**
 * By hand: `node test/crash/main.ts [PATH…] [--seed N] [--cuts N] [--every]`. Cuts the power at steps of seeded workloads, until `--cuts` images
 * of each path were verified. Without a path it takes turns with all of them (`paths.ts`), and ends with a line for each.
 */
import { parseArgs } from 'node:util';
import { paths, type Path, type PathName } from './paths.ts';
import { runWorld } from './power-loss.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    cuts: { type: 'string', default: '1000' },
    every: { type: 'boolean', default: false },
  },
});
const names = Object.keys(paths) as PathName[];
const wanted = names.filter((name) => positionals.length === 0 || positionals.includes(name));
if (wanted.length === 0) {
  console.error(`no such path; there are ${names.join(', ')}`);
  process.exit(1);
}
const most = Number(values.cuts);
const counts = new Map(wanted.map((name) => [name, { images: 0, wrong: 0 }]));
for (let seed = Number(values.seed), left = wanted; left.length > 0; seed += 1) {
  for (const name of left) {
    const count = counts.get(name) ?? { images: 0, wrong: 0 };
    const { steps, images, problems, failures } = await cut(name, seed, most - count.images);
    count.images += images;
    count.wrong += problems.length + failures.length;
    console.log(
      `${name} seed ${seed}: ${images} images of ${steps} steps, ${problems.length} problems, ${failures.length} failures`,
    );
    for (const problem of [...failures, ...problems].slice(0, 10)) console.log(`  ${problem}`);
    if (problems.length + failures.length > 0) process.exitCode = 1;
  }
  left = left.filter((name) => (counts.get(name)?.images ?? most) < most);
}
for (const [name, { images, wrong }] of counts) console.log(`${name}: ${images} power cuts, ${wrong} inconsistencies`);

/** Runs a world of a path, with at most `left` power cuts of it. */
async function cut(name: PathName, seed: number, left: number): ReturnType<typeof runWorld> {
  const path: Path = paths[name];
  // Where there are few steps each counts, and what was not synced may be there or not in many ways.
  const isRare = path.at !== undefined || path.isOld === true;
  const everySteps = values.every || isRare ? 1 : 7;
  return await runWorld({
    seed,
    path,
    operations: path.isOld === true ? 10 : 60,
    workers: 1 + (seed % 6),
    everySteps,
    offset: seed % everySteps,
    outcomes: isRare ? 5 : 3,
    maxImages: Math.min(left, values.every ? left : 100),
  });
}
