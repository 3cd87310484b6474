import { parseHeader, type HeaderField } from '#lib/message';
import { flattenParts, type Part } from '#lib/mime';
import type { TextCondition } from '#lib/search';
import type { EventLoop } from '#ports/event-loop';
import { partTexts, type TextPiece } from './body-text.ts';
import { Haystack, needleOf, type Needle } from './fold.ts';
import { fieldTexts, isShownOtherwise, wholeTexts } from './header-text.ts';
import { searchLimits, type SearchLimits } from './limits.ts';

/** A message to look into: whole, or its header only when all keys are about the header. */
export interface SearchedMessage {
  readonly header: Uint8Array;
  /** The part tree; null when only the header is looked at. */
  readonly root: Part | null;
  /** Bytes of the whole message from `start` to `end`. */
  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array>;
}

interface PreparedKey {
  readonly key: TextCondition;
  readonly needle: Needle;
}

/** Matches keys against messages; keeps the folded keys between messages. */
export class TextMatcher {
  readonly #keys: readonly PreparedKey[];
  readonly #limits: SearchLimits;
  readonly #loop: EventLoop;
  /** Characters of the longest key, however its case is folded. */
  readonly #longest: number;

  /** @param limits  What lies behind them in a message is not found. */
  constructor(keys: readonly TextCondition[], loop: EventLoop, limits: SearchLimits = searchLimits) {
    this.#limits = limits;
    this.#loop = loop;
    this.#longest = keys.reduce((most, { value }) => Math.max(most, 2 * value.length), 0);
    this.#keys = keys.map((key) => ({ key, needle: needleOf(key.value) }));
  }

  /** True when `match` needs more than the header. */
  get needsBody(): boolean {
    return this.#keys.some(({ key }) => key.kind !== 'header');
  }

