import { textOf } from '#lib/message';
import { type Parsed, parsed, refused } from '#lib/parsed';

/** One `name=value` of a tag list. Offsets count in the bytes that were parsed. */
export interface Tag {
  /** Case matters (RFC 6376 §3.2). */
  readonly name: string;
  /** Without the white space around it; white space inside is kept as written. */
  readonly value: string;
  /** First byte after `=`. */
  readonly start: number;
  /** The `;` that ends the tag, or the end of the bytes. */
  readonly end: number;
}

/** Tags by name. */
export type TagList = ReadonlyMap<string, Tag>;

/** Real lists have some ten tags. */
const maxTags = 100;

const semicolon = 0x3b;
const equals = 0x3d;

/**
 * Parses `tag=value; tag=value` in bytes `from` to `to`. RFC 6376 §3.2: duplicate names MUST NOT occur, else the whole list is invalid. Refuses
 * these, and empty tags except after the last semicolon. Octets over 127 are accepted as UTF-8 (RFC 8616 §3).
 */
export function parseTagList(bytes: Uint8Array, from = 0, to: number = bytes.length): Parsed<TagList> {
  const tags = new Map<string, Tag>();
  let at = from;
  while (at < to) {
    const found = bytes.indexOf(semicolon, at);
    const end = found < 0 || found > to ? to : found;
    if (end === to && tags.size > 0 && skipSpace(bytes, at, end) === end) break;
    const tag = parseTag(bytes, at, end);
    if (!tag.ok) return tag;
    if (tags.has(tag.value.name)) return refused(at, `tag ${tag.value.name}= comes twice`);
    if (tags.size === maxTags) return refused(at, `more than ${maxTags} tags`);
    tags.set(tag.value.name, tag.value);
    at = end + 1;
  }
  return tags.size === 0 ? refused(from, 'no tags') : parsed(tags);
}

/** Splits a list of names at its colons and removes white space around each (RFC 6376 §3.5, `h=`). */
export function splitNames(value: string): string[] {
  return value.split(':').map((name) => withoutOuterSpace(name));
}

/** Removes folding white space, which is ignored in base64 (RFC 6376 §3.5, `b=`) and dkim-quoted-printable values (RFC 6376 §2.11). */
export function withoutSpace(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '');
}

function withoutOuterSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function parseTag(bytes: Uint8Array, from: number, to: number): Parsed<Tag> {
  let at = skipSpace(bytes, from, to);
  const nameStart = at;
  while (at < to && isNameByte(bytes[at] ?? 0, at === nameStart)) at++;
  if (at === nameStart) return refused(at, 'tag name expected');
  const name = String.fromCharCode(...bytes.subarray(nameStart, Math.min(at, nameStart + 32)));
  if (at - nameStart > 32) return refused(nameStart, 'tag name too long');
  at = skipSpace(bytes, at, to);
  if (at === to || bytes[at] !== equals) return refused(at, `= expected after tag ${name}`);
  const start = at + 1;
  const valueStart = skipSpace(bytes, start, to);
  let valueEnd = to;
  while (valueEnd > valueStart && isSpace(bytes[valueEnd - 1] ?? 0)) valueEnd--;
  for (let i = valueStart; i < valueEnd; i++) {
    const byte = bytes[i] ?? 0;
    if ((byte <= 0x20 && !isSpace(byte)) || byte === 0x7f) return refused(i, `control character in tag ${name}=`);
  }
  return parsed({ name, value: textOf(bytes.subarray(valueStart, valueEnd)), start, end: to });
}

/** Reports whether a byte may be in a tag name (RFC 6376 §3.2): ALPHA first, then letters, digits and underscores. */
function isNameByte(byte: number, isFirst: boolean): boolean {
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x7a) return byte >= 0x41;
  return !isFirst && ((byte >= 0x30 && byte <= 0x39) || byte === 0x5f);
}

function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(bytes[at] ?? 0)) at++;
  return at;
}

/** Reports whether a byte is white space. A line break inside a field is always folding, which was checked when its end was found. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}
