/** By hand: `node test/crash/main.ts [--seed N] [--cuts N] [--every]`. Cuts the power at steps of seeded workloads, until `--cuts` images were verified. */
import { parseArgs } from 'node:util';
import { runWorld } from './power-loss.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    cuts: { type: 'string', default: '1000' },
    every: { type: 'boolean', default: false },
  },
});
let left = Number(values.cuts);
for (let seed = Number(values.seed); left > 0; seed += 1) {
  const everySteps = values.every ? 1 : 7;
  const { steps, images, problems, failures } = await runWorld({
    seed,
    operations: 60,
    workers: 1 + (seed % 6),
    queueShare: (seed % 3) * 0.45,
    everySteps,
    offset: seed % everySteps,
    outcomes: 3,
    maxImages: Math.min(left, values.every ? left : 150),
  });
  left -= images;
  console.log(
    `seed ${seed}: ${images} images of ${steps} steps, ${problems.length} problems, ${failures.length} failures`,
  );
  for (const problem of [...failures, ...problems].slice(0, 10)) console.log(`  ${problem}`);
  if (problems.length + failures.length > 0) process.exitCode = 1;
}
