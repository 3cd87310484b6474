/** `node tools/check-commits.ts RANGE`: checks the subjects of commits, as CI does. */
import { execFileSync } from 'node:child_process';
import { checkSubject } from './check-english.ts';
import { root } from './source-files.ts';

const [range] = process.argv.slice(2);

if (range === undefined) {
  console.error('usage: check-commits.ts RANGE');
  process.exitCode = 64;
} else {
  const subjects = execFileSync('git', ['log', '--no-merges', '--format=%s', range], {
    cwd: root,
    encoding: 'utf8',
  }).split('\n');
  const wrong = subjects.filter((subject) => subject !== '').flatMap((subject) => checkSubject(subject) ?? []);
  for (const line of wrong) console.log(line);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
