/** Checks that types say "now or later" in one form (docs/style.md, 13; decision 0020). */
import type { SourceFile } from './source-files.ts';

/** A use of `Promise<…>` with the types that a union joins it to. */
interface PromiseUse {
  /** Its argument. */
  readonly value: string;
  /** Operand of the union before it, and after it; null where there is none. */
  readonly before: string | null;
  readonly after: string | null;
  /** True for the type that a function returns. */
  readonly isReturned: boolean;
}

const operand = String.raw`[\w.]+(?:<[^|;{}()]*>)?`;
const operandBefore = new RegExp(String.raw`(${operand}|[>)\]}'])\s*(?<!\|)\|\s*$`);
const operandAfter = new RegExp(String.raw`^\s*\|(?!\|)\s*(${operand}|[({[']?)`);

/** @returns one line per union with a promise that is neither `Promise<void> | null` nor `Uint8Array | Promise<Uint8Array>`, and per `instanceof Promise`. */
export function checkAsync(files: readonly SourceFile[]): string[] {
  const violations: string[] = [];
  for (const { path, text } of files) {
    const code = codeOf(text);
    for (const use of usesOf(code)) {
      const reason = problemOf(use);
      if (reason !== null) violations.push(`${path}: ${reason}`);
    }
    if (/\binstanceof Promise\b/.test(code)) {
      violations.push(`${path}: asks for instanceof Promise: compare with null, or await`);
    }
  }
  return violations;
}

function problemOf({ value, before, after, isReturned }: PromiseUse): string | null {
  if (before === null && after === null) return null;
  const written = [before, `Promise<${value}>`, after].filter((part) => part !== null).join(' | ');
  if (before === 'Uint8Array' && after === null && value === 'Uint8Array') return null;
  if (before !== null || after !== 'null') {
    return `${written} mixes now and later: make it a plain promise, or Promise<void> | null in a hot loop`;
  }
  // A field or a variable may hold work that runs; what a function returns is to be awaited.
  if (isReturned && value !== 'void')
    return `${written} is returned: null says that there is nothing to wait for, not a value`;
  return null;
}

function usesOf(code: string): PromiseUse[] {
  const uses: PromiseUse[] = [];
  for (const { index, 0: start } of code.matchAll(/\bPromise(?:Like)?</g)) {
    const end = closing(code, index + start.length);
    const [head, tail] = [code.slice(Math.max(0, index - 200), index), code.slice(end + 1, end + 200)];
    const before = operandBefore.exec(head)?.[1] ?? null;
    uses.push({
      value: code.slice(index + start.length, end),
      before,
      after: operandAfter.exec(tail)?.[1] ?? null,
      isReturned: /(?:\):|=>)\s*(?:\|\s*)?$/.test(head),
    });
  }
  return uses;
}

/** Returns the position of the bracket that closes the arguments of a type, which begin at `from`. */
function closing(code: string, from: number): number {
  let depth = 1;
  for (let at = from; at < code.length; at += 1) {
    const char = code[at];
    if (char === '<') depth += 1;
    else if (char === '>' && code[at - 1] !== '=') depth -= 1;
    if (depth === 0) return at;
  }
  return code.length;
}

/** Leaves out comments and the text of strings. */
function codeOf(text: string): string {
  return text
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/(?<=^|\s)\/\/.*$/gm, '')
    .replaceAll(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");
}
