import { parseHeader } from '#lib/message';
import type { Violation } from './violation.ts';
import { checkHeader } from './header-checks.ts';
import { defaultCheckLimits, type CheckLimits } from './limits.ts';
import type { RuleName } from './rules.ts';

/** Facts that the octets of the content do not show, because its line ends were corrected on receipt. */
export interface ContentFacts {
  readonly hadBareLf: boolean;
  readonly hadBareCr: boolean;
  /** True when SMTPUTF8 was requested for the message (RFC 6531 §3.4). */
  readonly smtputf8: boolean;
}

/** RFC 5322 §2.1.1, without CRLF. */
const maxLineOctets = 998;
/** `MaxHeaderSize` of Exchange. */
const maxExchangeHeaderBytes = 262_144;
const LF = 10;
const CR = 13;

/** Checks a message in chunks for defects that receivers refuse. Keeps the header, up to the limit. */
export class MessageChecker {
  readonly #limits: CheckLimits;
  #header = new Uint8Array(4096);
  #kept = 0;
  #headerBytes = 0;
  #isInHeader = true;
  #lineOctets = 0;
  #lineNumber = 1;
  #previous = LF;
  #longLine: { readonly number: number; readonly octets: number } | null = null;
  #hasNul = false;
  #hasBareCr = false;
  #hasEightBitHeader = false;

  constructor(limits: CheckLimits = defaultCheckLimits) {
    this.#limits = limits;
  }

  /** Takes the next octets of the content, whose lines end with CRLF. */
  push(chunk: Uint8Array): void {
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i] ?? 0;
      if (this.#isInHeader) this.#keep(byte);
      if (this.#previous === CR && byte !== LF) {
        this.#hasBareCr = true;
        this.#lineOctets += 1;
      }
      if (byte === LF) this.#endLine();
      else if (byte !== CR) {
        this.#lineOctets += 1;
        if (byte === 0) this.#hasNul = true;
      }
      this.#previous = byte;
    }
  }

  /** Ends the message. @returns the violations, those about the header first; at most `maxViolations`. */
  finish({ hadBareLf, hadBareCr, smtputf8 }: ContentFacts): Violation[] {
    this.#noteLength();
    const violations = checkHeader(parseHeader(this.#header.subarray(0, this.#kept)));
    const add = (isFound: boolean, rule: RuleName, detail: string): void => {
      if (isFound) violations.push({ rule, detail });
    };
    add(this.#hasEightBitHeader && !smtputf8, 'eightBitHeader', 'the header has 8-bit text without SMTPUTF8');
    add(this.#headerBytes > maxExchangeHeaderBytes, 'longHeader', `the header has ${this.#headerBytes} octets`);
    if (this.#longLine !== null) {
      const { number, octets } = this.#longLine;
      add(true, 'longLine', `line ${number} has ${octets} octets, more than ${maxLineOctets}`);
    }
    add(hadBareLf, 'bareLf', 'lines ended with LF without CR');
    add(hadBareCr || this.#hasBareCr, 'bareCr', 'CR without LF');
    add(this.#hasNul, 'nul', 'NUL in the message');
    return violations.slice(0, this.#limits.maxViolations);
  }

  #endLine(): void {
    this.#noteLength();
    // The empty line belongs to neither.
    if (this.#isInHeader && this.#lineOctets === 0) this.#isInHeader = false;
    this.#lineOctets = 0;
    this.#lineNumber += 1;
  }

  #noteLength(): void {
    if (this.#lineOctets <= maxLineOctets) return;
    this.#longLine ??= { number: this.#lineNumber, octets: this.#lineOctets };
  }

  #keep(byte: number): void {
    this.#headerBytes += 1;
    if (byte > 127) this.#hasEightBitHeader = true;
    if (this.#kept === this.#limits.maxHeaderBytes) return;
    if (this.#kept === this.#header.length) {
      const larger = new Uint8Array(Math.min(2 * this.#kept, this.#limits.maxHeaderBytes));
      larger.set(this.#header);
      this.#header = larger;
    }
    this.#header[this.#kept] = byte;
    this.#kept += 1;
  }
}
