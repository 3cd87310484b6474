import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit, type Document } from 'yaml';
import type { z } from 'zod';
import { escapeControls } from '#lib/printable';
import { nameKnownKeys, schemaProblem, type Wording } from './wording.ts';
import { yamlProblem } from './yaml-wording.ts';

/** The text of one configuration file. */
export interface ConfigFile {
  /** Path as shown to people. */
  readonly file: string;
  readonly text: string;
}

/** One mistake in a configuration, for people: place, reason and fix. */
export type ConfigProblem = Wording & { readonly place: FilePlace | VariablePlace };

/** A setting in a file. */
interface FilePlace {
  readonly kind: 'file';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** Such as `listeners.public.smtp.port`; empty for the whole file. */
  readonly path: string;
}

/** A variable of the environment. */
interface VariablePlace {
  readonly kind: 'variable';
  readonly name: string;
}

/** A checked value that can report problems at the places in the file where its parts are written. */
export interface ConfigDocument<T> {
  readonly file: string;
  readonly text: string;
  readonly value: T;
  /** Builds a problem at a path of the document. */
  readonly problemAt: (path: readonly (string | number)[], reason: string, fix: string) => ConfigProblem;
}

/** Refusal of a configuration file; `problems` lists every reason. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Sorted by line within each file. */
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const ordered = inOrder(problems);
    super(ordered.map(formatProblem).join('\n'), options);
    this.problems = ordered;
  }
}

/**
 * Formats a problem as `file:line:column: path: reason. fix`, which editors and terminals turn into a link, or with the variable as its place.
 * The result is always one line, regardless of the values in the file.
 */
export function formatProblem({ place, reason, fix }: ConfigProblem): string {
  const said = `${reason}. ${fix}`;
  if (place.kind === 'variable') return escapeControls(`environment variable ${place.name}: ${said}`);
  const { file, line, column, path } = place;
  return escapeControls(`${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${said}`);
}

/** Sorts the problems of each file from top to bottom; files keep their order. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const byFile = Map.groupBy(problems, ({ place }) => (place.kind === 'file' ? place.file : null));
  return [...byFile.values()].flatMap((list) => list.toSorted((a, b) => comparePlaces(a.place, b.place)));
}

function comparePlaces(a: ConfigProblem['place'], b: ConfigProblem['place']): number {
  return a.kind === 'file' && b.kind === 'file' ? a.line - b.line || a.column - b.column : 0;
}

const maxFileChars = 16 * 2 ** 20;

/**
 * Parses YAML and checks it against a schema.
 * @param file  Name for messages.
 * @throws ConfigError naming every problem with line and column.
 */
export function parseConfig<S extends z.ZodType>(file: string, text: string, schema: S): ConfigDocument<z.output<S>> {
  if (text.length > maxFileChars) throw new ConfigError([fileTooLarge(file)]);
  const { document, lines } = parseYaml(file, text);
  if (document.contents === null) {
    throw new ConfigError([wholeFile(file, 'the file is empty', "'godwit config example' prints one to start from")]);
  }
  const problemAt = problemsIn(file, document, lines);
  const result = schema.safeParse(plainValue(file, document), { error: nameKnownKeys });
  if (result.success) return { file, text, value: result.data, problemAt };
  const problems = result.error.issues.flatMap((issue) => schemaProblem(issue));
  throw new ConfigError(problems.map(({ path, reason, fix }) => problemAt(path, reason, fix)));
}

/** Makes a problem of a whole file, such as its absence. */
export function wholeFile(file: string, reason: string, fix: string): ConfigProblem {
  return { place: { kind: 'file', file, line: 1, column: 1, path: '' }, reason, fix };
}

/** Makes the problem of a file that is too large for a configuration. */
export function fileTooLarge(file: string): ConfigProblem {
  return wholeFile(file, 'the file is larger than 16 MiB', 'Check that this is the file you mean');
}

/** Makes a problem at a setting that was valid when the file was read, such as a port or a certificate. */
export function problemInFile(
  { file, text }: ConfigFile,
  path: readonly (string | number)[],
  reason: string,
  fix: string,
): ConfigProblem {
  const lines = new LineCounter();
  return problemsIn(file, parseDocument(text, { lineCounter: lines }), lines)(path, reason, fix);
}

function parseYaml(file: string, text: string): { readonly document: Document; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: 'error',
  });
  const at = (offset: number, { reason, fix }: Wording): ConfigProblem => {
    return { place: placeAt(file, lines, offset, ''), reason, fix };
  };
  // Errors after the first are mostly its consequences.
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
    return { place: placeAt(file, lines, offsetOf(document, path), path.join('.')), reason, fix };
  };
}

function placeAt(file: string, lines: LineCounter, offset: number, path: string): FilePlace {
  const { line, col } = lines.linePos(offset);
  return { kind: 'file', file, line: Math.max(line, 1), column: Math.max(col, 1), path };
}

/** Converts the document to plain values. @throws ConfigError when aliases expand it far beyond its text. */
function plainValue(file: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    // The library throws ReferenceError for this only.
    if (!(cause instanceof ReferenceError)) throw cause;
    const fix = 'Write the values out where they are used';
    throw new ConfigError([wholeFile(file, 'values that begin with * refer to too much, or to themselves', fix)], {
      cause,
    });
  }
}

/** Returns the offset of the deepest node on the path: of the key in a mapping, of the entry in a list. */
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
