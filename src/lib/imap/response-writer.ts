import { quotedText, type TextOptions } from './quoted.ts';

const encoder = new TextEncoder();

/**
 * Collects responses as bytes in one growing buffer. Nothing is checked against the grammar, except that text given to `quoted`,
 * `astring` and `nstring` comes out in a form that carries it: as an atom or quoted if it can be, else as a literal.
 */
export class ResponseWriter {
  #bytes: Uint8Array;
  #size = 0;
  readonly #initial: number;

  /** @param capacityBytes  Size of the buffer to start with; `take` goes back to it. */
  constructor(capacityBytes = 4096) {
    this.#initial = capacityBytes;
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** ASCII text as it is; other characters come out wrong. */
  ascii(text: string): this {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let at = this.#size;
    if (text.length > 48) at += encoder.encodeInto(text, bytes.subarray(at)).written;
    else for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#size = at;
    return this;
  }

  /** Text as UTF-8, as it is. */
  utf8(text: string): this {
    // At most three octets for each code unit.
    this.#reserve(text.length * 3);
    this.#size += encoder.encodeInto(text, this.#bytes.subarray(this.#size)).written;
    return this;
  }

  /** A whole number from 0 to 2^53-1 in decimal. */
  number(n: number): this {
    this.#reserve(16);
    if (n < 10) {
      this.#bytes[this.#size++] = 0x30 + n;
      return this;
    }
    if (n > 0x7fff_ffff) return this.ascii(String(n));
    let digits = 2;
    for (let bound = 100; bound <= n; bound *= 10) digits++;
    let rest = n;
    for (let at = this.#size + digits - 1; at >= this.#size; at--) {
      const next = (rest / 10) | 0;
      this.#bytes[at] = 0x30 + rest - next * 10;
      rest = next;
    }
    this.#size += digits;
    return this;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
    return this;
  }

  /** CR LF. */
  crlf(): this {
    this.#reserve(2);
    this.#bytes[this.#size++] = 0x0d;
    this.#bytes[this.#size++] = 0x0a;
    return this;
  }

  /** A `string`: quoted if the text can be, else a literal of its UTF-8. NUL is left out, since no string may hold it. */
  quoted(text: string, options: TextOptions): this {
    return this.utf8(quotedText(text, options));
  }

  /** An `astring`: an atom if the text can be, else as `quoted`. */
  astring(text: string, options: TextOptions): this {
    // "NIL" would be an atom by the grammar, but readers take it for nil.
    return isAtom.test(text) && !isNil.test(text) ? this.ascii(text) : this.quoted(text, options);
  }

  /** An `nstring`: NIL for null, else as `quoted`. */
  nstring(text: string | null, options: TextOptions): this {
    return text === null ? this.ascii('NIL') : this.quoted(text, options);
  }

  /** The header of a literal, `{size}` or `~{size}` and CRLF; its bytes follow by `raw`, or apart from this writer. */
  literalHeader(sizeBytes: number, binary: boolean): this {
    return this.ascii(binary ? '~{' : '{')
      .number(sizeBytes)
      .ascii('}\r\n');
  }

  /** Returns the bytes written so far; the writer starts over with another buffer, so they belong to the caller. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#size);
    this.#bytes = new Uint8Array(this.#initial);
    this.#size = 0;
    return taken;
  }

  #reserve(more: number): void {
    const wanted = this.#size + more;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}

const isAtom = /^[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+$/;
const isNil = /^nil$/i;
