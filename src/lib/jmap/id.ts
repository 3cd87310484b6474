const idPattern = /^[A-Za-z0-9_-]{1,255}$/;

/** Reports whether a text may be an id: 1 to 255 characters of the URL-safe base64 alphabet (RFC 8620 §1.2). */
export function isId(text: string): boolean {
  return idPattern.test(text);
}

/**
 * Ids of one kind of object: a letter and the row id, such as `E17`. They begin with a letter, and no two differ in case only
 * (RFC 8620 §1.2).
 */
export class IdSpace {
  readonly #letter: string;
  readonly #pattern: RegExp;

  constructor(letter: string) {
    this.#letter = letter;
    this.#pattern = new RegExp(`^${letter}([1-9][0-9]{0,15})$`);
  }

  /** Returns the id of a row. */
  write(row: number): string {
    return `${this.#letter}${row}`;
  }

  /** Returns the row of an id; null when it is none of this kind. */
  read(id: string): number | null {
    const row = Number(this.#pattern.exec(id)?.[1] ?? Number.NaN);
    return Number.isSafeInteger(row) ? row : null;
  }
}
