/** By hand: `node test/crash/history/main.ts [--seed N] [--minutes N]`. Runs histories of one seed after the other; each is printed, with what is wrong in it. */
import { parseArgs } from 'node:util';
import { tempDir } from '#testing/temp-dir';
import { runHistory } from './history.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '10' },
  },
});
// So few that one Email/get may read all emails (maxObjectsInGet).
const end = performance.now() + Number(values.minutes) * 60_000;
for (let seed = Number(values.seed); performance.now() < end; seed += 1) {
  await using dir = await tempDir();
  const problems = await runHistory({ folder: dir.path, seed, rounds: 5, commands: 60 + ((seed * 37) % 100) });
  console.log(`seed ${seed}: ${problems.length} problems`);
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
