/** Most mistakes in a word that is still recognised. */
const maxMistakes = 2;
/** Longest word considered: longer ones are no misspelt settings. */
const maxChars = 64;

/** Returns the known setting that a word most likely means; null when it resembles none. */
export function nearestSetting(word: string, known: readonly string[]): string | null {
  if (word.length > maxChars) return null;
  let best: string | null = null;
  let fewest = Math.min(maxMistakes, Math.floor(word.length / 2)) + 1;
  for (const setting of known) {
    const mistakes = editDistance(word.toLowerCase(), setting.toLowerCase());
    if (mistakes >= fewest) continue;
    best = setting;
    fewest = mistakes;
  }
  return best;
}

/** Counts the letters to add, remove or replace (Levenshtein), and the neighbours to swap, to turn one word into the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (before[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min(replaced, swapped, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
