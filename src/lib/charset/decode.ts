import { decodeCodePage } from './code-page-decoder.ts';
import { codePages } from './code-pages.ts';
import { isAscii, isUtf8 } from './bytes.ts';
import { type Charset, normalizeCharset, utf7 } from './label.ts';
import { decodeUtf7 } from './utf7.ts';

const utf8 = 'utf-8' as Charset;
const windows1252 = 'windows-1252' as Charset;

// At most one for each encoding of WHATWG Encoding: their names are all that gets here.
const decoders = new Map<Charset, TextDecoder>();

/**
 * Text of `bytes` in the charset that `label` names. A byte order mark of Unicode charsets is dropped.
 * @param label  As in a message; null or `us-ascii` with other bytes than ASCII says nothing, and then the bytes are looked at.
 * @param fallback  Label for when `label` is unknown or null; when left out or unknown too, what `sniffCharset` says.
 */
export function decode(bytes: Uint8Array, label: string | null, fallback?: string): string {
  return decodeAs(bytes, chooseCharset(bytes, label, fallback));
}

/** `utf-8` when the bytes are valid UTF-8 (or ASCII), otherwise `windows-1252`, which is what undeclared text usually is. */
export function sniffCharset(bytes: Uint8Array): Charset {
  return isUtf8(bytes) ? utf8 : windows1252;
}

const asciiLabel = /^\s*(?:us-)?ascii\s*$/i;

function chooseCharset(bytes: Uint8Array, label: string | null, fallback: string | undefined): Charset {
  const isMeaningless = label === null || (asciiLabel.test(label) && !isAscii(bytes));
  const declared = isMeaningless ? null : normalizeCharset(label);
  if (declared !== null) return declared;
  return (fallback === undefined ? null : normalizeCharset(fallback)) ?? sniffCharset(bytes);
}

/**
 * As `decode` of all pieces together, which may be cut anywhere, a piece at a time: for text whose decoding in one go takes long.
 * @param label  As in a message.
 * @param fallback  Label for when `label` is unknown or says nothing.
 */
export function* decodePieces(pieces: readonly Uint8Array[], label: string, fallback: string): Generator<string, void> {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) {
    yield decode(only, label, fallback);
    return;
  }
  // The first piece with other bytes than ASCII shows as much as all of them.
  const charset = chooseCharset(pieces.find((piece) => !isAscii(piece)) ?? noBytes, label, fallback);
  const upperHalf = codePages.get(charset);
  if (charset === utf7) yield decodeUtf7(joined(pieces));
  else if (upperHalf !== undefined) for (const piece of pieces) yield decodeCodePage(piece, upperHalf);
  else {
    const decoder = new TextDecoder(charset);
    for (const piece of pieces) yield decoder.decode(piece, { stream: true });
    yield decoder.decode();
  }
}

const noBytes = new Uint8Array(0);

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function decodeAs(bytes: Uint8Array, charset: Charset): string {
  if (charset === utf7) return decodeUtf7(bytes);
  const upperHalf = codePages.get(charset);
  if (upperHalf !== undefined) return decodeCodePage(bytes, upperHalf);
  let decoder = decoders.get(charset);
  if (decoder === undefined) {
    decoder = new TextDecoder(charset);
    decoders.set(charset, decoder);
  }
  return decoder.decode(bytes);
}
