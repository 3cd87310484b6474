import type { FetchCommand } from './command.ts';
import type { Cursor } from './cursor.ts';
import type { FetchItem, Partial, Section, SectionText } from './fetch-item.ts';
import { parseSequenceSet } from './parse-sequence-set.ts';
import { sectionName } from './section-name.ts';

const fast: readonly FetchItem[] = [{ kind: 'flags' }, { kind: 'internalDate' }, { kind: 'rfc822Size' }];
const all: readonly FetchItem[] = [...fast, { kind: 'envelope' }];

/** Macros. RFC 9051 §6.4.5: each must be used by itself, so none is allowed in a list. */
const macros = new Map<string, readonly FetchItem[]>([
  ['FAST', fast],
  ['ALL', all],
  ['FULL', [...all, { kind: 'body' }]],
]);

const plainItems = new Map<string, FetchItem>([
  ['ENVELOPE', { kind: 'envelope' }],
  ['FLAGS', { kind: 'flags' }],
  ['INTERNALDATE', { kind: 'internalDate' }],
  ['RFC822.SIZE', { kind: 'rfc822Size' }],
  ['UID', { kind: 'uid' }],
  ['BODY', { kind: 'body' }],
  ['BODYSTRUCTURE', { kind: 'bodyStructure' }],
  ['MODSEQ', { kind: 'modSeq' }],
  ['SAVEDATE', { kind: 'saveDate' }],
  ['RFC822', { kind: 'rfc822' }],
  ['RFC822.HEADER', { kind: 'rfc822Header' }],
  ['RFC822.TEXT', { kind: 'rfc822Text' }],
]);

/** Parses the arguments of FETCH, from the space after the name (RFC 9051 §6.4.5, RFC 7162 §3.1.4). */
export function parseFetch(cursor: Cursor, uid: boolean): FetchCommand {
  cursor.space();
  const set = parseSequenceSet(cursor);
  cursor.space();
  const items = parseItems(cursor);
  const modifiers = cursor.take(' ') ? parseModifiers(cursor, uid) : { changedSince: null, vanished: false };
  return { kind: 'fetch', uid, set, items, ...modifiers };
}

function parseItems(cursor: Cursor): readonly FetchItem[] {
  if (cursor.next === 0x28) return cursor.list(() => parseItem(cursor));
  const start = cursor.at;
  const macro = macros.get(cursor.name('a data item'));
  if (macro !== undefined) return macro;
  cursor.at = start;
  return [parseItem(cursor)];
}

function parseItem(cursor: Cursor): FetchItem {
  const start = cursor.at;
  const name = cursor.name('a data item');
  if (cursor.next === 0x5b) {
    if (name === 'BODY' || name === 'BODY.PEEK') return parseBodySection(cursor, name === 'BODY.PEEK');
    if (name === 'BINARY' || name === 'BINARY.PEEK') return parseBinary(cursor, name === 'BINARY.PEEK');
    if (name === 'BINARY.SIZE') {
      const part = parseBinaryPart(cursor);
      return { kind: 'binarySize', part, name: `BINARY.SIZE[${part.join('.')}]` };
    }
  }
  return plainItems.get(name) ?? cursor.fail('unknown data item', start);
}

function parseBodySection(cursor: Cursor, peek: boolean): FetchItem {
  cursor.expect('[');
  const section = parseSection(cursor);
  cursor.expect(']');
  const partial = parsePartial(cursor);
  return { kind: 'bodySection', peek, section, partial, name: `BODY${sectionName(section)}${origin(partial)}` };
}

function parseBinary(cursor: Cursor, peek: boolean): FetchItem {
  const part = parseBinaryPart(cursor);
  const partial = parsePartial(cursor);
  return { kind: 'binary', peek, part, partial, name: `BINARY[${part.join('.')}]${origin(partial)}` };
}

function parseBinaryPart(cursor: Cursor): readonly number[] {
  cursor.expect('[');
  const part = cursor.next === 0x5d ? [] : parsePartNumbers(cursor);
  // RFC 9051 §9, section-binary: only part numbers, no HEADER, TEXT or MIME.
  if (cursor.next === 0x2e) cursor.fail('BINARY takes part numbers only');
  cursor.expect(']');
  return part;
}

/** Parses `section-spec` (RFC 9051 §9), without the brackets. */
function parseSection(cursor: Cursor): Section {
  if (cursor.next === 0x5d) return { part: [], text: { kind: 'all' } };
  const digit = cursor.next !== undefined && cursor.next >= 0x30 && cursor.next <= 0x39;
  if (!digit) return { part: [], text: parseSectionText(cursor, false) };
  const part = parsePartNumbers(cursor);
  return { part, text: cursor.take('.') ? parseSectionText(cursor, true) : { kind: 'all' } };
}

function parsePartNumbers(cursor: Cursor): number[] {
  const part = [cursor.nzNumber('a part number')];
  for (;;) {
    const following = cursor.bytes[cursor.at + 1] ?? 0;
    if (cursor.next !== 0x2e || following < 0x30 || following > 0x39) return part;
    cursor.at++;
    cursor.failPast(part.length, 'part numbers');
    part.push(cursor.nzNumber('a part number'));
  }
}

function parseSectionText(cursor: Cursor, inPart: boolean): SectionText {
  const start = cursor.at;
  const name = cursor.name('a section');
  switch (name) {
    case 'HEADER':
      return { kind: 'header' };
    case 'TEXT':
      return { kind: 'text' };
    case 'MIME':
      // RFC 9051 §6.4.5.1: MIME MUST be prefixed by part numbers.
      return inPart ? { kind: 'mime' } : cursor.fail('MIME needs a part number', start);
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      cursor.space();
      return { kind: 'headerFields', not: name.endsWith('.NOT'), fields: cursor.list(() => parseFieldName(cursor)) };
    default:
      return cursor.fail('unknown section', start);
  }
}

/** Parses the name of a header field: printable ASCII without the colon (RFC 5322 §2.2). */
function parseFieldName(cursor: Cursor): string {
  const start = cursor.at;
  const field = cursor.astring('a header field name');
  return /^[!-9;-~]+$/.test(field) ? field : cursor.fail('not a header field name', start);
}

/** Parses `<start.count>`, whose count is not zero (RFC 9051 §9, partial); null when absent. */
function parsePartial(cursor: Cursor): Partial | null {
  if (!cursor.take('<')) return null;
  const start = cursor.number64('an offset');
  cursor.expect('.');
  const countAt = cursor.at;
  const count = cursor.number64('a count from 1');
  if (count === 0) cursor.fail('expected a count from 1', countAt);
  cursor.expect('>');
  return { start, count };
}

function origin(partial: Partial | null): string {
  return partial === null ? '' : `<${partial.start}>`;
}

function parseModifiers(cursor: Cursor, uid: boolean): { changedSince: number | null; vanished: boolean } {
  const start = cursor.at;
  let changedSince: number | null = null;
  let vanished = false;
  cursor.list(() => {
    const at = cursor.at;
    const name = cursor.name('a modifier');
    if (name === 'CHANGEDSINCE' && changedSince === null) {
      cursor.space();
      changedSince = cursor.number64('a mod-sequence');
    } else if (name === 'VANISHED' && !vanished) vanished = true;
    else cursor.fail('unknown or repeated modifier', at);
  });
  // RFC 7162 §3.2.6: only with UID FETCH and CHANGEDSINCE.
  if (vanished && (!uid || changedSince === null)) cursor.fail('VANISHED needs UID FETCH and CHANGEDSINCE', start);
  return { changedSince, vanished };
}
