/** Finds the statements that the code makes with the `sql` tag, and those among them that never ran. */
import type { SourceFile } from './source-files.ts';

/** One use of the `sql` tag. */
export interface SqlTemplate {
  readonly path: string;
  readonly line: number;
  /** Text between the interpolated values. */
  readonly pieces: readonly string[];
}

/** Finds the templates of a file, those inside of others included. */
export function sqlTemplates({ path, text }: SourceFile): SqlTemplate[] {
  const found: SqlTemplate[] = [];
  for (const match of text.matchAll(/\bsql`/g)) {
    const start = match.index + match[0].length;
    const line = text.slice(0, start).split('\n').length;
    found.push({ path, line, pieces: piecesFrom(text, start).pieces });
  }
  return found;
}

/** Reads a template from behind its first backtick. @returns its pieces, and the offset behind its last backtick. */
function piecesFrom(text: string, start: number): { readonly pieces: string[]; readonly end: number } {
  const pieces: string[] = [];
  let piece = '';
  let at = start;
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '\\') {
      piece += text.slice(at, at + 2);
      at += 2;
    } else if (text.startsWith('${', at)) {
      pieces.push(piece);
      piece = '';
      at = behindValue(text, at + 2);
    } else {
      piece += text[at];
      at += 1;
    }
  }
  return { pieces: [...pieces, piece], end: at + 1 };
}

/** Skips an interpolated value, with the templates and braces in it. */
function behindValue(text: string, start: number): number {
  let depth = 1;
  let at = start;
  while (at < text.length) {
    if (text[at] === '`') {
      at = piecesFrom(text, at + 1).end;
      continue;
    }
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    at += 1;
    if (depth === 0) break;
  }
  return at;
}

/** @returns one line for each template that is part of no statement that ran. */
export function statementsNotRun(files: readonly SourceFile[], ran: Iterable<string>): string[] {
  const texts = [...ran];
  return files
    .flatMap(sqlTemplates)
    .filter(({ pieces }) => !texts.some((text) => holds(text, pieces)))
    .map(
      ({ path, line, pieces }) => `${path}:${line}: never ran: ${pieces.join('…').replace(/\s+/g, ' ').slice(0, 120)}`,
    );
}

/** Reports whether a text has all pieces, one behind the other. */
function holds(text: string, pieces: readonly string[]): boolean {
  let at = 0;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}
