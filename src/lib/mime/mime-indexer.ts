import { TextRuns } from '#lib/text-runs';
import { listedFields, parseHeader } from '#lib/message';
import { BoundaryStack } from './boundary.ts';
import type { ListedFields } from '#lib/message';
import type { BoundaryLine } from './boundary.ts';
import { Draft } from './draft.ts';
import { HeaderFacts } from './header-facts.ts';
import { HeaderBuffer } from './header-buffer.ts';
import { defaultMimeLimits } from './limits.ts';
import type { MimeLimits } from './limits.ts';
import { OctetKind, octetKinds } from './octet-kinds.ts';
import type { MessageIndex, MimeProblem } from './part.ts';

const LF = 10;
const CR = 13;
const DASH = 45;
/** Those of a message without a header. */
const noFields: ListedFields = { bytes: new Uint8Array(0), isPlain: false };

/**
 * Finds the structure of a message in one pass over its bytes, in chunks of any size: time is linear, and memory holds one header,
 * the open parts and the result, never a body. It never fails; irregularities are listed in `problems`. The same bytes give equal results
 * with any chunk sizes. CRLF and LF end lines; in headers a lone CR does too.
 */
export class MimeIndexer {
  readonly #limits: MimeLimits;
  readonly #open: Draft[];
  readonly #root: Draft;
  readonly #boundaries = new BoundaryStack();
  readonly #header: HeaderBuffer;
  readonly #problems: MimeProblem[] = [];
  /** Start of the current line, when it may be a boundary line and began in an earlier chunk. */
  readonly #carry: Uint8Array;
  #carried = 0;
  /** Last byte of the chunk before the current one. */
  #lastByte = 0;
  /** Offset of the current chunk. */
  #base = 0;
  #inHeader = true;
  /** True when the last byte was a CR in a header; the next byte decides where the line ends. */
  #afterCr = false;
  #lineStart = 0;
  /** Bytes of the line break before `lineStart`; 0 at the start of the message. */
  #breakBytes = 0;
  /** LFs so far, and the offsets after the last one and the one before it. */
  #breaks = 0;
  #breakEnd = 0;
  #previousBreakEnd = 0;
  #longest = 0;
  /** `OctetKind`s of bodies, and of headers. */
  #kinds = 0;
  #headerKinds = 0;
  #parts = 1;
  #receivedCount = 0;
  #listed: ListedFields = noFields;

  constructor(limits: Partial<MimeLimits> = {}) {
    this.#limits = { ...defaultMimeLimits, ...limits };
    this.#root = new Draft(0, false, false);
    this.#open = [this.#root];
    this.#header = new HeaderBuffer(this.#limits.maxHeaderBytes, this.#limits.maxAllHeaderBytes);
    this.#carry = new Uint8Array(this.#limits.maxBoundaryLineBytes);
  }

