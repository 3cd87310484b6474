import { decode } from '#lib/charset';
import { decodeEncodedWords, fieldText, findParameter, parseHeader } from '#lib/message';
import { decodeBody, flattenParts, type Part } from '#lib/mime';
import { searchLimits, type SearchLimits } from './limits.ts';

/** Text to look for. `value` is Unicode; matching is by substring, ignoring case. */
export type TextKey =
  /** `name` is lower case; an empty `value` matches every message that has the field. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  /** Text of the body's text parts, and headers of messages inside. */
  | { readonly kind: 'body'; readonly value: string }
  /** Header or body. */
  | { readonly kind: 'text'; readonly value: string };

/** A message to look into: whole, or its header only when all keys are about the header. */
export interface SearchedMessage {
  readonly header: Uint8Array;
  /** The part tree; null when only the header is looked at. */
  readonly root: Part | null;
  /** Bytes of the whole message from `start` to `end`. */
  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array>;
}

/** Matches keys against messages; keeps the folded keys between messages. */
export class TextMatcher {
  readonly #keys: readonly TextKey[];

  readonly #limits: SearchLimits;

  /** @param limits  What lies behind them in a message is not found. */
  constructor(keys: readonly TextKey[], limits: SearchLimits = searchLimits) {
    this.#limits = limits;
    this.#keys = keys.map((key) => ({ ...key, value: fold(key.value) }));
  }

  /** Whether `match` needs more than the header. */
  get needsBody(): boolean {
    return this.#keys.some(({ kind }) => kind !== 'header');
  }

  /** For each key, whether the message matches. */
  async match(message: SearchedMessage): Promise<boolean[]> {
    const fields = parseHeader(message.header.subarray(0, this.#limits.maxHeaderBytes)).map((field) => ({
      name: field.name,
      text: fold(decodeEncodedWords(fieldText(field))),
    }));
    let body: string | null = null;
    const matches: boolean[] = [];
    for (const key of this.#keys) {
      if (key.kind === 'header') {
        matches.push(fields.some(({ name, text }) => name === key.name && text.includes(key.value)));
        continue;
      }
      const inHeader = key.kind === 'text' && fields.some(({ name, text }) => `${name}: ${text}`.includes(key.value));
      if (!inHeader) body ??= await bodyText(message, this.#limits);
      matches.push(inHeader || (body?.includes(key.value) ?? false));
    }
    return matches;
  }
}

/** The text of all parts that hold text, folded, one after the other. */
async function bodyText(message: SearchedMessage, limits: SearchLimits): Promise<string> {
  const { root } = message;
  if (root === null) return '';
  const texts: string[] = [];
  for (const part of flattenParts(root)) {
    // The header of a message inside is part of the body that surrounds it.
    if (part.message !== null) {
      const { headerStart, bodyStart } = part.message.root;
      texts.push(
        fold(
          decodeEncodedWords(
            decode(
              await message.bytes(headerStart, Math.min(bodyStart, headerStart + limits.maxHeaderBytes)),
              'utf-8',
              'windows-1252',
            ),
          ),
        ),
      );
    }
    if (!holdsText(part)) continue;
    const raw = await message.bytes(part.bodyStart, Math.min(part.end, part.bodyStart + limits.maxPartBytes));
    const decoder = decodeBody(part.encoding);
    const pieces = [decoder.push(raw), decoder.finish()];
    const charset = findParameter(part.params, 'charset') ?? 'utf-8';
    texts.push(fold(pieces.map((piece) => decode(piece, charset, 'windows-1252')).join('')));
  }
  return texts.join('\n');
}

/** Text, or fields for programs that people look for too, such as the addresses in a notice (RFC 3464 §2.1). */
function holdsText({ type, message, parts }: Part): boolean {
  return parts.length === 0 && (type === 'text' || (type === 'message' && message === null));
}

/** Case folded, line breaks and runs of blanks as one space, so that folded headers and wrapped lines match. */
function fold(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ');
}
