/** Finds circles of files that import each other, so that none of them can be read alone. */
import { importsOf, resolveImport } from './imports.ts';
import type { SourceFile } from './source-files.ts';

/** Returns groups of files of which each leads to every other over imports of values or types, sorted by path. Linear (Tarjan's algorithm). */
export function importCircles(files: readonly SourceFile[]): string[][] {
  const imports = new Map(
    files.map(({ path, text }) => [path, importsOf(text).map((specifier) => resolveImport(path, specifier))]),
  );
  const visited = new Map<string, { readonly order: number; lowest: number }>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): number => {
    const state = { order: visited.size, lowest: visited.size };
    visited.set(path, state);
    open.push(path);
    for (const target of imports.get(path) ?? []) {
      if (!imports.has(target)) continue;
      const known = visited.get(target);
      if (known === undefined) state.lowest = Math.min(state.lowest, visit(target));
      else if (open.includes(target)) state.lowest = Math.min(state.lowest, known.order);
    }
    if (state.lowest === state.order) {
      const group = open.splice(open.indexOf(path));
      if (group.length > 1) circles.push(group.toSorted());
    }
    return state.lowest;
  };
  for (const path of imports.keys()) if (!visited.has(path)) visit(path);
  return circles;
}
