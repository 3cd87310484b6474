import { decodePieces, normalizeCharset } from '#lib/charset';
import { findParameter } from '#lib/message';
import { decodeBody, htmlTextPieces, type Part } from '#lib/mime';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Charsets in which bytes below 128 do not always stand for US-ASCII. */
const shifting = /^(?:iso-2022-|utf-7$|utf-16|hz-|replacement$)/;

/** Bytes that are decoded at a time: a tenth of a millisecond, or more when they are no UTF-8. */
const pieceBytes = 32 * 1024;

/** A piece of a text, empty where there was only work; null where another text begins. */
export type TextPiece = string | null;

/**
 * Yields the texts of a part that holds text, as a person may see it, in pieces that follow each other. The charset is found as mail programs find it: UTF-8 when the bytes are that
 * (labels are often missing or wrong), else the label, else `fallback`. Of HTML first the source, for addresses behind links, then what is shown.
 */
export function* partTexts(part: Part, body: Uint8Array, fallback: string): Generator<TextPiece, void> {
  const bytes: Uint8Array[] = [];
  for (const piece of decoded(part.encoding, body)) {
    bytes.push(piece);
    yield '';
  }
  if (part.subtype !== 'html') {
    yield* decodings(part, bytes, fallback);
    return;
  }
  let source = '';
  for (const piece of decodings(part, bytes, fallback)) {
    if (piece === null) yield* shown(source);
    source = piece === null ? '' : source + piece;
    yield piece;
  }
  yield* shown(source);
}

function* shown(html: string): Generator<TextPiece, void> {
  if (html === '') return;
  yield null;
  yield* htmlTextPieces(html, { pieceChars: pieceBytes });
}

/** The decoded body; of a short one a single piece, which is decoded the fastest. */
function* decoded(encoding: string, body: Uint8Array): Generator<Uint8Array, void> {
  const decoder = decodeBody(encoding);
  if (body.length <= pieceBytes) {
    const head = decoder.push(body);
    const rest = decoder.finish();
    yield rest.length === 0 ? head : joined(head, rest);
    return;
  }
  for (let at = 0; at < body.length; at += pieceBytes) yield decoder.push(body.subarray(at, at + pieceBytes));
  yield decoder.finish();
}

function* decodings({ params }: Part, bytes: readonly Uint8Array[], fallback: string): Generator<TextPiece, void> {
  const label = findParameter(params, 'charset');
  const charset = label === null ? null : normalizeCharset(label);
  if (charset !== null && shifting.test(charset)) yield* oneText(decodePieces(bytes, charset, charset));
  const text: string[] = [];
  for (const piece of asUtf8(bytes)) {
    // Only the last piece shows that all are UTF-8.
    if (piece === null) {
      yield* oneText(decodePieces(bytes, charset === null || charset === 'utf-8' ? fallback : charset, fallback));
      return;
    }
    text.push(piece);
    yield '';
  }
  yield* oneText(text);
  if (charset === null || charset === 'utf-8' || charset === 'windows-1252') return;
  const chars = text.reduce((sum, { length }) => sum + length, 0);
  // Bytes of another charset can happen to be UTF-8.
  if (chars < bytes.reduce((sum, { length }) => sum + length, 0)) yield* oneText(decodePieces(bytes, charset, charset));
}

function* oneText(pieces: Iterable<string>): Generator<TextPiece, void> {
  yield null;
  yield* pieces;
}

/** Yields the pieces as text, and null where it turns out that they are no UTF-8. */
function* asUtf8(bytes: readonly Uint8Array[]): Generator<string | null, void> {
  const [only] = bytes;
  if (only !== undefined && bytes.length === 1) {
    yield wholeAsUtf8(only);
    return;
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (const piece of [...bytes, null]) {
    let text: string;
    try {
      text = piece === null ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch {
      yield null;
      return;
    }
    yield text;
  }
}

function wholeAsUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function joined(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + rest.length);
  whole.set(head);
  whole.set(rest, head.length);
  return whole;
}
