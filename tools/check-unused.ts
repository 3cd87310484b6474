/** Finds files that nothing imports, or tests only, exports that nothing uses (those of doors included), and dependencies that nothing needs. */
import { exportsWithoutUser } from './doors.ts';
import { importsOf, resolveImport } from './imports.ts';
import { isTest, type SourceFile } from './source-files.ts';

/** Files that are started, not imported. */
const entryPoints = new Set([
  'src/cli/main.ts',
  'tools/check.ts',
  'tools/run-tests.ts',
  'tools/measure-codebase.ts',
  'tools/check-commits.ts',
  'tools/write-protocols.ts',
  'test/bench/main.ts',
]);

/** Dependencies that no import names: they are programs, data, types or the runtime. */
const usedAsPrograms = /^(typescript|oxlint|oxlint-tsgolint|oxfmt|node-.*|@types\/.*|@stdlib\/datasets-spam-assassin)$/;

/** The part of package.json that matters here. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** @returns one line per unused file, file for tests beside production code, export or dependency. */
export function checkUnused(files: readonly SourceFile[], manifest: Manifest): string[] {
  return [
    ...unusedFiles(files),
    ...testFiles(files),
    ...unusedExports(files),
    ...exportsWithoutUser(files).map(({ door, name }) => `${door}: no other folder imports ${name}`),
    ...unusedDependencies(files, manifest),
  ];
}

/** Returns the paths that files import, or start by their address. */
function importedBy(files: readonly SourceFile[]): Set<string> {
  const imported = new Set<string>();
  for (const { path, text } of files) {
    for (const specifier of importsOf(text)) imported.add(resolveImport(path, specifier));
    for (const match of text.matchAll(/new URL\('(\.[^']+\.ts)'/g)) imported.add(resolveImport(path, match[1] ?? ''));
  }
  return imported;
}

/** Finds files beside production code that only tests share, such as samples. One that a single test imports may be code that is not yet in use. */
function testFiles(files: readonly SourceFile[]): string[] {
  const byProduction = importedBy(files.filter(({ path }) => !isTest(path)));
  const byTests = files.filter(({ path }) => isTest(path)).map((file) => importedBy([file]));
  return files
    .map(({ path }) => path)
    .filter((path) => path.startsWith('src/') && !isTest(path) && !entryPoints.has(path) && !byProduction.has(path))
    .filter((path) => byTests.filter((imported) => imported.has(path)).length > 1)
    .map((path) => `${path}: only tests import this file: move it to src/testing`);
}

function unusedFiles(files: readonly SourceFile[]): string[] {
  const imported = importedBy(files);
  return files
    .filter(
      ({ path }) =>
        !imported.has(path) && !entryPoints.has(path) && !/\.(test|d)\.ts$/.test(path) && !path.startsWith('test/'),
    )
    .map(({ path }) => `${path}: nothing imports this file`);
}

/** Every exported name must be used by another file; doors are looked at from outside their folder. */
function unusedExports(files: readonly SourceFile[]): string[] {
  const words = new Map(files.map(({ path, text }) => [path, new Set(text.match(/[\w$]+/g) ?? [])]));
  const violations: string[] = [];
  for (const { path, text } of files) {
    if (isTest(path) || path.endsWith('/index.ts') || !path.startsWith('src/') || path.startsWith('src/ports/'))
      continue;
    const names = text.matchAll(
      /^export (?:abstract )?(?:async )?(?:function\*?|class|const|let|type|interface) ([\w$]+)/gm,
    );
    for (const [declaration, name = ''] of names) {
      // A type in the signature of something exported has to be exported with it.
      const isType = / (?:type|interface) /.test(declaration);
      const inSignature = isType && text.split(new RegExp(`\\b${name}\\b`)).length > 2;
      const used = inSignature || files.some((other) => other.path !== path && words.get(other.path)?.has(name));
      if (!used) violations.push(`${path}: exported ${name} is used nowhere else`);
    }
  }
  return violations;
}

function unusedDependencies(files: readonly SourceFile[], manifest: Manifest): string[] {
  const imported = new Set(files.flatMap(({ text }) => importsOf(text)).map(packageOf));
  return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter((name) => !imported.has(name) && !usedAsPrograms.test(name))
    .map((name) => `package.json: dependency ${name} is used nowhere`);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
