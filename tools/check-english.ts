/**
 * Checks the English of comments, docs and commit subjects: opening words of docstrings, and words that have plainer ones.
 * What stood when the check was written is counted by area in english-baseline.json; the counts may only go down.
 */
import { commentOf } from './comments.ts';
import type { SourceFile } from './source-files.ts';

/** Words that no docstring opens with: a function's begins with a verb in the third person, a type's with a noun phrase. */
const badOpening = /^(?:What|Whatever|Whether|Who|Whoever|Whom|Whose|How|Where|Why|Nor)\b/;

/** Words and what to write instead. */
const words: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:somebody|someone|nobody|no one|anybody|everybody|whoever|whom)\b/i,
    'name the client, server, user, operator, sender, recipient or caller',
  ],
  [/\b(?:is|are|was|were|be|been) told\b/i, 'reported, notified, logged'],
  [/\b(?:hears?|heard|tells?|told) of\b/i, 'reports, records'],
  [/\blook-ups?\b/i, 'lookup'],
  [/\btime-outs?\b/i, 'timeout'],
  [/\bin clear\b/i, 'in plaintext'],
];

/** Addresses and names in quotes or code, such as nobody@example.org, are no prose. */
const quoted = /`[^`]*`|\b[\w.+-]+@[\w.-]+|'nobody'|"[^"]*"/g;

/** Counts of findings by area. */
export type EnglishCounts = Readonly<Record<string, number>>;

/** One finding. */
export interface EnglishFinding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Returns the findings in comments of source files, and in all lines of other texts. */
export function findEnglish(files: readonly SourceFile[]): EnglishFinding[] {
  return files.flatMap(({ path, text }) => {
    const found: EnglishFinding[] = [];
    const isSource = /\.m?ts$|\.mjs$/.test(path);
    for (const [i, whole] of text.split('\n').entries()) {
      const at = (said: string): void => void found.push({ path, line: i + 1, text: said });
      const opening = /^\s*\/\*\* (.*)$/.exec(whole)?.[1];
      if (opening !== undefined && badOpening.test(opening)) at(`a docstring opens with "${opening.split(' ', 1)[0]}"`);
      const prose = isSource ? commentOf(whole) : whole;
      for (const [pattern, instead] of words) {
        const word = pattern.exec(prose.replaceAll(quoted, ''))?.[0];
        if (word !== undefined) at(`"${word}": ${instead}`);
      }
    }
    return found;
  });
}

/** Returns a line for each area with more findings than its baseline, and the findings there: the new ones are among them. */
export function checkEnglish(files: readonly SourceFile[], baseline: EnglishCounts): string[] {
  const byArea = Map.groupBy(findEnglish(files), ({ path }) => areaOf(path));
  return [...byArea].flatMap(([area, found]) => {
    const most = baseline[area] ?? 0;
    if (found.length <= most) return [];
    const head = `${area}: ${found.length} findings of docs/style.md 26, ${most} at most (tools/english-baseline.json)`;
    return [head, ...found.map(({ path, line, text }) => `  ${path}:${line}: ${text}`)];
  });
}

/** Returns the baseline of what stands now, but no higher than the one before. */
export function nextBaseline(files: readonly SourceFile[], baseline: EnglishCounts | null): EnglishCounts {
  const byArea = Map.groupBy(findEnglish(files), ({ path }) => areaOf(path));
  const counts = [...byArea].map(([area, { length }]): readonly [string, number] => [
    area,
    baseline === null ? length : Math.min(length, baseline[area] ?? 0),
  ]);
  return Object.fromEntries(counts.filter(([, count]) => count > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The first two folders of a path, so that files may be moved and split: `src/mail`, `docs`. */
function areaOf(path: string): string {
  return path.split('/').slice(0, -1).slice(0, 2).join('/') || '.';
}

const maxSubjectChars = 72;
/** Verbs in the past, in the third person or with -ing. */
const notImperative =
  /^(?:added|adds|adding|fixed|fixes|fixing|changed|changes|changing|removed|removes|removing|made|makes|making|updated|updates|updating)\b/i;

/** Checks the subject of a commit: an area and a colon, then an imperative, in at most 72 characters. @returns what is wrong, null when nothing is. */
export function checkSubject(subject: string): string | null {
  if (subject.length > maxSubjectChars) return `${subject.length} characters, ${maxSubjectChars} at most: ${subject}`;
  const [, rest] = /^[a-z0-9][a-z0-9 ,./_-]*: (\S.*)$/i.exec(subject) ?? [];
  if (rest === undefined) return `no area before a colon: ${subject}`;
  if (notImperative.test(rest)) return `no imperative after the area: ${subject}`;
  return subject.endsWith('.') ? `a full stop at the end: ${subject}` : null;
}
