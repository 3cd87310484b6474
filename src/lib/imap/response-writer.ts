import { quotedText, type TextOptions } from './quoted.ts';

const encoder = new TextEncoder();

/**
 * Collects responses as bytes in one growing buffer. Nothing is checked against the grammar, but `quoted`, `astring` and `nstring`
 * choose a form that can carry the text: an atom or a quoted string if possible, else a literal.
 */
export class ResponseWriter {
  #bytes: Uint8Array;
  #size = 0;
  readonly #initial: number;

  /** @param capacityBytes  Initial size of the buffer, also after `take`. */
  constructor(capacityBytes = 4096) {
    this.#initial = capacityBytes;
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** Writes ASCII text unchanged; other characters are corrupted. */
  ascii(text: string): this {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let at = this.#size;
    if (text.length > 48) at += encoder.encodeInto(text, bytes.subarray(at)).written;
    else for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#size = at;
    return this;
  }

  /** Writes text as UTF-8, unchanged. */
  utf8(text: string): this {
    // At most three octets for each code unit.
    this.#reserve(text.length * 3);
    this.#size += encoder.encodeInto(text, this.#bytes.subarray(this.#size)).written;
    return this;
  }

  /** Writes a whole number from 0 to 2^53-1 in decimal. */
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

  /** Writes bytes unchanged. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
    return this;
  }

  /** Writes CR LF. */
  crlf(): this {
    this.#reserve(2);
    this.#bytes[this.#size++] = 0x0d;
    this.#bytes[this.#size++] = 0x0a;
    return this;
  }

  /** Writes a `string`: quoted if possible, else a literal of its UTF-8. Leaves out NUL, which no string may contain. */
  quoted(text: string, options: TextOptions): this {
    return this.utf8(quotedText(text, options));
  }

  /** Writes an `astring` (RFC 9051 §9): an atom if possible, else like `quoted`. */
  astring(text: string, options: TextOptions): this {
    // "NIL" would be an atom by the grammar, but readers take it for nil.
    return isAtom.test(text) && !isNil.test(text) ? this.ascii(text) : this.quoted(text, options);
  }

  /** Writes an `nstring` (RFC 9051 §9): NIL for null, else like `quoted`. */
  nstring(text: string | null, options: TextOptions): this {
    return text === null ? this.ascii('NIL') : this.quoted(text, options);
  }

  /** Writes the header of a literal, `{size}` or `~{size}` and CRLF; its bytes follow by `raw` or outside this writer. */
  literalHeader(sizeBytes: number, binary: boolean): this {
    return this.ascii(binary ? '~{' : '{')
      .number(sizeBytes)
      .ascii('}\r\n');
  }

  /** Returns the bytes written so far. The caller owns them: the writer continues with a new buffer. */
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
