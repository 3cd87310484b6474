import { LineCounter, isMap, isNode, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

/** One thing wrong in a configuration file, for people: where, what, and what to do. */
export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Such as `listeners.public.smtp.port`; empty for the whole file. */
  readonly path: string;
  readonly reason: string;
  readonly fix: string | null;
}

/** A checked value with a way back to where its parts were written. */
export interface ConfigDocument<T> {
  readonly file: string;
  readonly text: string;
  readonly value: T;
  /** Builds a problem at a path of the document. */
  readonly problemAt: (path: readonly (string | number)[], reason: string, fix?: string) => ConfigProblem;
}

/** A configuration file was refused; `problems` has every reason. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `file:line:column: path: reason (fix)`, as editors and terminals link it. */
export function formatProblem({ file, line, column, path, reason, fix }: ConfigProblem): string {
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${where}${reason}${fix === null ? '' : `. ${fix}`}`;
}

const maxFileChars = 16 * 2 ** 20;

/**
 * Parses YAML and checks it against a schema.
 * @param file  Name for messages.
 * @throws ConfigError naming every problem with line and column.
 */
export function parseConfig<S extends z.ZodType>(file: string, text: string, schema: S): ConfigDocument<z.output<S>> {
  const lines = new LineCounter();
  if (text.length > maxFileChars) throw new ConfigError([whole(file, 'the file is larger than 16 MiB')]);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0]);
        return { file, line, column: Math.max(col, 1), path: '', reason: message, fix: null };
      }),
    );
  }
  const problemAt = (path: readonly (string | number)[], reason: string, fix?: string): ConfigProblem => {
    const { line, col } = lines.linePos(offsetOf(document, path));
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: path.join('.'), reason, fix: fix ?? null };
  };
  const result = schema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (result.success) return { file, text, value: result.data, problemAt };
  throw new ConfigError(result.error.issues.flatMap((issue) => problemsOf(issue, problemAt)));
}

function whole(file: string, reason: string): ConfigProblem {
  return { file, line: 1, column: 1, path: '', reason, fix: null };
}

function problemsOf(
  issue: z.core.$ZodIssue,
  problemAt: (path: readonly (string | number)[], reason: string, fix?: string) => ConfigProblem,
): ConfigProblem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        problemAt(
          [...path, key],
          'unknown setting',
          "'godwit config describe' lists the settings; check the spelling and the indentation",
        ),
      );
    case 'invalid_type':
      return issue.input === undefined && issue.message.includes('undefined')
        ? [problemAt(path, 'is missing', `Add it: ${article(issue.expected)}`)]
        : [problemAt(path, `must be ${article(issue.expected)}`)];
    case 'invalid_key':
      return issue.issues.map((inner) => problemAt(path, `bad name: ${inner.message}`));
    default:
      return [problemAt(path, issue.message.charAt(0).toLowerCase() + issue.message.slice(1))];
  }
}

function article(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    object: 'a block of settings',
    record: 'a block of named entries',
    array: 'a list',
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  };
  return words[expected] ?? expected;
}

/** Offset of the deepest node that exists on the path: of the key in a mapping, of the entry in a list. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const step = path[depth - 1];
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      : undefined;
    const node = pair?.key ?? (isSeq(parent) && typeof step === 'number' ? parent.items[step] : undefined);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
