import { defaultReplyLimits, type ReplyLimits } from './limits.ts';
import type { Reply } from './reply.ts';

/** A reply, or the reason why the server's bytes are none, after which no event follows. */
export type ReplyEvent =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'bad'; readonly reason: string };

const empty = new Uint8Array(0);
// RFC 5321 §4.2 allows printable ASCII and HT in the text. Servers send anything, so octets that are not UTF-8 become replacement characters.
const decoder = new TextDecoder('utf-8');
// RFC 5321 §4.2: three digits, of which the first is 2 to 5, then a hyphen on all lines but the last. RFC 5321 §4.2 also allows a code without text.
const replyLine = /^([2-5][0-9][0-9])([ -]?)(.*)$/s;
const enhancedCode = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|$)/;

/** Reads a server's replies from chunks (RFC 5321 §4.2), with bounds. Feed a chunk, then take events until null. */
export class ReplyParser {
  readonly #limits: ReplyLimits;
  #rest: Uint8Array = empty;
  #searched = 0;
  #code = 0;
  #enhanced: string | null = null;
  #lines: string[] = [];
  #isBad = false;

  constructor(limits: Partial<ReplyLimits> = {}) {
    this.#limits = { ...defaultReplyLimits, ...limits };
  }

  /** Takes the next bytes. */
  feed(chunk: Uint8Array): void {
    if (this.#rest.length === 0) {
      this.#rest = chunk;
      return;
    }
    const joined = new Uint8Array(this.#rest.length + chunk.length);
    joined.set(this.#rest);
    joined.set(chunk, this.#rest.length);
    this.#rest = joined;
  }

  /** Returns the next reply, or null when more bytes are needed. */
  next(): ReplyEvent | null {
    if (this.#isBad) return null;
    for (;;) {
      const end = this.#rest.indexOf(10, this.#searched);
      const bytes = end < 0 ? this.#rest.length : end + 1;
      if (bytes > this.#limits.maxLineBytes) return this.#bad('reply line too long');
      if (end < 0) {
        this.#searched = this.#rest.length;
        // An idle connection keeps no buffer alive.
        if (this.#rest.length === 0) this.#rest = empty;
        return null;
      }
      const event = this.#line(decoder.decode(this.#rest.subarray(0, this.#rest[end - 1] === 13 ? end - 1 : end)));
      this.#rest = this.#rest.subarray(end + 1);
      this.#searched = 0;
      if (event !== null) return event;
    }
  }

  /** Reports whether bytes are waiting that no event has returned yet, complete or not. */
  hasInput(): boolean {
    return this.#rest.length > 0 || this.#lines.length > 0;
  }

  /** Drops what was fed, as after STARTTLS: nothing received in plaintext counts (RFC 3207 §4.2). */
  discard(): void {
    this.#rest = empty;
    this.#searched = 0;
    this.#lines = [];
  }

  #line(text: string): ReplyEvent | null {
    const match = replyLine.exec(text);
    const rest = match?.[3] ?? '';
    if (match === null || (match[2] === '' && rest !== '')) return this.#bad('not an SMTP reply');
    const code = Number(match[1]);
    if (this.#lines.length === 0) {
      this.#code = code;
      this.#enhanced = null;
    } else if (code !== this.#code) {
      // RFC 5321 §4.2.1: the code on each line of a reply MUST be the same.
      return this.#bad('lines of one reply have different codes');
    }
    if (this.#lines.length === this.#limits.maxLines) return this.#bad('reply has too many lines');
    const enhanced = enhancedCode.exec(rest);
    // RFC 2034 §4: the class agrees with the first digit of the code; otherwise it is text that looks like one.
    if (enhanced?.[1] !== undefined && enhanced[1].startsWith(String(match[1]).charAt(0))) {
      this.#enhanced ??= enhanced[1];
      this.#lines.push(rest.slice(enhanced[0].length));
    } else {
      this.#lines.push(rest);
    }
    if (match[2] === '-') return null;
    const lines = this.#lines;
    this.#lines = [];
    return { kind: 'reply', reply: { code, enhanced: this.#enhanced, lines } };
  }

  #bad(reason: string): ReplyEvent {
    this.#isBad = true;
    this.discard();
    return { kind: 'bad', reason };
  }
}
