import { decode, octetsOf, readableText } from '#lib/charset';
import { decodePercent, encodePercent } from '#lib/codecs';
import { defaultLimits } from './limits.ts';
import { quotedString, skipCfws } from './scanner.ts';
import { decodeEncodedWords } from './encoded-word.ts';

/** One MIME parameter, as parsed by `parseParameters` or to be written; `findParameter` finds and decodes values. */
export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** Content-Type (RFC 2045 §5.1) as written. */
export interface ContentType {
  readonly type: string;
  readonly subtype: string;
  readonly params: readonly Parameter[];
}

/** Content-Disposition (RFC 2183 §2). */
export interface Disposition {
  readonly type: string;
  readonly params: readonly Parameter[];
}

/** Parses a Content-Type value. Returns null when it has no usable `type/subtype`, both of which are mandatory (RFC 2045 §5.1). */
export function parseContentType(text: string): ContentType | null {
  const start = skipCfws(text, 0);
  const typeEnd = tokenEnd(text, start);
  let at = skipCfws(text, typeEnd);
  if (typeEnd === start || text[at] !== '/') return null;
  at = skipCfws(text, at + 1);
  const end = tokenEnd(text, at);
  if (end === at) return null;
  return {
    type: text.slice(start, typeEnd),
    subtype: text.slice(at, end),
    params: parseParameters(text.slice(end)),
  };
}

/** Parses a Content-Disposition value. Returns null when it has no type. A bare `filename=…` is read as `attachment`, the type for unknown ones (RFC 2183 §2.8). */
export function parseDisposition(text: string): Disposition | null {
  const start = skipCfws(text, 0);
  const end = tokenEnd(text, start);
  if (text[skipCfws(text, end)] === '=') return { type: 'attachment', params: parseParameters(text) };
  if (end === start) return null;
  return { type: text.slice(start, end), params: parseParameters(text.slice(end)) };
}

/**
 * Returns the decoded value of the parameter with this lower-case name; null when absent. Sections are joined and their charset converted
 * (RFC 2231 §3 and §4); they take precedence over a plain value. Encoded words are decoded, which MUST NOT be used here (RFC 2047 §5) but
 * which much software writes.
 */
export function findParameter(params: readonly Parameter[], name: string): string | null {
  let plain: string | null = null;
  const sections = new Map<number, Section>();
  for (const param of params) {
    const { base, number, isExtended } = splitName(param.name);
    if (base.toLowerCase() !== name) continue;
    if (number === null && !isExtended) plain ??= readableText(param.value);
    else if (!sections.has(number ?? 0)) sections.set(number ?? 0, { value: param.value, isExtended });
  }
  if (sections.has(0)) return joinDecoded(sections);
  return plain !== null && name !== 'boundary' && plain.includes('=?') ? decodeEncodedWords(plain) : plain;
}

/** One section of a continued parameter (RFC 2231 §3); `value` of an extended one is percent-encoded. */
interface Section {
  readonly value: string;
  readonly isExtended: boolean;
}

/** Sections of one name, at the position of the first. */
interface Continued {
  readonly base: string;
  readonly sections: Map<number, Section & { readonly name: string }>;
}

function splitName(name: string): {
  readonly base: string;
  readonly number: number | null;
  readonly isExtended: boolean;
} {
  const match = /^([^*]+)(?:\*(\d{1,4}))?(\*)?$/.exec(name);
  const number = match?.[2] === undefined ? null : Number(match[2]);
  return { base: match?.[1] ?? name, number, isExtended: match?.[3] !== undefined };
}

/**
 * Parses `; name=value` lists (RFC 2045 §5.1) as written, in order: names in their case, repeated names kept, charsets, languages and
 * encoded words not decoded. Only the sections of a continued parameter are joined, as IMAP servers SHOULD do (RFC 2231 §6): into `name`,
 * or into `name*` when one of them is percent-encoded. Never fails: unquoted values may contain spaces, and a closing quote may be missing.
 */
