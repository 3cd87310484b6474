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
 * Decodes `bytes` in the charset that `label` names. Drops a byte order mark of Unicode charsets.
 * @param label  As in a message. Null, or `us-ascii` for bytes over 127 (RFC 2046 §4.1.2: its lower half only), is ignored.
 * @param fallback  Label used when `label` is unknown or ignored; without a known one, `sniffCharset` decides.
 */
export function decode(bytes: Uint8Array, label: string | null, fallback?: string): string {
  return decodeAs(bytes, chooseCharset(bytes, label, fallback));
}

/** Returns `utf-8` when the bytes are valid UTF-8 (or ASCII), otherwise `windows-1252`, the usual charset of undeclared text. */
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
 * Yields the result of `decode` for all pieces together, which may be cut anywhere, a piece at a time, for long texts.
 * @param label  As in a message.
 * @param fallback  Label used when `label` is unknown or ignored.
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
