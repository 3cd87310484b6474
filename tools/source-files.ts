import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Root folder of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** One source file: its path from the root with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files of the project, sorted by path. */
export function sourceFiles(folders: readonly string[] = ['src', 'test', 'tools']): SourceFile[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(new URL(`../${path}`, import.meta.url), 'utf8') }));
}

/** The documents of the project, sorted by path; what `npm run check` says of their English is in check-english.ts. */
export function proseFiles(): SourceFile[] {
  return globSync(['*.md', 'docs/**/*.md', 'changes/*.md', 'decisions/*.md', 'src/cli/*.mjs', 'tools/*.mjs'], {
    cwd: root,
  })
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(new URL(`../${path}`, import.meta.url), 'utf8') }));
}

/** The documents that say where something is now, sorted by path: decisions and changes are of their day. */
export function mapFiles(): SourceFile[] {
  return globSync(['*.md', 'docs/**/*.md', 'src/**/README.md'], { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(new URL(`../${path}`, import.meta.url), 'utf8') }));
}

/** Paths of all files that a document may name, with `/`. */
export function allPaths(): string[] {
  return globSync(['*', '{src,test,tools,docs,decisions,changes,rfc}/**/*'], {
    cwd: root,
    exclude: ['node_modules'],
  }).map((path) => path.replaceAll('\\', '/'));
}

/** True for files that hold tests or serve them only. */
export function isTest(path: string): boolean {
  return /\.(test|contract)\.ts$/.test(path) || path.startsWith('test/') || path.startsWith('src/testing/');
}

/** Returns the folder with the RFC texts (rfc/README.md), null when there is none. */
export function rfcFolder(): string | null {
  const folders = [process.env['GODWIT_RFC_DIR'], `${root}rfc`, `${root}../shared/rfc`];
  return folders.find((folder) => folder !== undefined && globSync('rfc*.txt', { cwd: folder }).length > 0) ?? null;
}
