import {
  decodeEncodedWords,
  encodedWordPieces,
  fieldText,
  findParameter,
  parseAddressList,
  parseContentType,
  parseDisposition,
  type HeaderField,
  type Parameter,
} from '#lib/message';
import type { TextPiece } from './body-text.ts';

const addressFields: ReadonlySet<string> = new Set(['from', 'to', 'cc', 'bcc', 'sender', 'reply-to']);

/**
 * Yields the texts in which a search looks for what a person sees in a field, in pieces that follow each other: its value with encoded words decoded;
 * addresses as `name <address>`, without the quotes, comments and line breaks that may hide them; the names of attachments (RFC 2231) put together.
 */
export function* fieldTexts(field: HeaderField): Generator<TextPiece, void> {
  const raw = fieldText(field);
  yield null;
  if (raw.includes('=?')) {
    yield* encodedWordPieces(raw);
    yield* relabelled(raw);
  } else yield raw;
  if (addressFields.has(field.name)) yield* addressText(raw);
  else if (field.name === 'content-type') yield* [null, fileName(parseContentType(raw), 'name')];
  else if (field.name === 'content-disposition') yield* [null, fileName(parseDisposition(raw), 'filename')];
}

/** Reports whether a search looks for more in a field of plain US-ASCII than for its value. */
export function isShownOtherwise({ name }: HeaderField): boolean {
  return addressFields.has(name) || name === 'content-type' || name === 'content-disposition';
}

/** Returns the texts whose pieces `fieldTexts` yields. */
export function wholeTexts(pieces: Iterable<TextPiece>): string[] {
  const texts: string[] = [];
  for (const piece of pieces) {
    if (piece === null) texts.push('');
    else texts[texts.length - 1] += piece;
  }
  return texts;
}

const label = /=\?(?!utf-?8|us-ascii|iso-2022|utf-?7|hz)[^?*\s]+(?=(?:\*[^?\s]*)?\?[bq]\?)/gi;

/** Encoded words whose charset is named wrongly are nearly always UTF-8: without a label, bytes are looked at. */
function* relabelled(raw: string): Generator<TextPiece, void> {
  const without = raw.replace(label, '=?us-ascii');
  if (without === raw) return;
  yield null;
  yield* encodedWordPieces(without);
}

/** Characters of a list of addresses that are read at a time; a longer list is cut after a comma, or else anywhere. */
const addressChars = 8 * 1024;

function* addressText(raw: string): Generator<TextPiece, void> {
  yield null;
  for (let at = 0, end = 0; at < raw.length; at = end) {
    end = Math.min(raw.length, at + addressChars);
    const comma = end < raw.length ? raw.lastIndexOf(',', end) : -1;
    if (comma > at) end = comma + 1;
    yield `${at === 0 ? '' : ', '}${shownAddresses(raw.slice(at, end))}`;
  }
}

function shownAddresses(raw: string): string {
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
