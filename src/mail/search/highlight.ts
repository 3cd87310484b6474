/** A text with its letters folded as searches fold them, and for each folded character the characters that it stands for. */
interface FoldedText {
  readonly text: string;
  /** Positions in the original: those of character i begin at `starts[i]` and end before `ends[i]`. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Characters of the original from `start` to `end` (exclusive). */
export interface MarkedRange {
  readonly start: number;
  readonly end: number;
}

/** A letter with the marks that combine with it, a syllable of single letters (Hangul), or a run of blanks. */
const clusters = /\s+|[\u1100-\u115f][\u1160-\u11a7]?[\u11a8-\u11ff]?\p{M}*|\P{M}\p{M}*|\p{M}+/gu;

/** RFC 8621 §5: a preview has at most 255 octets. */
const maxPreviewOctets = 255;
/** Characters that a preview shows before what was found, about. */
const charsBefore = 40;

/** Returns where texts occur in another, without case as searches compare: ascending ranges that do not touch. Without any the text has none of them. */
export function rangesOf(text: string, needles: readonly string[]): MarkedRange[] {
  const folded = foldedWithPlaces(text);
  const found: MarkedRange[] = [];
  for (const value of new Set(needles.map(foldedNeedle))) {
    if (value.trim() === '') continue;
    for (let at = folded.text.indexOf(value); at >= 0; at = folded.text.indexOf(value, at + value.length))
      found.push({ start: folded.starts[at] ?? 0, end: folded.ends[at + value.length - 1] ?? text.length });
  }
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of found.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** Returns a text as HTML, with ranges of it in `<mark>` elements. */
export function markedHtml(text: string, ranges: readonly MarkedRange[]): string {
  let html = '';
  let at = 0;
  for (const { start, end } of ranges) {
    html += `${escaped(text.slice(at, start))}<mark>${escaped(text.slice(start, end))}</mark>`;
    at = end;
  }
  return html + escaped(text.slice(at));
}

/** Returns the section of a text around the first range, as `markedHtml` does, in at most 255 octets and on one line. */
export function markedPreview(text: string, ranges: readonly MarkedRange[]): string {
  const [first] = ranges;
  if (first === undefined) return '';
  const from = sectionStart(text, first.start);
  const writer = new PreviewWriter();
  if (from > 0) writer.add('…', false);
  let range = 0;
  for (const [piece] of text.slice(from, from + 2 * maxPreviewOctets).matchAll(/\s+|[^]/gu)) {
    const at = from + writer.taken;
    while ((ranges[range]?.end ?? Number.POSITIVE_INFINITY) <= at) range += 1;
    const isMarked = at >= (ranges[range]?.start ?? Number.POSITIVE_INFINITY);
    if (!writer.add(/^\s/u.test(piece) ? ' ' : piece, isMarked)) return writer.end('…');
    writer.taken += piece.length;
  }
  return writer.end(from + writer.taken < text.length ? '…' : '');
}

/** Writes a preview until it is full. */
class PreviewWriter {
  /** Characters of the text that were taken in. */
  taken = 0;
  #html = '';
  #octets = 0;
  #isMarked = false;

  /** Adds a character. @returns false when there is no room for it and for what may have to follow. */
  add(char: string, isMarked: boolean): boolean {
    const tag = isMarked === this.#isMarked ? '' : isMarked ? '<mark>' : '</mark>';
    const piece = tag + escaped(char);
    const octets = octetsOf(piece);
    const reserved = octetsOf('…') + (isMarked ? '</mark>'.length : 0);
    if (this.#octets + octets + reserved > maxPreviewOctets) return false;
    this.#html += piece;
    this.#octets += octets;
    this.#isMarked = isMarked;
    return true;
  }

  end(rest: string): string {
    return `${this.#html}${this.#isMarked ? '</mark>' : ''}${rest}`.trim();
  }
}

/** Returns where a section begins that shows what is at `at`: behind a blank, if there is one nearby. */
function sectionStart(text: string, at: number): number {
  const from = Math.max(0, at - charsBefore);
  if (from === 0) return 0;
  const blank = /\s\S/u.exec(text.slice(from, at));
  const start = blank === null ? from : from + blank.index + 1;
  // Not in the middle of a character.
  return (text.charCodeAt(start) & 0xfc00) === 0xdc00 ? start + 1 : start;
}

const encoder = new TextEncoder();

function octetsOf(text: string): number {
  return encoder.encode(text).length;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function foldedNeedle(value: string): string {
  return foldedWithPlaces(value).text;
}

function foldedWithPlaces(text: string): FoldedText {
  const starts: number[] = [];
  const ends: number[] = [];
  let folded = '';
  for (const { 0: cluster, index } of text.matchAll(clusters)) {
    // A sigma at the end of a word is the same letter.
    const letters = /^\s/u.test(cluster) ? ' ' : cluster.normalize('NFC').toLowerCase().replaceAll('ς', 'σ');
    folded += letters;
    for (let i = 0; i < letters.length; i++) {
      starts.push(index);
      ends.push(index + cluster.length);
    }
  }
  return { text: folded, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}
