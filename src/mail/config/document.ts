import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit, type Document } from 'yaml';
import type { z } from 'zod';
import { nameKnownKeys, schemaProblem, yamlProblem } from './wording.ts';

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
  /** In the order of the lines of each file. */
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const ordered = inOrder(problems);
    super(ordered.map(formatProblem).join('\n'), options);
    this.problems = ordered;
  }
}

/** `file:line:column: path: reason (fix)`, as editors and terminals link it. */
export function formatProblem({ file, line, column, path, reason, fix }: ConfigProblem): string {
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${where}${reason}${fix === null ? '' : `. ${fix}`}`;
}

/** As they are read from top to bottom, whoever found them; files stay in the order in which they came. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const byFile = Map.groupBy(problems, ({ file }) => file);
  return [...byFile.values()].flatMap((list) => list.toSorted((a, b) => a.line - b.line || a.column - b.column));
}

const maxFileChars = 16 * 2 ** 20;

/**
 * Parses YAML and checks it against a schema.
 * @param file  Name for messages.
 * @throws ConfigError naming every problem with line and column.
 */
export function parseConfig<S extends z.ZodType>(file: string, text: string, schema: S): ConfigDocument<z.output<S>> {
  if (text.length > maxFileChars) throw new ConfigError([wholeFile(file, 'the file is larger than 16 MiB')]);
  const { document, lines } = parseYaml(file, text);
  if (document.contents === null) {
    throw new ConfigError([wholeFile(file, 'the file is empty', "'godwit config example' prints one to start from")]);
  }
  const problemAt = problemsIn(file, document, lines);
  const result = schema.safeParse(document.toJS({ maxAliasCount: 100 }), { error: nameKnownKeys });
  if (result.success) return { file, text, value: result.data, problemAt };
  const problems = result.error.issues.flatMap((issue) => schemaProblem(issue));
  throw new ConfigError(problems.map(({ path, reason, fix }) => problemAt(path, reason, fix)));
}

/** A problem of a file as a whole, or of its being there. */
export function wholeFile(file: string, reason: string, fix?: string): ConfigProblem {
  return { file, line: 1, column: 1, path: '', reason, fix: fix ?? null };
}

/** A problem at a setting that the file, which was right when it was read, is to be blamed for: a port, a certificate. */
export function problemInFile(
  { file, text }: { readonly file: string; readonly text: string },
  path: readonly (string | number)[],
  reason: string,
  fix?: string,
): ConfigProblem {
  const lines = new LineCounter();
  return problemsIn(file, parseDocument(text, { lineCounter: lines }), lines)(path, reason, fix);
}

function parseYaml(file: string, text: string): { readonly document: Document; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number, { reason, fix }: { readonly reason: string; readonly fix: string | null }) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: '', reason, fix };
  };
  // What follows the first error is mostly a consequence of it.
  const [error] = document.errors;
  if (error !== undefined) throw new ConfigError([at(error.pos[0], yamlProblem(error, text))]);
  const aliases: ConfigProblem[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (isAlias(alias) && alias.resolve(document) === undefined)
        aliases.push(at(alias.range?.[0] ?? 0, { reason: `*${alias.source} names nothing`, fix: quoteIt }));
    },
  });
  if (aliases.length > 0) throw new ConfigError(aliases);
  return { document, lines };
}

const quoteIt = 'Put texts that begin with * in quotes';

function problemsIn(file: string, document: Document, lines: LineCounter): ConfigDocument<unknown>['problemAt'] {
  return (path, reason, fix) => {
    const { line, col } = lines.linePos(offsetOf(document, path));
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: path.join('.'), reason, fix: fix ?? null };
  };
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
