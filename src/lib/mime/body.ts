import { decode } from '#lib/charset';
import { Base64Decoder, QuotedPrintableDecoder } from '#lib/codecs';
import type { Decoder } from '#lib/codecs';
import { findParameter } from '#lib/message';
import { readFlowed } from './flowed.ts';
import { htmlToText } from './html-text.ts';
import type { Part } from './part.ts';

/** Bytes of the message from `start` (inclusive) to `end` (exclusive). */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array>;

/** Default of the bytes that `extractText` reads at most. */
const defaultMaxBytes = 1024 * 1024;
const nothing = new Uint8Array(0);

const identity: Decoder = { push: (chunk) => chunk, finish: () => nothing };

/**
 * Returns a decoder for a Content-Transfer-Encoding in lower case (RFC 2045 §6.1); unknown encodings pass bytes through, like 8bit.
 *
 * deviates: RFC 2045 §6.4 treats a part with an unknown encoding as application/octet-stream. Such names are mostly misspelled 7bit or 8bit,
 * and a text that is shown is more useful than one that is not.
 */
export function decodeBody(encoding: string): Decoder {
  if (encoding === 'base64') return new Base64Decoder();
  if (encoding === 'quoted-printable') return new QuotedPrintableDecoder();
  return identity;
}

/**
 * Returns the text of a text part: transfer encoding and charset decoded, HTML without its markup,
 * flowed lines joined (RFC 3676 §4.1). Empty for other types. Unknown subtypes are treated as plain (RFC 2046 §4.1.4).
 * @param options  At most `maxBytes` of the encoded body are read, 1 MiB by default; `skipQuotes` leaves out block quotes of HTML.
 */
export async function extractText(
  part: Part,
  read: ReadBytes,
  options: { readonly maxBytes?: number; readonly skipQuotes?: boolean } = {},
): Promise<string> {
  if (part.type !== 'text') return '';
  const end = Math.min(part.end, part.bodyStart + (options.maxBytes ?? defaultMaxBytes));
  const raw = await read(part.bodyStart, end);
  const decoder = decodeBody(part.encoding);
  const head = decoder.push(raw);
  const rest = decoder.finish();
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head);
  bytes.set(rest, head.length);
  const text = decode(bytes, findParameter(part.params, 'charset'));
  if (part.subtype === 'html') return htmlToText(text, options);
  const isFlowed = part.subtype === 'plain' && parameterIs(part, 'format', 'flowed');
  return isFlowed ? readFlowed(text, parameterIs(part, 'delsp', 'yes')) : text;
}

function parameterIs(part: Part, name: string, value: string): boolean {
  return findParameter(part.params, name)?.toLowerCase() === value;
}