export function parseParameters(text: string): Parameter[] {
  const found: (Parameter | Continued)[] = [];
  const continued = new Map<string, Continued>();
  let at = 0;
  while (at < text.length && found.length < defaultLimits.maxParameters) {
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
    const { value, end } = parameterValue(text, skipCfws(text, equals + 1));
    const name = text.slice(at, nameEnd);
    const { base, number, isExtended } = splitName(name);
    if (number === null) found.push({ name, value });
    else {
      const key = base.toLowerCase();
      let group = continued.get(key);
      if (group === undefined) {
        group = { base, sections: new Map() };
        continued.set(key, group);
        found.push(group);
      }
      const { sections } = group;
      if (!sections.has(number) && sections.size < defaultLimits.maxParameterPieces) {
        sections.set(number, { name, value, isExtended });
      }
    }
    at = end;
  }
  return found.flatMap((param) => ('sections' in param ? joinWritten(param) : param));
}

/** Joins sections into one parameter; when one is missing, all are kept as written, because their order is unknown (RFC 2231 §3: numbered from 0). */
function joinWritten({ base, sections }: Continued): Parameter[] {
  const joined = [...sections].toSorted(([a], [b]) => a - b);
  if (joined.some(([number], i) => number !== i)) return joined.map(([, { name, value }]) => ({ name, value }));
  const isExtended = joined.some(([, section]) => section.isExtended);
  if (!isExtended) return [{ name: base, value: joined.map(([, { value }]) => value).join('') }];
  // RFC 2231 §4.1: charset and language lead the first section, and may be empty.
  const lead = joined[0]?.[1].isExtended === true ? '' : "''";
  const pieces = joined.map(([, section]) =>
    section.isExtended ? section.value : encodePercent(octetsOf(section.value)),
  );
  return [{ name: `${base}*`, value: lead + pieces.join('') }];
}

function parameterValue(text: string, at: number): { readonly value: string; readonly end: number } {
  if (text[at] === '"') {
    const quoted = quotedString(text, at);
    return { value: quoted.text, end: quoted.end };
  }
  let end = text.indexOf(';', at);
  if (end < 0) end = text.length;
  let value = text.slice(at, end).trim();
  // A comment may follow (RFC 2045 §5.1); blanks inside a value are a common mistake and kept.
  const open = value.search(/\s\(/);
  if (open > 0 && value.endsWith(')')) value = value.slice(0, open).trimEnd();
  return { value, end };
}

/** Joins and decodes sections up to the first gap. RFC 2231 §4.1: charset and language are at the beginning of the first section only. */
function joinDecoded(sections: ReadonlyMap<number, Section>): string {
  let charset = 'us-ascii';
  const bytes: number[] = [];
  let out = '';
  for (let number = 0; ; number++) {
    const section = sections.get(number);
    if (section === undefined) break;
    let { value } = section;
    if (!section.isExtended) {
      out += flush(bytes, charset) + readableText(value);
      continue;
    }
    const lead = number === 0 ? /^([^']*)'[^']*'/.exec(value) : null;
    if (lead !== null) {
      charset = lead[1] ?? '';
      value = value.slice(lead[0].length);
    }
    for (const byte of decodePercent(octetsOf(value))) bytes.push(byte);
  }
  return out + flush(bytes, charset);
}

function flush(bytes: number[], charset: string): string {
  if (bytes.length === 0) return '';
  const text = decode(Uint8Array.from(bytes), charset === 'us-ascii' || charset === '' ? 'utf-8' : charset);
  bytes.length = 0;
  return text;
}

/** Returns the end of a token (RFC 2045 §5.1), extended to what occurs in mail: anything except white space, `;`, `=`, `/`, parentheses, comma and quotes. */
function tokenEnd(text: string, at: number): number {
  let i = at;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c <= 32 || c === 59 || c === 61 || c === 47 || c === 40 || c === 41 || c === 34 || c === 44) break;
    i++;
  }
  return i;
}
