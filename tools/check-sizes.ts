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
  const violations: string[] = [];
  for (const { path, text } of files) {
    const lines = text.split('\n');
    if (lines.length > maxLines && longFiles[path] === undefined) {
      violations.push(
        `${path}: ${lines.length} lines (limit ${maxLines}): split it by subject, or give the reason in tools/check-sizes.ts`,
      );
    }
    if (path.endsWith('.test.ts')) continue;
    for (const { name, line, length } of functionsIn(lines)) {
      if (length <= maxFunctionLines || longFunctions[`${path}:${name}`] !== undefined) continue;
      violations.push(`${path}:${line}: ${name} has ${length} lines (limit ${maxFunctionLines})`);
    }
  }
  return violations;
}

/** A function or method as it stands in a file. */
export interface FunctionLines {
  readonly name: string;
  /** Line of its head, from 1. */
  readonly line: number;
  /** Lines from the head to the closing brace. */
  readonly length: number;
}

/** Returns the functions and methods of a file. The formatter puts a function's end at the indentation of its start, so no parser is needed. */
export function functionsIn(lines: readonly string[]): FunctionLines[] {
  const starts =
    /^(\s*)(?:export )?(?:default )?(?:static )?(?:override )?(?:async )?(?:function\*?\s+([\w$]+)|\*?(#?[\w$]+)(?:<[^(]*>)?\([^)]*\)(?::[^={]+)?) ?.*\{$/;
  return lines.flatMap((line, at) => {
    const start = starts.exec(line);
    if (start === null || /^\s*(?:if|for|while|switch|catch|else|return)\b/.test(line)) return [];
    const end = lines.findIndex((candidate, i) => i > at && candidate.startsWith(`${start[1]}}`));
    return end > 0 ? [{ name: start[2] ?? start[3] ?? '?', line: at + 1, length: end - at + 1 }] : [];
  });
}
