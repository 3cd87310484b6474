import { checkLineDiscipline } from '#lib/smtp';
import { prepareHeader, type PreparedHeader, type SubmissionRefusal, type SubmissionRules } from './prepare.ts';

/** Options of `HeaderEditor`. */
export interface HeaderEditorOptions {
  readonly rules: SubmissionRules;
  /** Longer headers are refused; default 256 KiB. */
  readonly maxHeaderBytes?: number;
}

const LF = 10;
const CR = 13;
const defaultMaxHeaderBytes = 256 * 1024;

/**
 * Edits the header of a message that arrives in chunks: keeps it until its empty line, applies `prepareHeader`, then lets the body pass.
 * After a refusal everything is swallowed, and `finish` returns the refusal.
 */
export class HeaderEditor {
  readonly #rules: SubmissionRules;
  readonly #maxHeaderBytes: number;
  /** Bytes received so far, with room to grow. */
  #buffer: Uint8Array = noBytes;
  #length = 0;
  #result: PreparedHeader | SubmissionRefusal | null = null;

  constructor({ rules, maxHeaderBytes = defaultMaxHeaderBytes }: HeaderEditorOptions) {
    this.#rules = rules;
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  /** Takes the next bytes. @returns what may go on, null when nothing. */
  push(chunk: Uint8Array): Uint8Array | null {
    if (this.#result !== null) return this.#result.kind === 'prepared' ? chunk : null;
    // An empty line may be cut by chunks.
    const lookFrom = Math.max(0, this.#length - 3);
    const held = this.#hold(chunk);
    const end = headerEnd(held, lookFrom);
    if (end < 0 && held.length <= this.#maxHeaderBytes) return null;
    if (end < 0 || end > this.#maxHeaderBytes) {
      const text = `the header is too long: the limit is ${this.#maxHeaderBytes} bytes`;
      return this.#take({ kind: 'refused', code: 554, enhanced: '5.6.0', text }, held, 0);
    }
    return this.#take(this.#prepare(held.subarray(0, end)), held, end);
  }

  /** Facts in the header, once it is complete; null before, and for a header that was refused. */
  get prepared(): PreparedHeader | null {
    return this.#result?.kind === 'prepared' ? this.#result : null;
  }

  /** Ends the message. @returns the rest of the bytes, if any, and what the header said. */
  finish(): { readonly rest: Uint8Array | null; readonly result: PreparedHeader | SubmissionRefusal } {
    const held = this.#buffer.subarray(0, this.#length);
    const rest = this.#result === null ? this.#take(this.#prepare(held), held, held.length) : null;
    const result = this.#result;
    if (result === null) throw new Error('no result after the end');
    return { rest, result };
  }

  /** Readers disagree on where a header with a bare CR or LF ends, so what it says is unknown. */
  #prepare(header: Uint8Array): PreparedHeader | SubmissionRefusal {
    if (checkLineDiscipline(header) === null) return prepareHeader(header, this.#rules);
    return { kind: 'refused', code: 550, enhanced: '5.6.0', text: 'the header has a bare CR or LF' };
  }

  /** Adds to what is held, in one piece that grows by doubling: many small chunks cost linear time. A first chunk is not copied. */
  #hold(chunk: Uint8Array): Uint8Array {
    const length = this.#length + chunk.length;
    if (this.#length === 0) this.#buffer = chunk;
    else {
      if (length > this.#buffer.length || this.#buffer.buffer === chunk.buffer) {
        const larger = new Uint8Array(Math.max(2 * this.#length, length));
        larger.set(this.#buffer.subarray(0, this.#length));
        this.#buffer = larger;
      }
      this.#buffer.set(chunk, this.#length);
    }
    this.#length = length;
    return this.#buffer.subarray(0, length);
  }

  /** @param held  Everything so far. @param end  Where its header ends. */
  #take(result: PreparedHeader | SubmissionRefusal, held: Uint8Array, end: number): Uint8Array | null {
    this.#result = result;
    this.#buffer = noBytes;
    if (result.kind === 'refused') return null;
    if (result.header.length === end) return held;
    const bytes = new Uint8Array(result.header.length + held.length - end);
    bytes.set(result.header);
    bytes.set(held.subarray(end), result.header.length);
    return bytes;
  }
}

const noBytes = new Uint8Array(0);

/** Offset after the empty line, looked for from `from`; -1 when there is none yet. */
function headerEnd(bytes: Uint8Array, from: number): number {
  if (bytes[0] === CR && bytes[1] === LF) return 2;
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}
