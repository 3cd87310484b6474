/**
 * `node tools/check-english-main.ts --write` lowers the baseline to what stands now; `--commits RANGE` checks the subjects of commits, as CI does.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { checkSubject, nextBaseline, type EnglishCounts } from './check-english.ts';
import { proseFiles, root, sourceFiles } from './source-files.ts';

const place = `${root}tools/english-baseline.json`;
const [option, range] = process.argv.slice(2);

if (option === '--write') {
  const before = existsSync(place) ? (JSON.parse(readFileSync(place, 'utf8')) as EnglishCounts) : null;
  const after = nextBaseline([...sourceFiles(), ...proseFiles()], before);
  writeFileSync(place, `${JSON.stringify(after, null, 2)}\n`);
  console.log(
    `${Object.values(after).reduce((sum, count) => sum + count, 0)} findings in ${Object.keys(after).length} areas`,
  );
} else if (option === '--commits' && range !== undefined) {
  const subjects = execFileSync('git', ['log', '--no-merges', '--format=%s', range], {
    cwd: root,
    encoding: 'utf8',
  }).split('\n');
  const wrong = subjects.filter((subject) => subject !== '').flatMap((subject) => checkSubject(subject) ?? []);
  for (const line of wrong) console.log(line);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} else {
  console.error('usage: check-english-main.ts --write | --commits RANGE');
  process.exitCode = 64;
}
