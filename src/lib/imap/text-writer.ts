import { quotedOctets } from './quoted.ts';

/** Collects a part of a response as text, for responses that are made once and stored: there a string is cheaper than a buffer. */
export class TextWriter {
  #text = '';

  /** Text written so far, an `octetText` of #lib/charset. */
  get text(): string {
    return this.#text;
  }

  /** Writes text unchanged. */
  ascii(text: string): this {
    this.#text += text;
    return this;
  }

  /** Writes a whole number in decimal. */
  number(n: number): this {
    this.#text += n;
    return this;
  }

  /** Writes a `string`, see `quotedOctets`. */
  quoted(text: string): this {
    this.#text += quotedOctets(text);
    return this;
  }

  /** Writes an `nstring`: NIL for null, else like `quoted`. */
  nstring(text: string | null): this {
    this.#text += text === null ? 'NIL' : quotedOctets(text);
    return this;
  }
}
