/**
 * Checks the English of comments, docs and commit subjects: opening words of docstrings, and words that have plainer ones.
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

/** A violation of a rule of English, with its place. */
export interface EnglishViolation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Returns the violations in comments of source files, and in all lines of other texts. */
export function findEnglish(files: readonly SourceFile[]): EnglishViolation[] {
  return files.flatMap(({ path, text }) => {
    const found: EnglishViolation[] = [];
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

/** Returns a line for each violation. */
export function checkEnglish(files: readonly SourceFile[]): string[] {
  return findEnglish(files).map(({ path, line, text }) => `${path}:${line}: ${text} (docs/style.md 26)`);
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
