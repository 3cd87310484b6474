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
