import { decode } from '#lib/charset';
import { decodePercent } from '#lib/codecs';
import { defaultLimits } from './limits.ts';
import { quotedString, skipCfws } from './scanner.ts';
import { decodeEncodedWords } from './encoded-word.ts';

/** One MIME parameter, decoded (RFC 2231 pieces joined, charset converted); names are lower case. */
export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** Content-Type (RFC 2045 §5.1): names are lower case. */
export interface ContentType {
  readonly type: string;
  readonly subtype: string;
  readonly params: readonly Parameter[];
}

/** Content-Disposition (RFC 2183); `type` is lower case. */
export interface Disposition {
  readonly type: string;
  readonly params: readonly Parameter[];
}

/** Reads a Content-Type value; null when it has no usable `type/subtype`. Parameters are read tolerantly, see `parseParameters`. */
export function parseContentType(text: string): ContentType | null {
  const start = skipCfws(text, 0);
  const typeEnd = tokenEnd(text, start);
  let at = skipCfws(text, typeEnd);
  if (typeEnd === start || text[at] !== '/') return null;
  at = skipCfws(text, at + 1);
  const end = tokenEnd(text, at);
  if (end === at) return null;
  return {
    type: text.slice(start, typeEnd).toLowerCase(),
    subtype: text.slice(at, end).toLowerCase(),
    params: parseParameters(text.slice(end)),
  };
}

/** Reads a Content-Disposition value; null when it has no type. A bare `filename=…` counts as `attachment` with that parameter. */
export function parseDisposition(text: string): Disposition | null {
  const start = skipCfws(text, 0);
  const end = tokenEnd(text, start);
  if (text[skipCfws(text, end)] === '=') return { type: 'attachment', params: parseParameters(text) };
  if (end === start) return null;
  return { type: text.slice(start, end).toLowerCase(), params: parseParameters(text.slice(end)) };
}

/** The value of the parameter with this lower-case name, null when absent. */
export function findParameter(params: readonly Parameter[], name: string): string | null {
  for (const param of params) if (param.name === name) return param.value;
  return null;
}

interface Pieces {
  plain: string | null;
  /** RFC 2231 §3 sections by number; `extended` ones are still percent-encoded. */
  sections: Map<number, { value: string; extended: boolean }>;
}

/**
 * Reads `; name=value` lists (RFC 2045 §5.1) with RFC 2231 continuations and charsets, in order of first appearance. Never fails:
 * unquoted values may hold blanks, a closing quote may be missing, the first of two equal names wins, and encoded words in
 * values (RFC 2047 §5 forbids them) are decoded because much software writes them.
 */
export function parseParameters(text: string): Parameter[] {
  const byName = new Map<string, Pieces>();
  let at = 0;
  while (at < text.length && byName.size < defaultLimits.maxParameters) {
    at = skipCfws(text, at);
    if (text[at] === ';') {
      at++;
      continue;
    }
    const nameEnd = tokenEnd(text, at);
    const equals = skipCfws(text, nameEnd);
    if (nameEnd === at || text[equals] !== '=') {
      at = Math.max(nameEnd, at + 1);
      continue;
    }
    const value = parameterValue(text, skipCfws(text, equals + 1));
    store(byName, text.slice(at, nameEnd).toLowerCase(), value.text, value.quoted);
    at = value.end;
  }
  const params: Parameter[] = [];
  for (const [name, pieces] of byName) {
    const value = join(pieces);
    if (value !== null) params.push({ name, value });
  }
  return params;
}

function parameterValue(text: string, at: number): { text: string; end: number; quoted: boolean } {
  if (text[at] === '"') {
    const quoted = quotedString(text, at);
    return { text: quoted.text, end: quoted.end, quoted: true };
  }
  let end = text.indexOf(';', at);
  if (end < 0) end = text.length;
  let value = text.slice(at, end).trim();
  // A comment may follow (RFC 2045 §5.1); blanks inside a value are a common mistake and kept.
  const open = value.search(/\s\(/);
  if (open > 0 && value.endsWith(')')) value = value.slice(0, open).trimEnd();
  return { text: value, end, quoted: false };
}

function store(byName: Map<string, Pieces>, rawName: string, value: string, quoted: boolean): void {
  const match = /^([^*]+)(?:\*(\d{1,4}))?(\*)?$/.exec(rawName);
  const name = match?.[1] ?? rawName;
  let pieces = byName.get(name);
  if (pieces === undefined) byName.set(name, (pieces = { plain: null, sections: new Map() }));
  if (match?.[2] === undefined && match?.[3] === undefined) {
    pieces.plain ??=
      name !== 'boundary' && value.includes('=?') ? decodeEncodedWords(value) : quoted ? value : value.trim();
    return;
  }
  const number = match[2] === undefined ? 0 : Number(match[2]);
  if (!pieces.sections.has(number) && pieces.sections.size < defaultLimits.maxParameterPieces) {
    pieces.sections.set(number, { value, extended: match[3] !== undefined });
  }
}

/** RFC 2231 §4.1: charset and language lead the first section only; sections stop at the first gap. */
function join(pieces: Pieces): string | null {
  const first = pieces.sections.get(0);
  if (first === undefined) return pieces.plain;
  let charset = 'us-ascii';
  const bytes: number[] = [];
  let out = '';
  for (let number = 0; ; number++) {
    const section = pieces.sections.get(number);
    if (section === undefined) break;
    let value = section.value;
    if (!section.extended) {
      out += flush(bytes, charset) + value;
      continue;
    }
    const lead = number === 0 ? /^([^']*)'[^']*'/.exec(value) : null;
    if (lead !== null) {
      charset = lead[1] ?? '';
      value = value.slice(lead[0].length);
    }
    for (const byte of decodePercent(encoder.encode(value))) bytes.push(byte);
  }
  return out + flush(bytes, charset);
}

function flush(bytes: number[], charset: string): string {
  if (bytes.length === 0) return '';
  const text = decode(Uint8Array.from(bytes), charset === 'us-ascii' || charset === '' ? 'utf-8' : charset);
  bytes.length = 0;
  return text;
}

const encoder = new TextEncoder();

/** RFC 2045 §5.1 token, widened to what is seen: anything but blanks, `;`, `=`, `/`, parentheses, comma and quotes. */
function tokenEnd(text: string, at: number): number {
  let i = at;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c <= 32 || c === 59 || c === 61 || c === 47 || c === 40 || c === 41 || c === 34 || c === 44) break;
    i++;
  }
  return i;
}
