import { joinBytes } from '#lib/codecs';
import { fieldText, parseHeader, type HeaderField } from '#lib/message';
import { ContentScan } from './content-scan.ts';
import { encodeField, refoldField } from './encode-field.ts';

/** Changes of a header beyond its text. */
export interface HeaderChange {
  /** Keeps UTF-8 (RFC 6532 §3), for a message sent with SMTPUTF8. Default false. */
  readonly keepUtf8?: boolean;
  /** New Content-Transfer-Encoding; absent keeps the present one. */
  readonly encoding?: string;
  /** Fields to add at the end, each with CRLF. */
  readonly added?: string;
}

/** A header that every host accepts, unless fields are listed as unencodable or unfoldable. */
export interface ConvertedHeader {
  /** The same octets when no change was needed. */
  readonly bytes: Uint8Array;
  /** Names in lower case of fields that remain UTF-8 because no encoding can express them: they need SMTPUTF8 (RFC 6531 §3.4). */
  readonly unencodable: readonly string[];
  /** Names in lower case of fields that keep a line of more than 998 octets. */
  readonly unfoldable: readonly string[];
}

const encoder = new TextEncoder();
const crlf = Uint8Array.of(13, 10);
const encodingField = 'content-transfer-encoding';

/**
 * Converts a header, with its empty line if it has one. Acceptable fields are kept octet by octet; others are encoded (RFC 2047 §5,
 * RFC 2231 §4) and folded. Lines that are no fields are kept if they are acceptable, else dropped.
 */
export function convertHeader(header: Uint8Array, change: HeaderChange = {}): ConvertedHeader {
  const keepUtf8 = change.keepUtf8 === true;
  const unencodable = new Set<string>();
  const unfoldable = new Set<string>();
  const out: Uint8Array[] = [];
  let isSame = true;
  let mayLackEnding = false;
  const fields = parseHeader(header);
  for (const field of fields) {
    const raw = header.subarray(field.start, field.end);
    if (field.name === encodingField && change.encoding !== undefined) {
      isSame = false;
      continue;
    }
    if (isFine(raw, keepUtf8)) {
      out.push(raw);
      mayLackEnding = raw.at(-1) !== 10;
      continue;
    }
    isSame = false;
    mayLackEnding = false;
    if (field.name === '') continue;
    const { text, problem } = convertField(field, keepUtf8);
    if (problem === 'utf8') unencodable.add(field.name);
    if (problem === 'long') unfoldable.add(field.name);
    out.push(encoder.encode(text));
  }
  const rest = header.subarray(fields.at(-1)?.end ?? 0);
  const encoding = change.encoding === undefined ? '' : `Content-Transfer-Encoding: ${change.encoding}\r\n`;
  const added = `${change.added ?? ''}${encoding}`;
  if (isSame && added === '') return { bytes: header, unencodable: [], unfoldable: [] };
  if (mayLackEnding && added !== '') out.push(crlf);
  out.push(encoder.encode(added), rest.length === 0 ? rest : crlf);
  return { bytes: joinBytes(out), unencodable: [...unencodable], unfoldable: [...unfoldable] };
}

/** Reports whether every host accepts these octets of a header. */
function isFine(raw: Uint8Array, keepUtf8: boolean): boolean {
  const scan = new ContentScan();
  scan.push(raw);
  return !scan.hasUnsendable && (keepUtf8 || !scan.has8bit);
}

function convertField(
  field: HeaderField,
  keepUtf8: boolean,
): { readonly text: string; readonly problem: 'utf8' | 'long' | null } {
  const { name, rawName } = field;
  const given = { rawName, name, text: fieldText(field).replaceAll('\0', '') };
  const hasUtf8 = /[^\0-\x7f]/.test(given.text);
  const encoded = hasUtf8 && !keepUtf8 ? encodeField(given) : null;
  if (encoded !== null) return { text: encoded, problem: null };
  const folded = refoldField(given);
  if (folded !== null) return { text: folded, problem: hasUtf8 && !keepUtf8 ? 'utf8' : null };
  return { text: `${rawName}: ${given.text}\r\n`, problem: 'long' };
}
