import { octetText } from '#lib/charset';

const latin1 = new TextDecoder('latin1');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const windows1252 = new TextDecoder('windows-1252');

const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;
const COLON = 58;

/** One header field with its place in the header. Offsets count from the start of the parsed bytes. */
export class HeaderField {
  /** The header that `start`, `valueStart` and `end` point into. */
  readonly bytes: Uint8Array;
  /** Field name in lower case; empty for a line without a colon. */
  readonly name: string;
  /** First byte of the field. */
  readonly start: number;
  /** First byte after the colon. */
  readonly valueStart: number;
  /** First byte after the field, including its line break and continuation lines. */
  readonly end: number;

  constructor(bytes: Uint8Array, name: string, start: number, valueStart: number, end: number) {
    this.bytes = bytes;
    this.name = name;
    this.start = start;
    this.valueStart = valueStart;
    this.end = end;
  }

  /** Field name as written, without white space before the colon. */
  get rawName(): string {
    return this.name === '' ? '' : latin1.decode(this.bytes.subarray(this.start, this.start + this.name.length));
  }
}

/**
 * Splits a header into its fields without decoding their values. Never fails: a line that is no field becomes one with an empty name.
 * CRLF, LF and CR end a line; stops at the first empty line (RFC 5322 §2.1). Accepts white space before the colon (RFC 5322 §4.5).
 */
export function parseHeader(bytes: Uint8Array): HeaderField[] {
  const fields: HeaderField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at];
    if (first === LF || first === CR) break;
    const end = fieldEnd(bytes, at);
    fields.push(field(bytes, at, end));
    at = end;
  }
  return fields;
}

/** Returns the offset after the line break that no continuation line follows; those begin with white space (RFC 5322 §2.2.3). */
function fieldEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = lineEnd(bytes, at);
    const next = bytes[at];
    if (next !== SP && next !== TAB) return at;
  }
}

function lineEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === LF) return at + 1;
    if (byte === CR) return bytes[at + 1] === LF ? at + 2 : at + 1;
  }
  return bytes.length;
}

function field(bytes: Uint8Array, start: number, end: number): HeaderField {
  let at = start;
  // RFC 5322 §2.2: a name is printable ASCII without colon.
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte <= SP || byte === COLON || byte >= 127) break;
    at++;
  }
  const nameEnd = at;
  while (bytes[at] === SP || bytes[at] === TAB) at++;
  if (nameEnd === start || bytes[at] !== COLON) return new HeaderField(bytes, '', start, start, end);
  let name = '';
  if (nameEnd - start > 24) name = latin1.decode(bytes.subarray(start, nameEnd)).toLowerCase();
  else {
    for (let i = start; i < nameEnd; i++) {
      const byte = bytes[i] ?? 0;
      name += String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte);
    }
  }
  return new HeaderField(bytes, name, start, at + 1, end);
}

/**
 * Returns the field's value as text: folding removed (RFC 5322 §2.2.3), outer white space removed. Bytes over 127 are read as UTF-8 (RFC 6532 §3.2),
 * or as windows-1252 when they are not valid UTF-8. Encoded words stay encoded.
 */
export function fieldText(field: HeaderField): string {
  return unfold(textOf(valueBytes(field)));
}

/** Returns the field's value like `fieldText`, but with the original octets as an `octetText`, for values that are sent as in the message. */
export function fieldOctets(field: HeaderField): string {
  return unfold(octetText(valueBytes(field)));
}

/** Returns the value without outer white space. */
function valueBytes({ bytes, valueStart, end: fieldEndAt }: HeaderField): Uint8Array {
  let start = valueStart;
  let end = fieldEndAt;
  // Only spaces, tabs and line breaks are removed: other white space of Unicode is text.
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === TAB || byte === LF || byte === CR;
}

/** Decodes header bytes without unfolding: as UTF-8 where valid (RFC 6532 §3.2), else as windows-1252. */
export function textOf(bytes: Uint8Array): string {
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) bits |= bytes[i] ?? 0;
  if (bits < 128) return latin1.decode(bytes);
  try {
    return utf8.decode(bytes);
  } catch {
    return windows1252.decode(bytes);
  }
}

/** Removes line breaks; the white space after each one is kept (RFC 5322 §2.2.3). */
function unfold(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, '') : text;
}

/** Returns the first field with this lower-case name; null when there is none. */
export function findField(fields: readonly HeaderField[], name: string): HeaderField | null {
  for (const candidate of fields) if (candidate.name === name) return candidate;
  return null;
}
