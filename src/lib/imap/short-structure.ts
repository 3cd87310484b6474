/** Thrown for a text that `writeBodyStructure` did not write. */
export class NoBodyStructure extends Error {
  override readonly name = 'NoBodyStructure';
}

/**
 * Returns BODY for a BODYSTRUCTURE that `writeBodyStructure` wrote (RFC 9051 §7.5.2): the same without extension data, which ends each part.
 * @throws NoBodyStructure for any other text.
 */
export function shortStructure(bodyStructure: string): string {
  const reader = new StructureReader(bodyStructure);
  reader.part();
  if (!reader.isAtEnd) throw new NoBodyStructure('text follows the structure');
  return reader.copied;
}

/** Reader that copies parts without their extension data. */
class StructureReader {
  readonly #text: string;
  #at = 0;
  /** Start of the text that has not been copied yet. */
  #from = 0;
  #copied = '';

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  get copied(): string {
    return this.#copied + this.#text.slice(this.#from, this.#at);
  }

  part(): void {
    this.#expect('(');
    if (this.#next === '(') {
      while (this.#next === '(') this.part();
      this.#values(1);
    } else {
      // The type has no space before it; subtype, parameters, id, description, encoding and size follow.
      this.#value();
      this.#values(6);
      const after = this.#text[this.#at + 1] ?? '';
      if (after === '(') {
        // RFC 9051 §9, body-type-msg: an envelope, a structure and a number of lines. Extension data never begins with a parenthesis.
        this.#values(1);
        this.#expect(' ');
        this.part();
        this.#values(1);
      } else if (isDigit(after)) this.#values(1);
    }
    const end = this.#at;
    while (this.#next === ' ') this.#values(1);
    if (this.#at > end) {
      this.#copied += this.#text.slice(this.#from, end);
      this.#from = this.#at;
    }
    this.#expect(')');
  }

  get #next(): string {
    return this.#text[this.#at] ?? '';
  }

  #expect(char: string): void {
    if (this.#next !== char) throw new NoBodyStructure(`no '${char}' at ${this.#at} of the structure`);
    this.#at++;
  }

  /** Skips values, each after a space. */
  #values(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#expect(' ');
      this.#value();
    }
  }

  /** Skips a string, a number, NIL, or a list of values in parentheses. */
  #value(): void {
    let depth = 0;
    do {
      const char = this.#next;
      if (char === '(') {
        depth++;
        this.#at++;
      } else if (char === ')' && depth > 0) {
        depth--;
        this.#at++;
      } else if (char === ' ' && depth > 0) this.#at++;
      else if (char === '"') this.#quoted();
      else if (char === '{') this.#literal();
      else this.#atom();
    } while (depth > 0);
  }

  #quoted(): void {
    const text = this.#text;
    let at = this.#at + 1;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    if (at >= text.length) throw new NoBodyStructure('a string of the structure has no end');
    this.#at = at + 1;
  }

  #literal(): void {
    const text = this.#text;
    const end = text.indexOf('}\r\n', this.#at);
    const size = end < 0 ? Number.NaN : Number(text.slice(this.#at + 1, end));
    let at = end + 3;
    let left = size;
    while (left > 0 && at < text.length) {
      const code = text.codePointAt(at) ?? 0;
      left -= octets(code);
      at += code > 0xffff ? 2 : 1;
    }
    if (left !== 0) throw new NoBodyStructure('a literal of the structure has no end');
    this.#at = at;
  }

  #atom(): void {
    const start = this.#at;
    while (isAtom(this.#next)) this.#at++;
    if (this.#at === start) throw new NoBodyStructure(`no value at ${start} of the structure`);
  }
}

/** Counts the octets of a character of an `octetText` of #lib/charset: U+EF80 to U+EFFF represent one each, the others are UTF-8. */
function octets(code: number): number {
  if (code < 0x80 || (code >= 0xef80 && code <= 0xefff)) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isAtom(char: string): boolean {
  return isDigit(char) || (char >= 'A' && char <= 'Z');
}
