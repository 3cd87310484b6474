import { quotedText, type TextOptions } from './quoted.ts';

/** Collects a piece of a response as text: for what is made once and stored, where a string is cheaper than a buffer. */
export class TextWriter {
  #text = '';

  /** What was written, to be sent as UTF-8. */
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

  /** A `string`, see `quotedText`. */
  quoted(text: string, options: TextOptions): this {
    this.#text += quotedText(text, options);
    return this;
  }

  /** An `nstring`: NIL for null, else as `quoted`. */
  nstring(text: string | null, options: TextOptions): this {
    this.#text += text === null ? 'NIL' : quotedText(text, options);
    return this;
  }
}
