import { decode, normalizeCharset, type Charset } from '#lib/charset';
import { SystemFlag } from '#lib/flags';
import type { SearchCommand } from './command.ts';
import type { Cursor } from './cursor.ts';
import { CharacterClass, isIn } from './characters.ts';
import { parseDate } from './parse-date.ts';
import { parseSequenceSet } from './parse-sequence-set.ts';
import type { SearchKey, SearchReturn } from './search-key.ts';

const returnOptions = new Map<string, SearchReturn>([
  ['MIN', 'min'],
  ['MAX', 'max'],
  ['ALL', 'all'],
  ['COUNT', 'count'],
  ['SAVE', 'save'],
]);

/** Parses the arguments of SEARCH, from the space after the name (RFC 9051 §6.4.4). */
export function parseSearch(cursor: Cursor, uid: boolean): SearchCommand {
  cursor.space();
  const returns = parseReturn(cursor);
  const label = parseCharset(cursor);
  const charset = label === null ? null : normalizeCharset(label);
  const unsupportedCharset = charset === null ? label : null;
  if (unsupportedCharset !== null) {
    // The keys cannot be read without the charset. RFC 9051 §6.4.4: an unsupported charset MUST get NO, not BAD, so their syntax does not matter.
    cursor.at = cursor.bytes.length;
    return { kind: 'search', uid, returns, unsupportedCharset, key: { kind: 'all' } };
  }
  return { kind: 'search', uid, returns, unsupportedCharset, key: new SearchParser(cursor, charset).program() };
}

function parseReturn(cursor: Cursor): readonly SearchReturn[] | null {
  if (!takeWord(cursor, 'RETURN')) return null;
  cursor.space();
  const options = cursor.list(() => {
    const at = cursor.at;
    return returnOptions.get(cursor.name('a return option')) ?? cursor.fail('unknown return option', at);
  }, true);
  cursor.space();
  // RFC 4731 §3.1: an empty list means ALL.
  return options.length === 0 ? ['all'] : [...new Set(options)];
}

function parseCharset(cursor: Cursor): string | null {
  if (!takeWord(cursor, 'CHARSET')) return null;
  cursor.space();
  const charset = cursor.astring('a charset').toUpperCase();
  cursor.space();
  // RFC 9051 §6.4.4: US-ASCII and UTF-8 MUST be supported. US-ASCII is part of UTF-8, and clients that name it send UTF-8 anyway.
  return charset === 'UTF-8' || charset === 'US-ASCII' ? null : charset;
}

function takeWord(cursor: Cursor, word: string): boolean {
  const start = cursor.at;
  if (cursor.run(CharacterClass.Name).toUpperCase() === word) return true;
  cursor.at = start;
  return false;
}

/** Keys without arguments. */
const plainKeys = new Map<string, SearchKey>([
  ['ALL', { kind: 'all' }],
  ['ANSWERED', { kind: 'flag', bit: SystemFlag.Answered }],
  ['DELETED', { kind: 'flag', bit: SystemFlag.Deleted }],
  ['DRAFT', { kind: 'flag', bit: SystemFlag.Draft }],
  ['FLAGGED', { kind: 'flag', bit: SystemFlag.Flagged }],
  ['SEEN', { kind: 'flag', bit: SystemFlag.Seen }],
  ['UNANSWERED', { kind: 'not', key: { kind: 'flag', bit: SystemFlag.Answered } }],
  ['UNDELETED', { kind: 'not', key: { kind: 'flag', bit: SystemFlag.Deleted } }],
  ['UNDRAFT', { kind: 'not', key: { kind: 'flag', bit: SystemFlag.Draft } }],
  ['UNFLAGGED', { kind: 'not', key: { kind: 'flag', bit: SystemFlag.Flagged } }],
  ['UNSEEN', { kind: 'not', key: { kind: 'flag', bit: SystemFlag.Seen } }],
  ['NEW', { kind: 'new' }],
  ['OLD', { kind: 'old' }],
  ['RECENT', { kind: 'recent' }],
  ['SAVEDATESUPPORTED', { kind: 'saveDateSupported' }],
]);

const textKeys = {
  BCC: 'bcc',
  CC: 'cc',
  FROM: 'from',
  TO: 'to',
  SUBJECT: 'subject',
  BODY: 'body',
  TEXT: 'text',
} as const;

const dayKeys = {
  BEFORE: 'before',
  ON: 'on',
  SINCE: 'since',
  SENTBEFORE: 'sentBefore',
  SENTON: 'sentOn',
  SENTSINCE: 'sentSince',
  SAVEDBEFORE: 'savedBefore',
  SAVEDON: 'savedOn',
  SAVEDSINCE: 'savedSince',
} as const;