  /** For each key, whether the message matches. */
  async match(message: SearchedMessage): Promise<boolean[]> {
    const header = new HeaderText(message.header.subarray(0, this.#limits.maxHeaderBytes), this.#loop);
    const body = new BodyText(message, this.#limits, this.#loop, this.#longest);
    const matches: boolean[] = [];
    for (const { key, needle } of this.#keys) {
      if (key.kind === 'header') matches.push(await header.hasInField(key.name, needle));
      else if (key.kind === 'text')
        matches.push((await header.has(needle)) || (await body.hasInHeaders(needle)) || (await body.has(needle)));
      else matches.push(await body.has(needle));
    }
    return matches;
  }
}

/** Characters that windows of a text share, so that each piece of a word that a pattern may have is whole in one of them. */
const sharedChars = 64;

/**
 * Yields all texts of a message in which a key may be found, before their letters are folded: those that `TextMatcher` compares, and no fewer.
 * For an index of words: texts overlap, and repeat what headers say.
 */
export async function* searchedTexts(
  message: SearchedMessage,
  loop: EventLoop,
  limits: SearchLimits = searchLimits,
): AsyncGenerator<string> {
  yield* new HeaderText(message.header.subarray(0, limits.maxHeaderBytes), loop).texts();
  yield* new BodyText(message, limits, loop, sharedChars).texts();
}

const latin1 = new TextDecoder('latin1');
/** Marks of a header that may say more than its bytes: encoded words, parameters in pieces or percent-encoded, quoted pairs, and other than US-ASCII. */
const encoded = /=\?|\*\d*\*?=|\\|[^\0-\x7f]/;

/** Control characters, which a value may lack that stand in the header. */
const odd = /(?![\t\r\n])\p{Cc}/u;

/** A longer field is decoded in pieces. */
const longFieldBytes = 4096;

/** A header whose fields are decoded when a key needs them. */
class HeaderText {
  readonly #bytes: Uint8Array;
  readonly #loop: EventLoop;
  #fields: readonly HeaderField[] | null = null;
  #raw: Haystack | null = null;
  #texts: readonly Haystack[] | null = null;
  #isEncoded = false;

  constructor(bytes: Uint8Array, loop: EventLoop) {
    this.#bytes = bytes;
    this.#loop = loop;
  }

  async hasInField(name: string, needle: Needle): Promise<boolean> {
    this.#fields ??= parseHeader(this.#bytes);
    for (const field of this.#fields) {
      if (field.name !== name) continue;
      if (needle.text === '') return true;
      for (const text of await this.#textsOf(field)) if (new Haystack(text).has(needle)) return true;
    }
    return false;
  }

  /** Reports whether any field has the text, with its name before it. */
  async has(needle: Needle): Promise<boolean> {
    if (this.#raw === null) {
      const text = latin1.decode(this.#bytes);
      this.#isEncoded = encoded.test(text);
      this.#raw = new Haystack(text);
    }
    if (!this.#isEncoded) return this.#raw.has(needle);
    this.#texts ??= await this.#allTexts();
    return this.#texts.some((text) => text.has(needle));
  }

  /** Yields the texts in which `has` and `hasInField` look. */
  async *texts(): AsyncGenerator<string> {
    const raw = latin1.decode(this.#bytes);
    this.#fields ??= parseHeader(this.#bytes);
    const isEncoded = encoded.test(raw);
    const isPlain = !isEncoded && !odd.test(raw);
    if (!isEncoded) yield raw;
    for (const field of this.#fields) {
      // Of others in plain US-ASCII, what is shown is what stands there.
      if (isPlain && !isShownOtherwise(field)) continue;
      if (isEncoded) yield field.name;
      yield* await this.#textsOf(field);
    }
  }

  async #allTexts(): Promise<Haystack[]> {
    this.#fields ??= parseHeader(this.#bytes);
    const all: Haystack[] = [];
    for (const field of this.#fields) {
      const texts = await this.#textsOf(field);
      // Each text with the name, so that a search for both finds it.
      all.push(new Haystack(texts.map((text) => `${field.name}: ${text}`).join('\0')));
    }
    return all;
  }

  async #textsOf(field: HeaderField): Promise<readonly string[]> {
    const pause = this.#loop.pause();
    if (pause !== null) await pause;
    const pieces = fieldTexts(field);
    if (field.end - field.start <= longFieldBytes) return wholeTexts(pieces);
    const taken: TextPiece[] = [];
    for (const piece of pieces) {
      taken.push(piece);
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
    }
    return wholeTexts(taken);
  }
}

/** Characters of a text that are searched at a time, and a few more. */
const windowChars = 32 * 1024;
/** A longer run without blanks is cut. */
const maxWordChars = 1024;

/** The body of a message, whose parts are read and decoded when a key needs them. */
class BodyText {
  readonly #message: SearchedMessage;
  readonly #limits: SearchLimits;
  #parts: readonly Part[] | null = null;
  #headers: readonly HeaderText[] | null = null;
  /** Text read so far, in windows that overlap, and the source of the rest. */
  readonly #texts: Haystack[] = [];
  readonly #rest: AsyncGenerator<string>;
  readonly #loop: EventLoop;
  readonly #longest: number;

  /** @param longest  Characters of the longest text that is looked for. */
  constructor(message: SearchedMessage, limits: SearchLimits, loop: EventLoop, longest: number) {
    this.#message = message;
    this.#limits = limits;
    this.#loop = loop;
    this.#longest = longest;
    this.#rest = this.#windows();
  }

  /** Reports whether the header of a part has the text. */
  async hasInHeaders(needle: Needle): Promise<boolean> {
    for (const header of await this.#partHeaders()) if (await header.has(needle)) return true;
    return false;
  }

  async #partHeaders(): Promise<readonly HeaderText[]> {
    if (this.#headers !== null) return this.#headers;
    const headers: HeaderText[] = [];
    for (const { headerStart, bodyStart } of this.#allParts()) {
      // That of the message itself was looked at, and those of messages inside are text of the body.
      if (headerStart === 0 || bodyStart === headerStart) continue;
      const end = Math.min(bodyStart, headerStart + this.#limits.maxHeaderBytes);
      headers.push(new HeaderText(await this.#message.bytes(headerStart, end), this.#loop));
    }
    return (this.#headers = headers);
  }

  /** Reports whether a part that holds text has it, reading no further than needed. */
  async has(needle: Needle): Promise<boolean> {
    for (const text of this.#texts) {
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
      if (text.has(needle)) return true;
    }
    for (let next = await this.#rest.next(); next.done !== true; next = await this.#rest.next()) {
      const text = new Haystack(next.value);
      this.#texts.push(text);
      if (text.has(needle)) return true;
    }
    return false;
  }

  /** Yields the texts in which `hasInHeaders` and `has` look. */
  async *texts(): AsyncGenerator<string> {
    for (const header of await this.#partHeaders()) yield* header.texts();
    yield* this.#rest;
  }

  #allParts(): readonly Part[] {
    const { root } = this.#message;
    this.#parts ??= root === null ? [] : flattenParts(root);
    return this.#parts;
  }

  /** Yields the text in pieces of some size; each repeats the end of the one before, so that what is looked for is whole in one of them. */
  async *#windows(): AsyncGenerator<string> {
    let window = '';
    for await (const piece of this.#read()) {
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
      if (piece !== null) window += piece;
      if (piece === null ? window !== '' : window.length >= windowChars + this.#longest) {
        yield window;
        window = piece === null ? '' : this.#endOf(window);
      }
    }
    if (window !== '') yield window;
  }

  /** The end of a window that the next one repeats, from a blank on if there is one, because letters belong together with what combines with them. */
  #endOf(window: string): string {
    let end = '';
    // Blanks may stand for long runs of them.
    for (let chars = 4 * this.#longest + maxWordChars; end.length <= this.#longest; chars *= 4) {
      end = window.slice(-chars).replace(/\s+/g, ' ');
      if (chars >= window.length) break;
    }
    const from = Math.max(0, end.length - this.#longest - 1);
    const blank = end.lastIndexOf(' ', from);
    return end.slice(blank >= 0 && from - blank <= maxWordChars ? blank : from);
  }

  async *#read(): AsyncGenerator<TextPiece> {
    const { maxHeaderBytes, maxPartBytes, fallbackCharset } = this.#limits;
    for (const part of this.#allParts()) {
      // The header of a message inside is part of the body that surrounds it.
      if (part.message !== null) {
        const { headerStart, bodyStart } = part.message.root;
        const end = Math.min(bodyStart, headerStart + maxHeaderBytes);
        for (const field of parseHeader(await this.#message.bytes(headerStart, end))) {
          for (const piece of fieldTexts(field)) {
            yield piece;
            if (piece === null) yield `${field.name}: `;
          }
        }
      }
      if (!holdsText(part)) continue;
      const end = Math.min(part.end, part.bodyStart + maxPartBytes);
      yield null;
      yield* partTexts(part, await this.#message.bytes(part.bodyStart, end), fallbackCharset);
    }
  }
}

/** Text, or fields for programs that people look for too, such as the addresses in a notice (RFC 3464 §2.1). */
function holdsText({ type, message, parts }: Part): boolean {
  return parts.length === 0 && (type === 'text' || (type === 'message' && message === null));
}
