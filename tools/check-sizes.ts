/** Checks that files and functions stay small because they have one subject. */
import type { SourceFile } from './source-files.ts';

const maxLines = 600;
const maxFunctionLines = 90;

/** Files that may be longer, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {};

/** Functions that may be longer, as `path:name`, each with its reason. */
const longFunctions: Readonly<Record<string, string>> = {
  'src/mail/check/check-rows.ts:rowQueries': 'a table: one SQL query for each invariant of the rows',
};

/** @returns one line per file over 600 lines and per function over 90. */
export function checkSizes(files: readonly SourceFile[]): string[] {
  const findings: string[] = [];
  for (const { path, text } of files) {
    const lines = text.split('\n');
    if (lines.length > maxLines && longFiles[path] === undefined) {
      findings.push(
        `${path}: ${lines.length} lines (limit ${maxLines}): split it by subject, or give the reason in tools/check-sizes.ts`,
      );
    }
    if (!path.endsWith('.test.ts')) findings.push(...longFunctionsIn(path, lines));
  }
  return findings;
}

/** The formatter puts a function's end at the indentation of its start, so no parser is needed. */
function longFunctionsIn(path: string, lines: readonly string[]): string[] {
  const findings: string[] = [];
  const starts =
    /^(\s*)(?:export )?(?:default )?(?:static )?(?:override )?(?:async )?(?:function\*?\s+([\w$]+)|\*?(#?[\w$]+)(?:<[^(]*>)?\([^)]*\)(?::[^={]+)?) ?.*\{$/;
  lines.forEach((line, at) => {
    const start = starts.exec(line);
    if (start === null || /^\s*(?:if|for|while|switch|catch|else|return)\b/.test(line)) return;
    const end = lines.findIndex((candidate, i) => i > at && candidate.startsWith(`${start[1]}}`));
    const name = start[2] ?? start[3] ?? '?';
    const length = end - at + 1;
    if (end > 0 && length > maxFunctionLines && longFunctions[`${path}:${name}`] === undefined) {
      findings.push(`${path}:${at + 1}: ${name} has ${length} lines (limit ${maxFunctionLines})`);
    }
  });
  return findings;
}
