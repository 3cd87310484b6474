import { quotedOctets } from './quoted.ts';

/** Collects a piece of a response as text: for what is made once and stored, where a string is cheaper than a buffer. */
export class TextWriter {
  #text = '';

  /** Text written so far, an `octetText` of #lib/charset. */
  get text(): string {
    return this.#text;
  }

  /** Text as it is. */
  ascii(text: string): this {
    this.#text += text;
    return this;
  }

  /** A whole number in decimal. */
  number(n: number): this {
    this.#text += n;
    return this;
  }

  /** A `string`, see `quotedOctets`. */
  quoted(text: string): this {
    this.#text += quotedOctets(text);
    return this;
  }

  /** An `nstring`: NIL for null, else as `quoted`. */
  nstring(text: string | null): this {
    this.#text += text === null ? 'NIL' : quotedOctets(text);
    return this;
  }
}
