import { CharacterClass, isIn } from './characters.ts';
import type { ImapLimits } from './limits.ts';

/** Options of parsing on a connection. */
export interface ParseOptions {
  readonly limits: ImapLimits;
  /** UTF8=ACCEPT or IMAP4rev2 is enabled: mailbox names are UTF-8 instead of modified UTF-7 (RFC 6855 §3, RFC 9051 §5.1). */
  readonly utf8: boolean;
}

/** Private exception that carries a refusal out of deep recursion; never leaves the folder. */
export class SyntaxFailure extends Error {
  override readonly name = 'SyntaxFailure';
  readonly at: number;
  /** True when the name of the command is unknown. */
  readonly unknownCommand: boolean;

  constructor(at: number, reason: string, unknownCommand = false) {
    super(reason);
    this.at = at;
    this.unknownCommand = unknownCommand;
  }
}

const latin1 = new TextDecoder('latin1');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the lexical elements of RFC 9051 §9 from the bytes of one command, with literals in place and without the final CRLF.
 * Every method throws SyntaxFailure when the input does not match; otherwise it leaves `at` after the element.
 */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly options: ParseOptions;
  at: number;

  constructor(bytes: Uint8Array, options: ParseOptions, at = 0) {
    this.bytes = bytes;
    this.options = options;
    this.at = at;
  }

  /** The next octet, undefined at the end. */
  get next(): number | undefined {
    return this.bytes[this.at];
  }

  fail(reason: string, at = this.at): never {
    throw new SyntaxFailure(at, reason);
  }

  /** Fails when a list with `count` elements is full. @param what  Name of the elements. */
  failPast(count: number, what: string): void {
    const { maxListItems } = this.options.limits;
    if (count >= maxListItems) this.fail(`too many ${what}: the limit is ${maxListItems}`);
  }

  /** Takes one given ASCII character if it comes next. */
  take(char: string): boolean {
    if (this.next !== char.charCodeAt(0)) return false;
    this.at++;
    return true;
  }

  /** Takes one given ASCII character. */
  expect(char: string): void {
    if (!this.take(char)) this.fail(char === ' ' ? 'expected a space' : `expected ${char}`);
  }

  /** Takes one space: RFC 9051 §9 (2) permits neither more nor a TAB. */
  space(): void {
    this.expect(' ');
  }

  end(): void {
    if (this.at !== this.bytes.length) this.fail('expected the end of the command');
  }

  /** Returns the longest run of octets of the classes in `mask`; may be empty. */
  run(mask: number): string {
    const start = this.at;
    while (isIn(this.next, mask)) this.at++;
    const { bytes, at } = this;
    // For the few letters of a name, calling the decoder costs more than decoding.
    if (at - start > 24) return latin1.decode(bytes.subarray(start, at));
    let text = '';
    for (let i = start; i < at; i++) text += String.fromCharCode(bytes[i] ?? 0);
    return text;
  }

  /** Returns a run of at least one octet of a class. */
  word(mask: number, what: string): string {
    const word = this.run(mask);
    return word === '' ? this.fail(`expected ${what}`) : word;
  }

  atom(what = 'an atom'): string {
    return this.word(CharacterClass.Atom, what);
  }

  /** Returns a name of letters, digits, `.`, `-`, `_` in upper case: names are accepted in any case (RFC 9051 §9, 1). */
  name(what: string): string {
    return this.word(CharacterClass.Name, what).toUpperCase();
  }

  /** Returns a number up to `max`. */
  number(max: number, what = 'a number'): number {
    const start = this.at;
    let value = 0;
    for (; ; this.at++) {
      const digit = (this.next ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (this.at === start) this.fail(`expected ${what}`);
    // RFC 9051 §9, number64: 63 bits have at most 19 digits; leading zeros have no use.
    if (this.at - start > 19 || value > max) this.fail(`${what} is too large: the limit is ${max}`, start);
    return value;
  }

  /** Returns a 32-bit number that is not zero (RFC 9051 §9, nz-number). */
  nzNumber(what = 'a number from 1'): number {
    const start = this.at;
    const value = this.number(0xffff_ffff, what);
    return value === 0 ? this.fail(`expected ${what}`, start) : value;
  }

  /** Returns a 63-bit number (RFC 9051 §9, number64); values past 2^53-1 become 2^53-1, larger than anything they are compared with. */
  number64(what = 'a number'): number {
    return Math.min(this.number(2 ** 63, what), Number.MAX_SAFE_INTEGER);
  }

  /** True when a string (quoted, literal, literal8) comes next. */
  get atString(): boolean {
    const { next } = this;
    return next === 0x22 || next === 0x7b || (next === 0x7e && this.bytes[this.at + 1] === 0x7b);
  }

  /** Returns the octets of a quoted string or literal; may be a view. */
  string(what = 'a string'): Uint8Array {
    if (this.next === 0x22) return this.#quoted();
    if (this.next === 0x7b) return this.#literal();
    if (this.next === 0x7e && this.bytes[this.at + 1] === 0x7b) {
      this.at++;
      return this.#literal();
    }
    return this.fail(`expected ${what}`);
  }

  #quoted(): Uint8Array {
    const start = ++this.at;
    let escapes = 0;
    for (; ; this.at++) {
      const octet = this.next;
      // RFC 9051 §9, QUOTED-CHAR: no NUL, CR or LF, and only DQUOTE and backslash may follow a backslash.
      if (octet === undefined || octet === 0 || octet === 0x0d || octet === 0x0a)
        this.fail('quoted string without end');
      if (octet === 0x22) break;
      if (octet === 0x5c) {
        escapes++;
        this.at++;
        if (this.next !== 0x22 && this.next !== 0x5c) this.fail('only " and \\ may follow \\ in a quoted string');
      }
    }
    const inner = this.bytes.subarray(start, this.at++);
    return escapes === 0 ? inner : unescape(inner, inner.length - escapes);
  }

  #literal(): Uint8Array {
    this.expect('{');
    const size = this.number(Number.MAX_SAFE_INTEGER, 'the size of a literal');
    // RFC 7888 §3: the plus sign marks a non-synchronizing literal.
    this.take('+');
    this.expect('}');
    this.expect('\r');
    this.expect('\n');
    if (this.bytes.length - this.at < size) this.fail('literal without end');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  /** Decodes UTF-8 without NUL; fails at `at` when `bytes` are not that. RFC 9051 §9, CHAR8: NUL is in no string but literal8. */
  text(bytes: Uint8Array, at: number): string {
    if (bytes.includes(0)) this.fail('NUL in a string', at);
    try {
      return utf8.decode(bytes);
    } catch {
      return this.fail('text is not UTF-8', at);
    }
  }

  /** Returns an astring as Unicode. */
  astring(what = 'an atom or a string'): string {
    const start = this.at;
    if (this.next === 0x22 || this.next === 0x7b) return this.text(this.string(), start);
    return this.word(CharacterClass.Astring, what);
  }

  /** Returns a string as Unicode, or null for NIL. */
  nstring(): string | null {
    const start = this.at;
    if (this.atString) return this.text(this.string(), start);
    if (this.name('a string or NIL') !== 'NIL') this.fail('expected a string or NIL', start);
    return null;
  }

  /** Parses `(` item SP item… `)`; empty only when `orEmpty`. */
  list<T>(item: () => T, orEmpty = false): T[] {
    this.expect('(');
    const items: T[] = [];
    if (orEmpty && this.take(')')) return items;
    do {
      this.failPast(items.length, 'elements of one list');
      items.push(item());
    } while (this.take(' '));
    this.expect(')');
    return items;
  }
}

function unescape(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let from = 0, to = 0; to < size; from++, to++) {
    if (bytes[from] === 0x5c) from++;
    out[to] = bytes[from] ?? 0;
  }
  return out;
}
