/**
 * `npm test`: every test that needs no other program, in one process. With `--interop`: those that need foreign programs, instead.
 * Words on the command line pick the test files whose path contains one of them. Ends with `N passed, N failed, N skipped`.
 */
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { root } from './source-files.ts';

const interop = process.argv.includes('--interop');
const wanted = process.argv.slice(2).filter((word) => word !== '--interop');
const patterns = interop
  ? ['test/interop/**/*.test.ts']
  : ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/{e2e,crash,fuzz,transcripts}/**/*.test.ts'];
const files = patterns
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((path) => wanted.length === 0 || wanted.some((word) => path.includes(word)))
  .toSorted();

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}

const counts = { passed: 0, failed: 0, skipped: 0 };
const stream = run({ files: files.map((path) => `${root}${path}`), isolation: 'none', concurrency: false });
stream.on('test:pass', ({ skip, details }) => {
  if (details.type === 'suite') return;
  if (skip === undefined || skip === false) counts.passed += 1;
  else counts.skipped += 1;
});
stream.on('test:fail', () => {
  counts.failed += 1;
  process.exitCode = 1;
});
stream.on('end', () => {
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
});
stream.compose(spec).pipe(process.stdout);
