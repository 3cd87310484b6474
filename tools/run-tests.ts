/**
 * `npm test`: every test that needs no other program, in one process. With `--interop`: those that need foreign programs, instead.
 * With `--postgres`: those that keep a store, on a PostgreSQL server of our own; the whole run has to run every statement.
 * Words on the command line pick the test files whose path contains one of them. Ends with `N passed, N failed, N skipped`.
 */
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { root } from './source-files.ts';
import { keepsStore, missedStatements, usePostgres } from './on-postgres.ts';
import { TestCounts } from './test-counts.ts';

const patterns = {
  '': ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/{e2e,crash,faults,flows,fuzz,hostile,transcripts}/**/*.test.ts'],
  '--interop': ['test/interop/**/*.test.ts'],
  '--postgres': ['src/{mail,server}/**/*.test.ts', 'test/postgres/**/*.test.ts'],
};
const words = process.argv.slice(2);
const mode = words.includes('--interop') ? '--interop' : words.includes('--postgres') ? '--postgres' : '';
const wanted = words.filter((word) => word !== mode);
const files = patterns[mode]
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((path) => mode !== '--postgres' || keepsStore(path))
  .filter((path) => wanted.length === 0 || wanted.some((word) => path.includes(word)))
  .toSorted();

/** Longer than the longest test. */
const stuckMs = 180_000;

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}

const counts = new TestCounts();
const postgres = mode === '--postgres' ? await usePostgres() : null;
const stream = run({ files: files.map((path) => `${root}${path}`), isolation: 'none', concurrency: false });
stream.on('test:pass', (data) => counts.pass(data));
stream.on('test:fail', () => {
  counts.fail();
  process.exitCode = 1;
});
stream.on('end', () => void end());
stream.compose(spec).pipe(process.stdout);
endWhenStuck();

async function end(): Promise<void> {
  if (postgres !== null) {
    const violations = wanted.length === 0 ? missedStatements() : [];
    for (const violation of violations) console.log(violation);
    if (violations.length > 0) {
      counts.fail();
      process.exitCode = 1;
    }
    await postgres[Symbol.asyncDispose]();
  }
  console.log(String(counts));
}

/** A test that waits for ever, or leaves a server or a program behind, would keep us here for ever. */
function endWhenStuck(): void {
  let lastTest = 'none';
  let lastMs = performance.now();
  const note = ({ name }: { readonly name: string }): void => {
    lastTest = name;
    lastMs = performance.now();
  };
  stream.on('test:dequeue', note).on('test:complete', note);
  setInterval(() => {
    if (performance.now() - lastMs < stuckMs) return;
    counts.fail();
    const open = process.getActiveResourcesInfo().join(', ');
    console.log(
      `stuck: nothing happened for ${stuckMs / 60_000} min after "${lastTest}"; open: ${open}\n${String(counts)}`,
    );
    process.exit(1);
  }, 1000).unref();
}
