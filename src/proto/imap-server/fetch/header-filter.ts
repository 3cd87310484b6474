const LF = 10;
const CR = 13;
const SP = 32;
const TAB = 9;
const COLON = 58;
const encoder = new TextEncoder();
const crlf = Uint8Array.of(CR, LF);
const none = new Uint8Array(0);

/** Keeps the fields of a header that HEADER.FIELDS or HEADER.FIELDS.NOT names, as they are, and the empty line (RFC 9051 §6.4.5.1). */
export class HeaderFilter {
  readonly #names: readonly Uint8Array[];
  readonly #isNot: boolean;

  /** @param names  Field names in any case. */
  constructor(names: readonly string[], isNot: boolean) {
    this.#names = names.map((name) => encoder.encode(name.toLowerCase()));
    this.#isNot = isNot;
  }

  /**
   * The fields kept, in their order, and the empty line if the message has one (RFC 9051 §6.4.5.1).
   * @param isCut  `header` is only the beginning of a longer one; its empty line comes later.
   */
  filter(header: Uint8Array, isCut = false): Uint8Array {
    const kept: [start: number, end: number][] = [];
    let size = 0;
    let at = 0;
    while (at < header.length && header[at] !== LF && !(header[at] === CR && header[at + 1] === LF)) {
      const end = fieldEnd(header, at);
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

  #isNamed(header: Uint8Array, start: number, end: number): boolean {
    for (const name of this.#names) if (hasName(header, start, end, name)) return true;
    return false;
  }
}

function fieldEnd(header: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const found = header.indexOf(LF, at);
    if (found < 0) return header.length;
    at = found + 1;
    const next = header[at];
    if (next !== SP && next !== TAB) return at;
  }
}

function hasName(header: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  let at = start + name.length;
  if (at >= end) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = header[start + i] ?? 0;
    if ((byte >= 65 && byte <= 90 ? byte + 32 : byte) !== name[i]) return false;
  }
  // RFC 5322 §4.5: blanks before the colon occur in old messages.
  while (at < end && (header[at] === SP || header[at] === TAB)) at++;
  return header[at] === COLON;
}
