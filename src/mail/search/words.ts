import type { WordPattern } from '#ports/search-index';

/**
 * Letters, digits and marks that stand together are a word. Scripts that are written without spaces give a word for each two letters that follow
 * each other instead, or one for a letter that stands alone.
 */
const dense = String.raw`[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Tibt}]`;
const runs = new RegExp(String.raw`[[\p{L}\p{N}\p{M}]&&${dense}]+|[[\p{L}\p{N}\p{M}]--${dense}]+`, 'gv');
const isDense = new RegExp(`^${dense}`, 'v');
const asciiRuns = /[a-z0-9]+/g;
const isAscii = /^[\0-\x7f]*$/;

/** Characters of a word; a longer one is cut into pieces that overlap by half, so that any half of such length is whole in one of them. */
const maxWordChars = 32;
const halfWordChars = maxWordChars / 2;
/** Patterns of one text; more would hardly narrow a search any further. */
const maxPatterns = 12;

/** Adds the words of a text, which is folded as `Haystack` folds it: also before its letters are composed, where that makes a difference. */
export function addWords(text: string, words: Set<string>): void {
  const lower = text.toLowerCase();
  if (isAscii.test(lower)) {
    for (const [run] of lower.matchAll(asciiRuns)) addRun(run, words);
    return;
  }
  addRuns(lower, words);
  const composed = text.normalize('NFC').toLowerCase();
  if (composed !== lower) addRuns(composed, words);
}

function addRuns(text: string, words: Set<string>): void {
  for (const [run] of text.matchAll(runs)) {
    if (isDense.test(run)) for (const pair of pairsOf(run)) words.add(pair);
    else addRun(run, words);
  }
}

function addRun(run: string, words: Set<string>): void {
  if (run.length <= maxWordChars) words.add(run);
  else for (const piece of piecesOf(run)) words.add(piece);
}

/** Pieces of a long word that begin at each half; letters outside of the basic plane are never cut. */
function* piecesOf(run: string): Generator<string> {
  const chars = Array.from(run);
  for (let at = 0; at === 0 || at + halfWordChars < chars.length; at += halfWordChars)
    yield chars.slice(at, at + maxWordChars).join('');
}

function pairsOf(run: string): string[] {
  const chars = Array.from(run);
  return chars.length === 1 ? chars : chars.slice(1).map((char, i) => `${chars[i] ?? ''}${char}`);
}

/**
 * Returns patterns of which every text that contains a folded text has words: none when nothing can be said. The first and the last word may be pieces of
 * longer ones in the text that is searched; those between them are whole.
 */
export function patternsOf(folded: string): readonly WordPattern[] {
  // Half a letter may stand in the middle of a word.
  if (!folded.isWellFormed()) return [];
  const patterns: WordPattern[] = [];
  for (const { 0: run, index } of folded.matchAll(runs)) {
    const isFirst = index === 0;
    const isLast = index + run.length === folded.length;
    if (isDense.test(run)) patterns.push(...densePatterns(run, isFirst || isLast));
    else patterns.push(pattern(run, isFirst, isLast));
  }
  // Long words are rarer.
  return patterns.toSorted((a, b) => b.text.length - a.text.length).slice(0, maxPatterns);
}

function densePatterns(run: string, isAtEdge: boolean): WordPattern[] {
  const pairs = pairsOf(run);
  const [only] = pairs;
  if (pairs.length === 1 && only === run && Array.from(run).length === 1)
    return [{ kind: isAtEdge ? 'inside' : 'whole', text: run }];
  return [...new Set(pairs)].map((text) => ({ kind: 'whole', text }));
}

function pattern(run: string, isFirst: boolean, isLast: boolean): WordPattern {
  const chars = Array.from(run);
  if (isFirst && isLast) return { kind: 'inside', text: chars.slice(0, halfWordChars).join('') };
  if (isFirst) return { kind: 'end', text: chars.slice(-halfWordChars).join('') };
  if (isLast) return { kind: 'beginning', text: chars.slice(0, halfWordChars).join('') };
  // A long word may be cut elsewhere where a long text was read in pieces.
  if (run.length > maxWordChars) return { kind: 'inside', text: chars.slice(0, halfWordChars).join('') };
  return { kind: 'whole', text: run };
}
