import { octetsOf } from '#lib/charset';
import { quotedOctets } from './quoted.ts';

/** Collects a part of a response as text, for responses that are made once and stored: there a string is cheaper than a buffer. */
export class TextWriter {
  #text = '';
  /** Other octets stand in literals only. */
  #hasLiteral = false;

  /** Text written so far, an `octetText` of #lib/charset. */
  get text(): string {
    return this.#text;
  }

  /** The text in the form in which it is sent: a string of US-ASCII, or bytes. */
  get ready(): string | Uint8Array {
    return this.#hasLiteral ? octetsOf(this.#text) : this.#text;
  }

  /** Writes US-ASCII text unchanged. */
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
    const string = quotedOctets(text);
    if (string.startsWith('{')) this.#hasLiteral = true;
    this.#text += string;
    return this;
  }

  /** Writes an `nstring`: NIL for null, else like `quoted`. */
  nstring(text: string | null): this {
    return text === null ? this.ascii('NIL') : this.quoted(text);
  }
}
