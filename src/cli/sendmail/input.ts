const CR = 13;
const LF = 10;
const DOT = 46;
/** The UTF-8 form of U+FEFF, which editors and PowerShell put at the beginning of a file. */
const byteOrderMark = [0xef, 0xbb, 0xbf] as const;

/** Largest message that is taken, before line ends are put right. */
const maxInputBytes: number = 100 * 2 ** 20;

/** A message larger than the limit. */
export class InputTooLarge extends Error {
  override readonly name = 'InputTooLarge';
}

/**
 * Gathers a message from pieces of standard input and gives every line CRLF: LF, CR, and CR CR LF become one line end.
 * Unless dots are ignored, a line with only a dot ends the message, as it always did for sendmail. A byte order mark at the beginning is no
 * part of the message.
 */
export class MessageInput {
  readonly #ignoreDots: boolean;
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #length = 0;
  /** A CR was seen whose line end is not written yet. */
  #isAfterCr = false;
  #lineStart = 0;
  #ended = false;
  #mayHaveMark = true;

  constructor(options: { readonly ignoreDots: boolean; readonly maxBytes?: number }) {
    this.#ignoreDots = options.ignoreDots;
    this.#maxBytes = options.maxBytes ?? maxInputBytes;
    this.#bytes = new Uint8Array(Math.min(this.#maxBytes, 65_536));
  }

  /** Takes a piece. @returns whether more is wanted. @throws InputTooLarge */
  push(chunk: Uint8Array): boolean {
    for (let i = 0; i < chunk.length && !this.#ended; i += 1) {
      const byte = chunk[i] ?? 0;
      if (byte === LF) this.#endLine();
      else if (byte === CR) {
        // A run of CRs is one; without LF it ends the line by itself.
        this.#isAfterCr = true;
      } else {
        if (this.#isAfterCr) this.#endLine();
        if (!this.#ended) this.#put(byte);
      }
    }
    return !this.#ended;
  }

  /** The message so far, its last line ended. */
  finish(): Uint8Array {
    if (!this.#ended && (this.#isAfterCr || this.#length > this.#lineStart)) this.#endLine();
    this.#ended = true;
    return this.#bytes.subarray(0, this.#length);
  }

  #endLine(): void {
    this.#isAfterCr = false;
    const isDot = this.#length === this.#lineStart + 1 && this.#bytes[this.#lineStart] === DOT;
    if (isDot && !this.#ignoreDots) {
      this.#length = this.#lineStart;
      this.#ended = true;
      return;
    }
    this.#put(CR);
    this.#put(LF);
    this.#lineStart = this.#length;
  }

  /** Forgets the first octets once they are a byte order mark. */
  #dropMark(): void {
    const at = this.#length - 1;
    if (this.#bytes[at] !== byteOrderMark[at]) this.#mayHaveMark = false;
    else if (this.#length === byteOrderMark.length) {
      this.#mayHaveMark = false;
      this.#length = 0;
    }
  }

  #put(byte: number): void {
    if (this.#length === this.#bytes.length) {
      if (this.#length >= this.#maxBytes) throw new InputTooLarge(`the message has more than ${this.#maxBytes} bytes`);
      const larger = new Uint8Array(Math.min(this.#maxBytes, 2 * this.#length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length] = byte;
    this.#length += 1;
    if (this.#mayHaveMark) this.#dropMark();
  }
}

/** Reads a message from a stream of pieces until it ends or its dot comes. @throws InputTooLarge */
export async function readMessage(
  source: AsyncIterable<Uint8Array>,
  options: { readonly ignoreDots: boolean; readonly maxBytes?: number },
): Promise<Uint8Array> {
  const input = new MessageInput(options);
  for await (const chunk of source) if (!input.push(chunk)) break;
  return input.finish();
}
