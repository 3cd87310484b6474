import { decode, normalizeCharset } from '#lib/charset';
import { findParameter } from '#lib/message';
import { decodeBody, htmlToText, type Part } from '#lib/mime';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Charsets in which bytes below 128 do not always stand for US-ASCII. */
const shifting = /^(?:iso-2022-|utf-7$|utf-16|hz-|replacement$)/;

/**
 * The texts of a part that holds text, as a person may see it. The charset is found as mail programs find it: UTF-8 when the bytes are that
 * (labels are often missing or wrong), else the label, else `fallback`. Of HTML first the source, for addresses behind links, then what is shown.
 */
export function* partTexts(part: Part, body: Uint8Array, fallback: string): Generator<string> {
  for (const text of decodings(part, decoded(part.encoding, body), fallback)) {
    yield text;
    if (part.subtype === 'html') yield htmlToText(text);
  }
}

function decoded(encoding: string, body: Uint8Array): Uint8Array {
  if (encoding !== 'base64' && encoding !== 'quoted-printable') return body;
  const decoder = decodeBody(encoding);
  const head = decoder.push(body);
  const rest = decoder.finish();
  if (rest.length === 0) return head;
  const whole = new Uint8Array(head.length + rest.length);
  whole.set(head);
  whole.set(rest, head.length);
  return whole;
}

function* decodings({ params }: Part, bytes: Uint8Array, fallback: string): Generator<string> {
  const label = findParameter(params, 'charset');
  const charset = label === null ? null : normalizeCharset(label);
  if (charset !== null && shifting.test(charset)) yield decode(bytes, charset);
  const text = asUtf8(bytes);
  if (text !== null) {
    yield text;
    // Bytes of another charset can happen to be UTF-8.
    if (charset !== null && charset !== 'utf-8' && charset !== 'windows-1252' && text.length < bytes.length)
      yield decode(bytes, charset);
    return;
  }
  yield decode(bytes, charset === null || charset === 'utf-8' ? fallback : charset, fallback);
}

function asUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
