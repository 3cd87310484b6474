import { encodePercent } from '#lib/codecs';
import { parseDomain } from '#lib/domain';
import type { AddressEntry, MailboxEntry } from './address-list.ts';
import { encodeWords } from './encoded-word-writer.ts';
import { cleanText, foldField, isAscii, maxUncutChars } from './header-writer.ts';
import type { WriteOptions } from './header-writer.ts';
import type { Parameter } from './parameter.ts';

const encoder = new TextEncoder();

/** RFC 5322 §3.2.3 dot-atom, with the characters of RFC 6532 §3.2. */
const dotAtom = /^[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+)*$/u;
const phraseWord = /^[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+$/u;
/** RFC 2045 §5.1 token. */
const token = /^[\w!#$%&'*+.^`{|}~-]+$/;
/** Longest encoded word in a name, so that it fits after the field name (RFC 2047 §2: lines of 76 characters). */
const maxPhraseWordChars = 58;
/** Longest parameter value in one piece, so that its line stays short. */
const maxPieceChars = 60;

/**
 * Formats an address field (RFC 5322 §3.4), folded between addresses, with CRLF. Without smtputf8, names are encoded and domains are
 * A-labels; a localpart that is not ASCII has no such form (RFC 2047 §5: no encoded word in an addr-spec) and remains UTF-8.
 */
export function writeAddresses(name: string, list: readonly AddressEntry[], options: WriteOptions = {}): string {
  const pieces: string[] = [];
  let isFirst = true;
  let inGroup = false;
  for (const entry of list) {
    if (entry.kind === 'groupEnd') {
      if (!inGroup) continue;
      pieces.push(';');
      inGroup = false;
      isFirst = false;
      continue;
    }
    if (!isFirst) pieces.push(',');
    if (entry.kind === 'groupStart') {
      pieces.push(...phrase(entry.name, options).map(spaced), ':');
      inGroup = true;
      isFirst = true;
      continue;
    }
    pieces.push(...mailboxPieces(entry, options));
    isFirst = false;
  }
  if (inGroup) pieces.push(';');
  return foldField(name, glue(pieces));
}

function mailboxPieces(entry: MailboxEntry, options: WriteOptions): string[] {
  const address = writeMailbox(entry.localpart, entry.domain, options);
  if (entry.name === null || entry.name === '') return [` ${address === '' ? '<>' : address}`];
  return [...phrase(entry.name, options).map(spaced), ` <${address}>`];
}

/** Formats `localpart@domain`, quoted where needed (RFC 5322 §3.4.1), with control characters as spaces. */
function writeMailbox(localpart: string, domain: string, options: WriteOptions): string {
  const local = dotAtom.test(localpart) ? localpart : quote(localpart);
  if (domain === '') return localpart === '' ? '' : local;
  const clean = cleanText(domain).replace(/[\s<>,;()"]/g, '');
  if (options.smtputf8 === true || isAscii(clean)) return `${local}@${clean}`;
  const parsed = parseDomain(clean);
  return `${local}@${parsed.ok ? parsed.value.ascii : clean}`;
}

/** Formats a display name as pieces that may be on lines of their own. */
function phrase(name: string, options: WriteOptions): string[] {
  const clean = cleanText(name).trim();
  if (clean.includes('=?') || (options.smtputf8 !== true && !isAscii(clean)))
    return encodeWords(clean, maxPhraseWordChars);
  if (clean.length > maxUncutChars) return encodeWords(clean, maxPhraseWordChars);
  return clean.split(' ').every((word) => phraseWord.test(word)) ? clean.split(' ') : [quote(clean)];
}

function quote(text: string): string {
  return `"${cleanText(text).replace(/["\\]/g, '\\$&')}"`;
}

function spaced(piece: string): string {
  return ` ${piece}`;
}

/** Joins pieces that must not start a line (`,`, `;`, `:`) to the piece before. */
function glue(pieces: readonly string[]): string[] {
  const glued: string[] = [];
  for (const piece of pieces) {
    if (piece.startsWith(' ') || glued.length === 0) glued.push(piece);
    else glued.push(`${glued.pop() ?? ''}${piece}`);
  }
  return glued;
}

/**
 * Formats a field with a value and MIME parameters, such as Content-Type, folded between them, with CRLF. Values that are
 * long, or not ASCII without smtputf8, become sections in UTF-8 (RFC 2231 §4.1); others become tokens or quoted strings (RFC 2045 §5.1).
 */
export function writeParameters(
  name: string,
  value: string,
  params: readonly Parameter[],
  options: WriteOptions = {},
): string {
  const pieces = [` ${cleanText(value).trim()}`];
  for (const param of params) {
    for (const piece of parameterPieces(param, options)) pieces.push(';', ` ${piece}`);
  }
  return foldField(name, glue(pieces));
}

function parameterPieces(param: Parameter, options: WriteOptions): string[] {
  const value = cleanText(param.value);
  // RFC 2046 §5.1.1: boundaries have up to 70 characters, and are never split, because old software does not know RFC 2231 §3.
  const isPlain = (options.smtputf8 === true || isAscii(value)) && !value.includes('=?');
  if (isPlain && (value.length <= maxPieceChars || param.name === 'boundary')) {
    return [`${param.name}=${token.test(value) ? value : quote(value)}`];
  }
  const pieces: string[] = [];
  let run = "utf-8''";
  for (const char of value) {
    const coded = encodePercent(encoder.encode(char));
    if (run.length + coded.length > maxPieceChars) {
      pieces.push(run);
      run = '';
    }
    run += coded;
  }
  pieces.push(run);
  if (pieces.length === 1) return [`${param.name}*=${run}`];
  return pieces.map((piece, i) => `${param.name}*${i}*=${piece}`);
}
