/** Imports between source files, read with regular expressions: the formatter leaves few forms. */

/** Finds every import specifier: static, dynamic and re-exports. */
export function importsOf(text: string): string[] {
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?'([^']+)'|\bimport\('([^']+)'\)/g);
  return [...found].map((match) => match[1] ?? match[2] ?? '');
}

/** Returns the path of the file that an import leads to: our own file from the root, or the name of a package or built-in. */
export function resolveImport(path: string, specifier: string): string {
  const alias = /^#(\w+)\/(.+)$/.exec(specifier);
  if (alias !== null) {
    const [, layer, module] = alias;
    return layer === 'ports' || layer === 'testing' ? `src/${layer}/${module}.ts` : `src/${layer}/${module}/index.ts`;
  }
  if (!specifier.startsWith('.')) return specifier;
  const parts = path.split('/').slice(0, -1);
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.join('/');
}
