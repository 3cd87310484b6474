import { HeaderField, parseHeader } from './header.ts';
import { storedFieldEnd } from './stored-field.ts';

/**
 * Names of the header fields that describe a message in lists: those of addresses, dates, subject and identifiers, and those that clients ask
 * for beside them. The position is a code in stored rows (#mail/header-cache), so that names are only ever added, at the end. Descriptions
 * that were stored before lack a name that is added.
 */
export const listedFieldNames = [
  'from',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'references',
  'in-reply-to',
  'reply-to',
  'sender',
  'bcc',
  'content-type',
  'priority',
  'x-priority',
  'importance',
  'newsgroups',
  'list-id',
  'list-post',
  'list-unsubscribe',
  'disposition-notification-to',
] as const;

/** Fields with these names, as they stand in a header. */
export interface ListedFields {
  /** The fields one after the other, in their order, with names, colons and line breaks. */
  readonly bytes: Uint8Array;
  /**
   * True when every reader splits the header into the same fields: it has no NUL, no CR without LF, ends with an empty line of CRLF, and is no longer than
   * `maxPlainHeaderBytes`. Of another header `bytes` are what `parseHeader` finds; readers that need fields as they stand read the header itself.
   */
  readonly isPlain: boolean;
}

/** Length of a header up to which it can be plain. */
const maxPlainHeaderBytes = 64 * 1024;

const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;
const COLON = 58;

/** Returns the listed fields of a header, copied. @param isCut  `header` is only the beginning of a longer one. */
export function listedFields(header: Uint8Array, isCut = false): ListedFields {
  const isPlain = !isCut && header.length <= maxPlainHeaderBytes && !header.includes(0) && !hasLoneCr(header);
  const spans = isPlain ? plainSpans(header) : null;
  if (spans !== null) return { bytes: copied(header, spans), isPlain: true };
  return { bytes: copied(header, parsedSpans(header)), isPlain: false };
}

/** Returns what `parseHeader` finds in listed fields; plain ones, nearly all, are split without looking at every byte. */
export function parseListedFields({ bytes, isPlain }: ListedFields): HeaderField[] {
  if (!isPlain) return parseHeader(bytes);
  const fields: HeaderField[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = storedFieldEnd(bytes, at);
    const name = listedFieldNames[listedPlaceAt(bytes, at)] ?? '';
    fields.push(new HeaderField(bytes, name, at, bytes.indexOf(COLON, at) + 1, end));
    at = end;
  }
  return fields;
}

/** Position of a name in `listedFieldNames`, in any case; -1 for another name. */
export function listedFieldPlace(name: string): number {
  return places.get(name.toLowerCase()) ?? -1;
}

/** Position in `listedFieldNames` of the name of the field that begins at `start`; -1 for another. RFC 5322 §4.5: spaces before the colon are old. */
export function listedPlaceAt(header: Uint8Array, start: number): number {
  let nameEnd = start;
  const last = Math.min(header.length, start + maxNameLength + 1);
  while (nameEnd < last) {
    const byte = header[nameEnd] ?? 0;
    if (byte <= SP || byte === COLON) break;
    nameEnd++;
  }
  const some = candidates[slot(nameEnd - start, header[start] ?? 0)];
  if (some === undefined) return -1;
  for (const { place, name } of some) if (isName(header, start, name)) return hasColon(header, nameEnd) ? place : -1;
  return -1;
}

/** Start and end of each listed field, one after the other; null where no empty line of CRLF ends the header. */
function plainSpans(header: Uint8Array): number[] | null {
  const spans: number[] = [];
  for (let at = 0; at < header.length;) {
    const first = header[at];
    if (first === LF) return null;
    if (first === CR) return spans;
    const end = storedFieldEnd(header, at);
    if (listedPlaceAt(header, at) >= 0) spans.push(at, end);
    at = end;
  }
  return null;
}

function parsedSpans(header: Uint8Array): number[] {
  const spans: number[] = [];
  for (const { name, start, end } of parseHeader(header)) if (places.has(name)) spans.push(start, end);
  return spans;
}

function copied(header: Uint8Array, spans: readonly number[]): Uint8Array {
  let size = 0;
  for (let i = 0; i < spans.length; i += 2) size += (spans[i + 1] ?? 0) - (spans[i] ?? 0);
  const bytes = new Uint8Array(size);
  let to = 0;
  for (let i = 0; i < spans.length; i += 2) {
    const piece = header.subarray(spans[i], spans[i + 1]);
    bytes.set(piece, to);
    to += piece.length;
  }
  return bytes;
}

function hasLoneCr(header: Uint8Array): boolean {
  for (let at = header.indexOf(CR); at >= 0; at = header.indexOf(CR, at + 1)) if (header[at + 1] !== LF) return true;
  return false;
}

interface Candidate {
  readonly place: number;
  readonly name: Uint8Array;
}

const encoder = new TextEncoder();
const places: ReadonlyMap<string, number> = new Map(listedFieldNames.map((name, i) => [name, i]));
/** Candidates by length and first letter, so that most lines of a header are passed over after one look. */
const candidates: (readonly Candidate[] | undefined)[] = [];
for (const [name, place] of places) {
  const at = slot(name.length, name.charCodeAt(0));
  candidates[at] = [...(candidates[at] ?? []), { place, name: encoder.encode(name) }];
}
const maxNameLength = Math.max(...listedFieldNames.map(({ length }) => length));

function slot(length: number, letter: number): number {
  return length * 32 + (letter & 31);
}

function isName(header: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = header[start + i] ?? 0;
    if ((byte >= 65 && byte <= 90 ? byte + 32 : byte) !== name[i]) return false;
  }
  return true;
}

function hasColon(header: Uint8Array, nameEnd: number): boolean {
  let at = nameEnd;
  while (header[at] === SP || header[at] === TAB) at++;
  return header[at] === COLON;
}