function has<T extends object>(keys: T, name: PropertyKey): name is keyof T {
  return Object.hasOwn(keys, name);
}

class SearchParser {
  readonly #cursor: Cursor;
  /** Charset of the texts to search for; null for UTF-8. */
  readonly #charset: Charset | null;
  #keys = 0;

  constructor(cursor: Cursor, charset: Charset | null) {
    this.#cursor = cursor;
    this.#charset = charset;
  }

  program(): SearchKey {
    return this.#keysInARow(0);
  }

  #keysInARow(depth: number): SearchKey {
    const keys: SearchKey[] = [];
    do keys.push(this.#key(depth));
    while (this.#cursor.take(' '));
    const [only] = keys;
    return keys.length === 1 && only !== undefined ? only : { kind: 'and', keys };
  }

  #key(depth: number): SearchKey {
    const cursor = this.#cursor;
    const { limits } = cursor.options;
    if (depth > limits.maxSearchDepth)
      cursor.fail(`search keys are nested too deeply: the limit is ${limits.maxSearchDepth} levels`);
    cursor.failPast(this.#keys++, 'search keys');
    if (cursor.take('(')) {
      const key = this.#keysInARow(depth + 1);
      cursor.expect(')');
      return key;
    }
    if (isIn(cursor.next, CharacterClass.Digit) || cursor.next === 0x2a || cursor.next === 0x24) {
      return { kind: 'sequence', set: parseSequenceSet(cursor) };
    }
    const start = cursor.at;
    const name = cursor.name('a search key');
    const plain = plainKeys.get(name);
    if (plain !== undefined) return plain;
    if (name === 'NOT' || name === 'OR') return this.#operator(name, depth + 1);
    return this.#withArgument(name, start);
  }

  #operator(name: 'NOT' | 'OR', depth: number): SearchKey {
    this.#cursor.space();
    const left = this.#key(depth);
    if (name === 'NOT') return { kind: 'not', key: left };
    this.#cursor.space();
    return { kind: 'or', left, right: this.#key(depth) };
  }

  #withArgument(name: string, start: number): SearchKey {
    const cursor = this.#cursor;
    if (has(textKeys, name)) {
      cursor.space();
      return { kind: textKeys[name], text: this.#text() };
    }
    if (has(dayKeys, name)) {
      cursor.space();
      return { kind: dayKeys[name], day: parseDate(cursor) };
    }
    switch (name) {
      case 'HEADER': {
        cursor.space();
        const field = cursor.astring('a header field name');
        cursor.space();
        return { kind: 'header', field, text: this.#text() };
      }
      case 'KEYWORD':
      case 'UNKEYWORD': {
        cursor.space();
        const key: SearchKey = { kind: 'keyword', keyword: cursor.atom('a keyword').toLowerCase() };
        return name === 'KEYWORD' ? key : { kind: 'not', key };
      }
      case 'UID':
        cursor.space();
        return { kind: 'uid', set: parseSequenceSet(cursor) };
      case 'LARGER':
      case 'SMALLER':
        cursor.space();
        return { kind: name === 'LARGER' ? 'larger' : 'smaller', sizeBytes: cursor.number64('a size') };
      case 'OLDER':
      case 'YOUNGER':
        cursor.space();
        return { kind: name === 'OLDER' ? 'older' : 'younger', seconds: cursor.nzNumber('a number of seconds') };
      case 'MODSEQ':
        cursor.space();
        return this.#modSeq();
      default:
        return cursor.fail('unknown search key', start);
    }
  }

  #text(): string {
    const cursor = this.#cursor;
    return this.#charset !== null && cursor.atString
      ? decode(cursor.string(), this.#charset)
      : cursor.astring('a text');
  }

  /** Parses `[entry-name SP entry-type-req SP] mod-sequence-valzer` (RFC 7162 §3.1.5). */
  #modSeq(): SearchKey {
    const cursor = this.#cursor;
    let entry: string | null = null;
    if (cursor.atString) {
      entry = cursor.astring();
      cursor.space();
      const typeAt = cursor.at;
      if (!['PRIV', 'SHARED', 'ALL'].includes(cursor.name('an entry type'))) cursor.fail('unknown entry type', typeAt);
      cursor.space();
    }
    return { kind: 'modSeq', modSeq: cursor.number64('a mod-sequence'), entry };
  }
}
