/** Checks that the files and folders that documents name exist. */
import type { SourceFile } from './source-files.ts';

/**
 * Returns a line for each path that does not exist. Paths are those in backticks that begin in the root (`src/mail/queue/`, with `*` for any name),
 * names of TypeScript files, and links to other documents.
 * @param paths  Every file of the project, from the root and with `/`.
 */
export function checkPaths(documents: readonly SourceFile[], paths: readonly string[]): string[] {
  const known = new Set(paths.flatMap(withFolders));
  const names = new Set(paths.flatMap(withEnds));
  return documents.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, at) => {
      const missing = [
        ...quoted(line).filter((named) => isFromRoot(named) && !exists(named, known)),
        ...quoted(line).filter((named) => isFileName(named) && !names.has(named)),
        ...links(line).filter((target) => !known.has(resolved(path, target))),
      ];
      return missing.map((named) => `${path}:${at + 1}: there is no ${named}`);
    }),
  );
}

function quoted(line: string): string[] {
  return [...line.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

/** Targets of links to files; those with a scheme, and places in the same document, are left out. */
function links(line: string): string[] {
  return [...line.matchAll(/\]\(([\w./-]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
}

function isFromRoot(named: string): boolean {
  return /^(?:src|test|tools|docs|decisions|changes)\/[\w./*-]*$/.test(named);
}

function isFileName(named: string): boolean {
  return /^(?:[a-z\d][\w-]*\/)*[a-z\d][\w.-]*\.ts$/.test(named) && !isFromRoot(named);
}

function exists(named: string, known: ReadonlySet<string>): boolean {
  const path = named.replace(/\/$/, '');
  if (!path.includes('*')) return known.has(path);
  const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
  return known.values().some((candidate) => pattern.test(candidate));
}

/** Returns where a link leads from a document: a path from the root. */
function resolved(document: string, target: string): string {
  return new URL(target, `file:///${document}`).pathname.slice(1).replace(/\/$/, '');
}

/** A path and the folders that it is in. */
function withFolders(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** A path and all of its ends: `a/b/c.ts`, `b/c.ts` and `c.ts`. */
function withEnds(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(i).join('/'));
}
