import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { tempDir } from '#testing/temp-dir';
import { TestCounts } from './test-counts.ts';

const sample = `import { describe, test } from 'node:test';
describe('skipped with all that is in it', { skip: 'no program' }, () => { test('a', () => {}); });
describe('skipped without a reason', { skip: true }, () => { describe('within', () => { test('b', () => {}); }); });
describe('not skipped', { skip: false }, () => { test('c', () => {}); test('d', { skip: true }, () => {}); });
describe('empty', () => {});
test('e', (t) => t.skip('while it ran'));
test('f', () => { throw new Error('as asked'); });
`;

/** Prints the counts of a test file; a run cannot be started within one. */
const counting = `import { run } from 'node:test';
const { TestCounts } = await import(process.argv[2]);
const counts = new TestCounts();
const stream = run({ files: [process.argv[3]], isolation: 'none' });
stream.on('test:pass', (data) => counts.pass(data));
stream.on('test:fail', () => counts.fail());
stream.on('end', () => console.log(String(counts)));
stream.resume();
`;

test('TestCounts counts a skipped suite as skipped, so that its tests do not vanish', async () => {
  await using dir = await tempDir();
  const file = join(dir.path, 'sample.test.mjs');
  const counter = join(dir.path, 'counter.mjs');
  await writeFile(file, sample);
  await writeFile(counter, counting);
  const module = pathToFileURL(join(import.meta.dirname, 'test-counts.ts')).href;
  // Without the variable by which Node tells a test run from the inside.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  assert.equal(
    execFileSync(process.execPath, [counter, module, file], { encoding: 'utf8', env }),
    '1 passed, 1 failed, 4 skipped\n',
  );
});

test('TestCounts: a suite that ran is its tests', () => {
  const counts = new TestCounts();
  counts.pass({ details: { type: 'suite' } });
  counts.pass({ skip: false, details: { type: 'test' } });
  counts.pass({ details: {} });
  assert.equal(String(counts), '2 passed, 0 failed, 0 skipped');
});
