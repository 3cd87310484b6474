import { parseHeader } from '#lib/message';
import { FieldKind, type FieldColumn } from '#mail/header-cache';
import { Haystack, type Needle } from './fold.ts';
import { fieldTexts, wholeTexts } from './header-text.ts';

const latin1 = new TextDecoder('latin1');
/** Bytes of fields that are decoded in one piece, and what each field counts beside its own. */
const decodedBytes = 4096;
const fieldBytes = 256;
const COLON = 58;
const SP = 32;

/**
 * Finds the messages of a block in which a field contains a text: one search through all values at once, and a look at those by themselves that
 * have to be decoded. An empty text matches every message that has the field. Yields after each piece of that work.
 * @param matches  Gets 1 for each message that matches.
 * @param isAsked  1 for the messages whose answer is needed.
 */
export function* searchColumn(
  column: FieldColumn,
  needle: Needle,
  isAsked: Uint8Array,
  matches: Uint8Array,
): Generator<void, void> {
  const { bytes, offsets, kinds } = column;
  if (needle.text === '') {
    for (let i = 0; i < kinds.length; i++) if (kinds[i] !== FieldKind.Absent) matches[i] = 1;
    return;
  }
  if (needle.isAscii) searchPlain(column, needle.text, matches);
  yield;
  let bytesInPiece = 0;
  const hidesQuotes = needle.isAscii && /[ <>,]/.test(needle.text);
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i];
    if (kind === FieldKind.Absent || kind === FieldKind.Plain || isAsked[i] !== 1 || matches[i] === 1) continue;
    if (kind === FieldKind.Quoted && !hidesQuotes) continue;
    const field = bytes.subarray(offsets[i], offsets[i + 1]);
    if (hasInFields(field, needle)) matches[i] = 1;
    bytesInPiece += fieldBytes + field.length;
    if (bytesInPiece < decodedBytes) continue;
    bytesInPiece = 0;
    yield;
  }
}

/** Values that are searched as they stand: each byte is a character, and lower case keeps its place. */
function searchPlain({ bytes, offsets, kinds }: FieldColumn, text: string, matches: Uint8Array): void {
  const lower = latin1.decode(bytes).toLowerCase();
  let i = 0;
  for (let found = lower.indexOf(text); found >= 0;) {
    while ((offsets[i + 1] ?? Number.POSITIVE_INFINITY) <= found) i++;
    const end = offsets[i + 1] ?? 0;
    const kind = kinds[i];
    const isSearched = kind === FieldKind.Plain || kind === FieldKind.Quoted;
    // Not in the field's name, and not across two messages.
    if (isSearched && found >= valueStart(bytes, offsets[i] ?? 0) && found + text.length <= end) matches[i] = 1;
    found = lower.indexOf(text, isSearched && matches[i] !== 1 ? found + 1 : end);
  }
}

function valueStart(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] !== COLON) at++;
  at++;
  while (bytes[at] === SP) at++;
  return at;
}

function hasInFields(bytes: Uint8Array, needle: Needle): boolean {
  for (const field of parseHeader(bytes)) {
    for (const text of wholeTexts(fieldTexts(field))) if (new Haystack(text).has(needle)) return true;
  }
  return false;
}