  /** Takes the next bytes. `chunk` is not kept. */
  push(chunk: Uint8Array): void {
    const runs = new TextRuns(chunk);
    let at = 0;
    while (at < chunk.length) {
      if (this.#inHeader) at = this.#readHeader(chunk, at);
      else if (this.#boundaries.size > 0) at = this.#readWatched(runs, at);
      else at = this.#readPlain(runs, at);
    }
    if (this.#inHeader) this.#header.keep(chunk, this.#base);
    this.#base += chunk.length;
    this.#lastByte = chunk[chunk.length - 1] ?? this.#lastByte;
  }

  /** Ends the message. Call once, after the last `push`. */
  finish(): MessageIndex {
    const none = new Uint8Array(0);
    const size = this.#base;
    if (this.#afterCr) this.#endHeaderLine(none, size, 1, false);
    if (this.#carried > 0) {
      const found = this.#boundaries.match(this.#carry, 0, Math.min(this.#carried, this.#carry.length));
      if (found !== null) this.#takeBoundary(none, found, size, 0);
    }
    // More than once when an embedded message is empty as well.
    while (this.#inHeader) this.#endHeader(none, size);
    const lastLine = size - this.#lineStart;
    if (lastLine > this.#longest) this.#longest = lastLine;
    if (this.#boundaries.size > 0) this.#problem(size, 'multipart without closing boundary');
    for (const draft of this.#open) {
      draft.end = size;
      const lastLineStart = Math.max(this.#breakEnd, draft.bodyStart);
      draft.bodyLines = this.#breaks - draft.breaksBeforeBody + (size > lastLineStart ? 1 : 0);
    }
    const facts = new HeaderFacts(this.#listed);
    return {
      sizeBytes: size,
      root: this.#root.toPart(),
      listed: this.#listed,
      get envelope() {
        return facts.envelope;
      },
      get references() {
        return facts.references;
      },
      receivedCount: this.#receivedCount,
      has8bitHeader: (this.#headerKinds & OctetKind.EightBit) !== 0,
      has8bit: ((this.#kinds | this.#headerKinds) & OctetKind.EightBit) !== 0,
      hasNul: ((this.#kinds | this.#headerKinds) & OctetKind.Nul) !== 0,
      longestLineBytes: this.#longest,
      problems: this.#problems,
    };
  }

  /** Reads a body that no boundary can end: only lines and kinds of octets matter. */
  #readPlain(runs: TextRuns, from: number): number {
    const base = this.#base;
    const chunk = runs.bytes;
    const { length } = chunk;
    let lineStart = this.#lineStart - base;
    let longest = this.#longest;
    let breaks = 0;
    for (let i = runs.nextLf(from); i < length; i = runs.nextLf(i + 1)) {
      breaks++;
      if (i - lineStart > longest) longest = Math.max(longest, i - lineStart - this.#crBefore(chunk, i));
      lineStart = i + 1;
    }
    this.#lineStart = lineStart + base;
    if (breaks > 0) this.#breakEnd = this.#lineStart;
    this.#longest = longest;
    this.#kinds |= octetKinds(chunk, from, length);
    this.#breaks += breaks;
    return length;
  }

  /** Reads a body inside a multipart: stops at lines that start with two dashes. */
  #readWatched(runs: TextRuns, from: number): number {
    const chunk = runs.bytes;
    if (this.#carried > 0 || (this.#base + from === this.#lineStart && chunk[from] === DASH)) {
      return this.#readDashes(chunk, from);
    }
    const { length } = chunk;
    let at = from;
    for (;;) {
      const lf = runs.nextLf(at);
      at = Math.min(lf + 1, length);
      if (lf === length) break;
      this.#endLine(this.#base + at, 1 + this.#crBefore(chunk, lf), true);
      if (chunk[at] === DASH && (at + 1 >= length || chunk[at + 1] === DASH)) break;
    }
    this.#kinds |= octetKinds(chunk, from, at);
    return at;
  }

  /** Reads a line that starts with a dash, to its LF or to the end of the chunk, and handles it if it is a boundary line. */
  #readDashes(chunk: Uint8Array, from: number): number {
    const found = chunk.indexOf(LF, from);
    const end = found < 0 ? chunk.length : found;
    const kinds = octetKinds(chunk, from, end);
    if (this.#inHeader) this.#headerKinds |= kinds;
    else this.#kinds |= kinds;
    const length = this.#carried + end - from;
    const kept = Math.min(length, this.#carry.length);
    if (found < 0 || this.#carried > 0) {
      this.#carry.set(chunk.subarray(from, from + Math.max(kept - this.#carried, 0)), Math.min(this.#carried, kept));
      this.#carried = kept;
    }
    if (found < 0) return end;
    const line =
      this.#carried > 0
        ? this.#boundaries.match(this.#carry, 0, kept)
        : this.#boundaries.match(chunk, from, from + kept);
    this.#carried = 0;
    const after = this.#base + end + 1;
    const breakBytes = 1 + this.#crBefore(chunk, end);
    if (line !== null) this.#takeBoundary(chunk, line, after, breakBytes);
    else if (this.#inHeader) this.#endHeaderLine(chunk, after, breakBytes, true);
    else this.#endLine(after, breakBytes, true);
    return end + 1;
  }

  #crBefore(chunk: Uint8Array, at: number): number {
    return (at > 0 ? chunk[at - 1] : this.#lastByte) === CR ? 1 : 0;
  }

  /** Handles the end of a line before offset `next`, with LF, or with a lone CR when `isLf` is false. */
  #endLine(next: number, breakBytes: number, isLf: boolean): void {
    const length = next - breakBytes - this.#lineStart;
    if (length > this.#longest) this.#longest = length;
    this.#lineStart = next;
    this.#breakBytes = breakBytes;
    if (!isLf) return;
    this.#breaks++;
    this.#previousBreakEnd = this.#breakEnd;
    this.#breakEnd = next;
  }

  #readHeader(chunk: Uint8Array, from: number): number {
    if (this.#afterCr) {
      this.#afterCr = false;
      const isPair = chunk[from] === LF;
      const next = from + (isPair ? 1 : 0);
      this.#endHeaderLine(chunk, this.#base + next, isPair ? 2 : 1, isPair);
      return next;
    }
    if (this.#carried > 0) return this.#readDashes(chunk, from);
    if (this.#boundaries.size > 0 && chunk[from] === DASH && this.#base + from === this.#lineStart) {
      return this.#readDashes(chunk, from);
    }
    let at = from;
    let byte = 0;
    while (at < chunk.length) {
      byte = chunk[at++] ?? 0;
      if (byte === LF || byte === CR) break;
    }
    this.#headerKinds |= octetKinds(chunk, from, at);
    if (byte === CR) this.#afterCr = true;
    else if (byte === LF) this.#endHeaderLine(chunk, this.#base + at, 1, true);
    return at;
  }

  #endHeaderLine(chunk: Uint8Array, next: number, breakBytes: number, isLf: boolean): void {
    const isEmpty = next - breakBytes === this.#lineStart;
    this.#endLine(next, breakBytes, isLf);
    if (isEmpty) this.#endHeader(chunk, next);
  }

  /** The header of the innermost part ends before offset `bodyStart`. */
  #endHeader(chunk: Uint8Array, bodyStart: number): void {
    const draft = this.#open[this.#open.length - 1] ?? this.#root;
    const { bytes, isCut } = this.#header.take(chunk, this.#base, bodyStart);
    this.#inHeader = false;
    if (isCut) this.#problem(draft.headerStart, 'header longer than the limit');
    const fields = parseHeader(bytes);
    for (const field of fields) {
      if (field.name === '') this.#problem(draft.headerStart + field.start, 'header line without colon');
    }
    draft.readHeader(fields);
    draft.bodyStart = bodyStart;
    draft.breaksBeforeBody = this.#breaks;
    if (draft === this.#root) {
      for (const { name } of fields) if (name === 'received') this.#receivedCount++;
      this.#listed = listedFields(bytes, isCut);
    }
    this.#enterBody(draft, bodyStart);
  }

  #enterBody(draft: Draft, bodyStart: number): void {
    const isMultipart = draft.type === 'multipart';
    if (!isMultipart && !draft.holdsMessage) return;
    if (this.#open.length >= this.#limits.maxDepth) {
      this.#problem(bodyStart, 'nested too deeply');
    } else if (isMultipart) {
      const boundary = draft.boundary;
      if (boundary === null) this.#problem(draft.headerStart, 'multipart without boundary');
      else this.#boundaries.push(boundary, this.#open.length - 1);
    } else if (this.#parts >= this.#limits.maxParts) {
      this.#problem(bodyStart, 'too many parts');
    } else {
      draft.embedded = new Draft(bodyStart, true, false);
      this.#openPart(draft.embedded);
    }
  }

  #openPart(draft: Draft): void {
    this.#parts++;
    this.#open.push(draft);
    this.#header.begin(draft.headerStart);
    this.#inHeader = true;
  }

  /** Handles the current line as a boundary line whose break ends before offset `after`. */
  #takeBoundary(chunk: Uint8Array, line: BoundaryLine, after: number, breakBytes: number): void {
    const start = this.#lineStart;
    if (!line.isClose && this.#parts >= this.#limits.maxParts) {
      this.#problem(start, 'too many parts');
      if (this.#inHeader) this.#endHeaderAt(chunk, start);
      // The line counts as text of the current part.
      this.#boundaries.clear();
      this.#endLine(after, breakBytes, breakBytes > 0);
      return;
    }
    if (this.#inHeader) this.#endHeaderAt(chunk, start);
    const level = this.#boundaries.level(line.index);
    this.#closeParts(level, start);
    if (this.#boundaries.size > line.index + 1) this.#problem(start, 'multipart without closing boundary');
    this.#boundaries.cut(line.isClose ? line.index : line.index + 1);
    this.#endLine(after, breakBytes, breakBytes > 0);
    const multipart = this.#open[level] ?? this.#root;
    if (line.isClose) return;
    // RFC 2046 §5.1.5: in a digest the default type is message/rfc822.
    const child = new Draft(after, false, multipart.subtype === 'digest');
    multipart.children.push(child);
    this.#openPart(child);
  }

  /** Ends a header at a boundary line inside it: the part has no body, so nothing in it is opened. */
  #endHeaderAt(chunk: Uint8Array, start: number): void {
    const opened = this.#open.length;
    this.#problem(start, 'boundary inside a header');
    this.#endHeader(chunk, start);
    // message/rfc822 opened its message, which is empty as well.
    if (this.#open.length > opened) this.#endHeader(chunk, start);
    this.#inHeader = false;
  }

  /** Ends the parts inside `level` before the boundary line at `start`; the line break before it belongs to the boundary (RFC 2046 §5.1.1). */
  #closeParts(level: number, start: number): void {
    const end = start - this.#breakBytes;
    const afterLf = this.#breakEnd === start;
    const lastBreakEnd = afterLf ? this.#previousBreakEnd : this.#breakEnd;
    for (const draft of this.#open.splice(level + 1)) {
      if (start <= draft.bodyStart) draft.end = draft.bodyStart;
      else {
        draft.end = end;
        const breaks = this.#breaks - draft.breaksBeforeBody - (afterLf ? 1 : 0);
        draft.bodyLines = breaks + (end > Math.max(lastBreakEnd, draft.bodyStart) ? 1 : 0);
      }
    }
  }

  #problem(at: number, reason: string): void {
    if (this.#problems.length < this.#limits.maxProblems) this.#problems.push({ at, reason });
  }
}
