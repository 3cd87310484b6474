/** Finds what should not stay behind (docs/style.md 25): notes to do something later, code in comments, and decision records over 60 lines or with a number twice. */
import { commentOf } from './comments.ts';
import type { SourceFile } from './source-files.ts';

const maxDecisionLines = 60;

/** Returns a line for each leftover, and for each number that two decision records share. */
export function checkLeftovers(files: readonly SourceFile[]): string[] {
  return [...leftovers(files), ...sharedNumbers(files.map(({ path }) => path))];
}

function sharedNumbers(paths: readonly string[]): string[] {
  const numbered = paths.filter((path) => /^decisions\/\d{4}-/.test(path));
  const sharing = [...Map.groupBy(numbered, (path) => path.slice(0, 14)).values()].filter(({ length }) => length > 1);
  return sharing.map((those) => `${those.join(' and ')} have the same number`);
}

function leftovers(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    if (path.startsWith('decisions/') && lines.length - 1 > maxDecisionLines)
      return [`${path}: ${lines.length - 1} lines (limit ${maxDecisionLines}): a decision is context, options, choice`];
    if (!/\.m?ts$|\.mjs$/.test(path)) return [];
    return lines.flatMap((line, at) => {
      const comment = commentOf(line).trim();
      if (/^(?:TODO|FIXME|XXX|HACK)\b/.test(comment)) return [`${path}:${at + 1}: do it, or file an issue`];
      const isCode = /^(?:const|let|if \(|return\b|await|import|export|for \(|\}).*[;{]$/.test(comment);
      return isCode && /^\s*\/\//.test(line) ? [`${path}:${at + 1}: code in a comment: the history keeps it`] : [];
    });
  });
}
