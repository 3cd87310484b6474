/** Case folded, in composed form, line breaks and runs of blanks as one space. */
function fold(text: string): string {
  return collapsed(text.normalize('NFC').toLowerCase());
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** A text to look for, with what tells faster than the whole comparison that another text does not contain it. */
export interface Needle {
  /** Folded: without case, in composed form, each run of blanks as one space. */
  readonly text: string;
  /** The longest piece of it without blanks: where that is missing the whole is, however lines are broken. */
  readonly word: string;
  readonly isAscii: boolean;
}

/** Prepares a text to look for. */
export function needleOf(value: string): Needle {
  const text = fold(value);
  const word = text.split(' ').reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '');
  return { text, word, isAscii: /^[\0-\x7f]*$/.test(text) };
}

/**
 * A text in which is searched: without case, and with line breaks and runs of blanks as one space, so that folded headers and wrapped
 * lines match. It is folded no further than the answers need, and kept as far as it was.
 */
export class Haystack {
  readonly #text: string;
  #lower: string | null = null;
  #composed: string | null = null;
  #collapsed: string | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reports whether it contains a text. */
  has({ text, word, isAscii }: Needle): boolean {
    // Composing letters makes none of US-ASCII.
    const lower = isAscii ? (this.#lower ??= this.#text.toLowerCase()) : this.#composedLower();
    if (!lower.includes(word)) return false;
    if (word.length === text.length) return true;
    this.#collapsed ??= collapsed(this.#composedLower());
    return this.#collapsed.includes(text);
  }

  #composedLower(): string {
    this.#composed ??= this.#text.normalize('NFC').toLowerCase();
    return this.#composed;
  }
}
