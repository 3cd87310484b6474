import { decode } from '#lib/charset';
import { decodeEncodedWords, fieldText, parseHeader } from '#lib/message';
import type { Part } from '#lib/mime';
import { decodedPart } from '../fetch/decoded-part.ts';
import { No } from '../refusal.ts';
import type { MessageContent, TextKey } from '../selected-mailbox.ts';

/** Bounds of what is looked at in one message. */
export interface TextMatcherLimits {
  readonly maxHeaderBytes: number;
  /** Text parts larger than this, as sent, are not searched. */
  readonly maxPartBytes: number;
  readonly maxParts: number;
}

/** Bounds that ordinary messages never meet. */
export const defaultTextMatcherLimits: TextMatcherLimits = {
  maxHeaderBytes: 1_048_576,
  maxPartBytes: 16 * 1_048_576,
  maxParts: 200,
};

/** Sees whether a key matches. */
type Finder = (text: string) => boolean;

/**
 * Answers text keys of SEARCH by reading messages, for backends without an index: encoded words, transfer encodings and charsets
 * are decoded (RFC 9051 §6.4.4), case is ignored. A message is read once for all keys, and its body only where a key asks for it.
 */
export class TextMatcher {
  readonly #keys: readonly TextKey[];
  readonly #finders: readonly Finder[];
  readonly #limits: TextMatcherLimits;
  /** Only bytes of the header will be read. */
  readonly isHeaderOnly: boolean;

  constructor(keys: readonly TextKey[], limits: TextMatcherLimits = defaultTextMatcherLimits) {
    this.#keys = keys;
    this.#finders = keys.map((key) => finderOf(key.value));
    this.#limits = limits;
    this.isHeaderOnly = keys.every((key) => key.kind === 'header');
  }

  /** For each key, whether the message matches. `structure` is asked for only when a body is read. */
  async match(content: MessageContent, structure: () => Part | Promise<Part>): Promise<readonly boolean[]> {
    const found = this.#keys.map(() => false);
    await this.#header(content, 0, content.headerSizeBytes, found, false);
    if (!this.isHeaderOnly && this.#isOpen(found)) await this.#body(content, await structure(), found);
    return found;
  }

  /** A key that a body could still match. */
  #isOpen(found: readonly boolean[]): boolean {
    return this.#keys.some((key, i) => key.kind !== 'header' && found[i] !== true);
  }

  async #header(
    content: MessageContent,
    start: number,
    end: number,
    found: boolean[],
    isEmbedded: boolean,
  ): Promise<void> {
    const bytes = await content.bytes(start, Math.min(end, start + this.#limits.maxHeaderBytes));
    for (const field of parseHeader(bytes)) {
      let text: string | null = null;
      for (let i = 0; i < this.#keys.length; i++) {
        const key = this.#keys[i];
        if (key === undefined || found[i] === true) continue;
        // The header of a message inside is part of the body (RFC 9051 §6.4.4), and not of the header.
        const isWanted = isEmbedded
          ? key.kind !== 'header'
          : key.kind === 'header'
            ? key.name === field.name
            : key.kind === 'text';
        if (!isWanted) continue;
        text ??= decodeEncodedWords(fieldText(field)).toLowerCase();
        const finds = this.#finders[i];
        if (finds === undefined) continue;
        found[i] = finds(text) || (key.kind !== 'header' && finds(`${field.name}: ${text}`));
      }
    }
  }

  async #body(content: MessageContent, root: Part, found: boolean[]): Promise<void> {
    const open: Part[] = [root];
    for (let seen = 0; seen < this.#limits.maxParts && this.#isOpen(found); seen++) {
      const part = open.pop();
      if (part === undefined) return;
      if (part.message !== null) {
        const inner = part.message.root;
        await this.#header(content, inner.headerStart, inner.bodyStart, found, true);
        open.push(inner);
      } else if (part.parts.length > 0) open.push(...part.parts.toReversed());
      else if (part.type === 'text') this.#find(await this.#text(content, part), found);
    }
  }

  #find(text: string, found: boolean[]): void {
    for (let i = 0; i < this.#keys.length; i++) {
      if (found[i] === true || this.#keys[i]?.kind === 'header') continue;
      found[i] = this.#finders[i]?.(text) === true;
    }
  }

  async #text(content: MessageContent, part: Part): Promise<string> {
    try {
      const bytes = await decodedPart(content, part, this.#limits.maxPartBytes);
      const charset = part.params.find(({ name }) => name === 'charset')?.value ?? null;
      return decode(bytes, charset).toLowerCase();
    } catch (error) {
      // Unknown encodings and giants hold no text that could be found.
      if (error instanceof No) return '';
      throw error;
    }
  }
}

function finderOf(value: string): Finder {
  const wanted = value.toLowerCase();
  return (text) => text.includes(wanted);
}
