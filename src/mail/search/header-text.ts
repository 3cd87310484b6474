import {
  decodeEncodedWords,
  fieldText,
  findParameter,
  parseAddressList,
  parseContentType,
  parseDisposition,
  type HeaderField,
  type Parameter,
} from '#lib/message';

const addressFields: ReadonlySet<string> = new Set(['from', 'to', 'cc', 'bcc', 'sender', 'reply-to']);

/**
 * The texts in which a search looks for what a person sees in a field: its value with encoded words decoded; addresses as `name <address>`, without
 * the quotes, comments and line breaks that may hide them; the names of attachments (RFC 2231) put together.
 */
export function* fieldTexts(field: HeaderField): Generator<string> {
  const raw = fieldText(field);
  const decoded = decodeEncodedWords(raw);
  yield decoded;
  if (decoded !== raw) yield* relabelled(raw);
  if (addressFields.has(field.name)) yield addressText(raw);
  else if (field.name === 'content-type') yield fileName(parseContentType(raw), 'name');
  else if (field.name === 'content-disposition') yield fileName(parseDisposition(raw), 'filename');
}

const label = /=\?(?!utf-?8|us-ascii|iso-2022|utf-?7|hz)[^?*\s]+(?=(?:\*[^?\s]*)?\?[bq]\?)/gi;

/** Encoded words whose charset is named wrongly are nearly always UTF-8: without a label, bytes are looked at. */
function* relabelled(raw: string): Generator<string> {
  const without = raw.replace(label, '=?us-ascii');
  if (without !== raw) yield decodeEncodedWords(without);
}

function addressText(raw: string): string {
  const shown: string[] = [];
  for (const entry of parseAddressList(raw)) {
    if (entry.kind === 'groupEnd') continue;
    const name = entry.name === null ? '' : decodeEncodedWords(entry.name);
    if (entry.kind === 'groupStart') shown.push(name);
    else {
      const address = entry.domain === '' ? entry.localpart : `${entry.localpart}@${entry.domain}`;
      shown.push(name === '' ? address : `${name} <${address}>`);
    }
  }
  return shown.join(', ');
}

function fileName(parsed: { readonly params: readonly Parameter[] } | null, name: string): string {
  return parsed === null ? '' : (findParameter(parsed.params, name) ?? '');
}
