import { storedFieldEnd } from '#lib/message';

const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;
const COLON = 58;
const encoder = new TextEncoder();
const crlf = Uint8Array.of(CR, LF);
const none = new Uint8Array(0);

/** Selects the fields of a header that HEADER.FIELDS or HEADER.FIELDS.NOT names, unchanged, and the empty line (RFC 9051 §6.4.5.1). */
export class HeaderFilter {
  /** In lower case, a character for each octet of UTF-8. */
  readonly #names: ReadonlySet<string>;
  readonly #longestName: number;
  readonly #isNot: boolean;

  /** @param names  Field names in any case. */
  constructor(names: readonly string[], isNot: boolean) {
    this.#names = new Set(names.map((name) => octetsOf(name.toLowerCase())));
    this.#longestName = Math.max(0, ...[...this.#names].map(({ length }) => length));
    this.#isNot = isNot;
  }

  /**
   * Returns the selected fields in their order, and the empty line if the message has one (RFC 9051 §6.4.5.1).
   * @param isCut  `header` is only the beginning of a longer one; its empty line comes later.
   */
  filter(header: Uint8Array, isCut = false): Uint8Array {
    const kept: [start: number, end: number][] = [];
    let size = 0;
    let at = 0;
    while (at < header.length && header[at] !== LF && !(header[at] === CR && header[at + 1] === LF)) {
      const end = storedFieldEnd(header, at);
      if (this.#isNamed(header, at, end) !== this.#isNot) {
        const previous = kept.at(-1);
        if (previous !== undefined && previous[1] === at) previous[1] = end;
        else kept.push([at, end]);
        size += end - at;
      }
      at = end;
    }
    const emptyLine = at < header.length ? header.subarray(at, at + (header[at] === LF ? 1 : 2)) : isCut ? crlf : none;
    const result = new Uint8Array(size + emptyLine.length);
    let to = 0;
    for (const [start, end] of kept) {
      result.set(header.subarray(start, end), to);
      to += end - start;
    }
    result.set(emptyLine, to);
    return result;
  }

  /** Looks the field up by its name, however many names there are. */
  #isNamed(header: Uint8Array, start: number, end: number): boolean {
    let nameEnd = start;
    while (nameEnd < end && header[nameEnd] !== COLON) nameEnd++;
    if (nameEnd === end) return false;
    // RFC 5322 §4.5: spaces before the colon occur in old messages.
    while (nameEnd > start && (header[nameEnd - 1] === SP || header[nameEnd - 1] === TAB)) nameEnd--;
    if (nameEnd - start > this.#longestName) return false;
    let name = '';
    for (let at = start; at < nameEnd; at++) {
      const octet = header[at] ?? 0;
      name += String.fromCharCode(octet >= 65 && octet <= 90 ? octet + 32 : octet);
    }
    return this.#names.has(name);
  }
}

function octetsOf(text: string): string {
  return Array.from(encoder.encode(text), (octet) => String.fromCharCode(octet)).join('');
}
