/** `npm run check`: every static check, in one go. Ends with exit code 1 when one of them found something. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { sqliteAccountMigrations, sqliteServerMigrations } from '#mail/schema';
import { checkAmbient } from './check-ambient.ts';
import { checkAsync } from './check-async.ts';
import { checkColumns, columnsOf } from './check-columns.ts';
import { checkContracts } from './check-contracts.ts';
import { checkDocs } from './check-docs.ts';
import { checkDoors } from './check-doors.ts';
import { checkEnglish } from './check-english.ts';
import { checkLayers } from './check-layers.ts';
import { checkLeftovers } from './check-leftovers.ts';
import { checkPaths } from './check-paths.ts';
import { checkRfc } from './check-rfc.ts';
import { checkSizes } from './check-sizes.ts';
import { checkTables } from './check-tables.ts';
import { checkUnused, type Manifest } from './check-unused.ts';
import { checkProtocols } from './protocols.ts';
import { allPaths, isTest, mapFiles, proseFiles, rfcFolder, root, sourceFiles } from './source-files.ts';
import { importCircles } from './import-circles.ts';

const schemas = [sqliteServerMigrations, sqliteAccountMigrations];
const files = sourceFiles();
const code = files.filter(({ path }) => path.startsWith('src/') && !isTest(path));
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
const prose = proseFiles();
const rfcs = rfcFolder();
const own: readonly (readonly [string, () => string[]])[] = [
  ['layers', () => checkLayers(files)],
  ['contracts', () => checkContracts(files)],
  ['ambient', () => checkAmbient(files)],
  ['async', () => checkAsync(files)],
  ['circles', () => importCircles(code).map((circle) => `${circle.join(', ')}: import each other in a circle`)],
  ['doors', () => checkDoors(files)],
  ['sizes', () => checkSizes(files)],
  [
    'columns',
    () =>
      checkColumns(
        files,
        schemas.flatMap((steps) => columnsOf(steps.map(({ sql }) => sql))),
      ),
  ],
  ['tables', () => checkTables(files)],
  ['docs', () => checkDocs(files)],
  ['paths', () => checkPaths(mapFiles(), allPaths())],
  ['rfc', () => checkRfc(files, rfcs)],
  ['protocols', () => checkProtocols(files, readFileSync(`${root}docs/protocols.md`, 'utf8'))],
  ['english', () => checkEnglish([...files, ...prose])],
  ['leftovers', () => checkLeftovers([...files, ...prose])],
  ['unused', () => checkUnused(files, manifest)],
];

const programs: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', 'tsc', ['-p', '.']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings', 'src', 'test', 'tools']],
  ['format', 'oxfmt', ['--check', 'src', 'test', 'tools']],
];

let failed = 0;
for (const [name, run] of own) {
  const violations = run();
  report(name, violations.length === 0);
  for (const violation of violations) console.log(`  ${violation}`);
}
if (rfcs === null) console.log('  rfc: no RFC texts here, so sections were not looked up (rfc/README.md)');
for (const [name, program, args] of programs) {
  const { status } = spawnSync(`${root}node_modules/.bin/${program}`, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  report(name, status === 0);
}
process.exitCode = failed === 0 ? 0 : 1;

function report(name: string, good: boolean): void {
  console.log(`${good ? 'ok    ' : 'FAILED'} ${name}`);
  if (!good) failed += 1;
}
