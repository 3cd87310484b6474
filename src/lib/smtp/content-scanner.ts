import { TextRuns } from '#lib/text-runs';

/** Reason to refuse content that was read to its end: its line ends invite SMTP smuggling (RFC 5321 §2.3.8). */
export type ContentProblem = 'bareCr' | 'bareLf';

/** States of the search for CRLF.CRLF, after the last octet. */
const State = {
  Text: 0,
  /** After CR. */
  Cr: 1,
  /** At the start of a line, after CRLF. */
  LineStart: 2,
  /** After a dot at the start of a line. */
  Dot: 3,
  /** After the CR of a line that has only a dot. */
  DotCr: 4,
  /** At the start of a line, after a bare LF. */
  BareStart: 5,
  /** After a dot behind a bare LF. If the line ends here, another server may end the content, although RFC 5321 §4.1.1.4 says that it MUST NOT. */
  BareDot: 6,
} as const;
type State = (typeof State)[keyof typeof State];

const heldCr = Uint8Array.of(13);

/**
 * Reads content, DATA or BDAT, octet by octet over chunks: finds its only end, drops the dots, and notes what must be refused.
 * A dot alone between two line ends of which one is bare is always refused. A bare CR is refused unless the receiver of the content encodes it.
 * When lenient, nothing is refused: a bare LF becomes CRLF, a bare CR stays, and a lone dot after a bare LF is dropped like any leading dot.
 * Keeps no octets: a CR after a lone dot either belongs to the end or is bare; then the content is refused or, when lenient, the CR is returned.
 *
 * deviates: RFC 5321 §2.3.8 and §4.1.1.4 forbid LF as a line end. Unless pedantic, a bare LF becomes CRLF, because much software sends it
 * and it cannot smuggle where no lone dot follows.
 */
export class ContentScanner {
  /** Offset in the chunk after the bytes that the last call consumed. */
  at = 0;
  /** True once the end has been read; `problem` is then final. */
  isEnded = false;
  problem: ContentProblem | null = null;
  /** True when the content so far had a bare LF, refused or not. */
  hadBareLf = false;
  readonly #isPedantic: boolean;
  readonly #passesBareCr: boolean;
  readonly #isLenient: boolean;
  #state: State = State.LineStart;
  /** Scanner of the current chunk, kept because a chunk with many dots takes many calls. */
  #runs: TextRuns | null = null;
  #isData = true;
  /** LF alone ends lines, and with a lone dot the content. */
  #isLfOnly = false;
  #bdatLeft = 0;
  #isLast = false;

  /** @param isPedantic  Refuses every bare LF. @param passesBareCr  Lets a CR within a line pass, but not one after a lone dot. @param isLenient  Refuses nothing. */
  constructor(isPedantic: boolean, passesBareCr = false, isLenient = false) {
    this.#isPedantic = isPedantic;
    this.#passesBareCr = passesBareCr;
    this.#isLenient = isLenient;
  }

  /**
   * Begins content up to CRLF.CRLF; the CRLF of the DATA command counts as the first (RFC 5321 §4.1.1.4).
   *
   * @param isLfOnly  The client ends its commands with LF, and so its content: a person with `nc`.
   * deviates: RFC 5321 §4.1.1.4 says that LF.LF MUST NOT end content. Only a lenient server, which relays nothing, sets it.
   */
  beginData(isLfOnly = false): void {
    this.#forget();
    this.#isLfOnly = isLfOnly;
    this.isEnded = false;
    this.#isData = true;
    this.#state = State.LineStart;
  }

  /** Begins a chunk of `sizeBytes` (RFC 3030 §2). Line ends are checked across the chunks of one message. */
  beginBdat(sizeBytes: number, isFirst: boolean, isLast: boolean): void {
    if (isFirst) {
      this.#forget();
      this.#state = State.LineStart;
    }
    this.#isData = false;
    this.#bdatLeft = sizeBytes;
    this.#isLast = isLast;
    this.isEnded = false;
    if (sizeBytes === 0) this.#endBdat();
  }

  /** Reads content from `chunk` at `from`, sets `at`, and returns a run of it, or null when there is none. */
  take(chunk: Uint8Array, from: number): Uint8Array | null {
    const run = this.#take(chunk, from);
    // What waits for more keeps no chunk alive.
    if (this.isEnded || this.at >= chunk.length) this.#runs = null;
    return run;
  }

  #take(chunk: Uint8Array, from: number): Uint8Array | null {
    if (this.#isData) {
      if (this.#isLenient && this.#state === State.DotCr && from < chunk.length && chunk[from] !== 10) {
        // The CR that was held back after a lone dot was no end, so it is content.
        this.#state = State.Cr;
        this.at = from;
        return heldCr;
      }
      return this.#scan(chunk, from, chunk.length);
    }
    const run = this.#scan(chunk, from, Math.min(chunk.length, from + this.#bdatLeft));
    this.#bdatLeft -= this.at - from;
    if (this.#bdatLeft === 0) this.#endBdat();
    return this.problem === null ? run : null;
  }

  /** Returns a run of the content between `from` and `end`, which stops at a dot to drop, a bare LF, or the end of the content. */
  #scan(chunk: Uint8Array, from: number, end: number): Uint8Array | null {
    const isData = this.#isData;
    const runs = this.#runs?.bytes === chunk ? this.#runs : new TextRuns(chunk);
    this.#runs = runs;
    let state = this.#state;
    let start = from;
    let i = from;
    while (i < end) {
      if (state === State.Text) {
        i = runs.endOf(i, end);
        if (i === end) break;
      }
      const before = state;
      state = this.#step(before, chunk[i++] as number);
      if (state === State.Text || state === State.Cr) continue;
      if (isData && (state === State.Dot || state === State.BareDot)) {
        // RFC 5321 §4.5.2: a leading dot is dropped, unless the line has nothing else: then it is the end.
        const run = this.#run(chunk, start, i - 1);
        start = i;
        if (run === null) continue;
        this.#state = state;
        this.at = i;
        return run;
      }
      if (isData && this.#isEnd(before, state)) {
        this.isEnded = true;
        this.at = i;
        return null;
      }
      if (state === State.BareStart && this.problem === null) {
        this.#state = before;
        const run = this.#run(chunk, start, i - 1);
        if (run === null) return this.#rewrite(chunk, i - 1, end);
        this.at = i - 1;
        return run;
      }
    }
    this.#state = state;
    this.at = end;
    // After a lone dot, the CR waits: it is no content.
    return isData && state === State.DotCr ? null : this.#run(chunk, start, end);
  }

  /** Does the same octet by octet into a copy, for the rest of a chunk after its first bare LF, which becomes CRLF. */
  #rewrite(chunk: Uint8Array, from: number, end: number): Uint8Array | null {
    const isData = this.#isData;
    let bareCount = 0;
    for (let lf = chunk.indexOf(10, from); lf >= 0 && lf < end; lf = chunk.indexOf(10, lf + 1)) bareCount++;
    const copy = new Uint8Array(end - from + bareCount);
    let used = 0;
    let state = this.#state;
    let i = from;
    while (i < end && !this.isEnded) {
      const b = chunk[i++] as number;
      const before = state;
      state = this.#step(before, b);
      if (isData && this.#isEnd(before, state)) {
        this.isEnded = true;
        break;
      }
      if (state === State.BareStart || (isData && before === State.DotCr)) copy[used++] = 13;
      if (!isData || (state !== State.Dot && state !== State.BareDot && state !== State.DotCr)) copy[used++] = b;
    }
    this.#state = state;
    this.at = i;
    return this.#run(copy, 0, used);
  }

  #endBdat(): void {
    this.isEnded = true;
    if (this.#isLast && (this.#state === State.Cr || this.#state === State.DotCr)) this.#refuse('bareCr');
  }

  /** True for the last octet of the content that DATA began. */
  #isEnd(before: State, state: State): boolean {
    if (before === State.DotCr) return state === State.LineStart;
    return this.#isLfOnly && state === State.BareStart && (before === State.Dot || before === State.BareDot);
  }

  #forget(): void {
    this.problem = null;
    this.hadBareLf = false;
  }

  #refuse(problem: ContentProblem): void {
    if (!this.#isLenient) this.problem ??= problem;
  }

  /** The state after `b`; notes what must be refused. */
  #step(state: State, b: number): State {
    const afterCr = state === State.Cr || state === State.DotCr;
    if (b === 10) {
      if (afterCr) return State.LineStart;
      this.hadBareLf = true;
      if (this.#isPedantic || state === State.Dot || state === State.BareDot) this.#refuse('bareLf');
      return State.BareStart;
    }
    // The CR after a lone dot was held back: it is lost where it is content.
    if (state === State.DotCr || (afterCr && !this.#passesBareCr)) this.#refuse('bareCr');
    if (b === 13) {
      if (state === State.BareDot) this.#refuse('bareLf');
      return state === State.Dot ? State.DotCr : State.Cr;
    }
    if (b === 46 && state === State.LineStart) return State.Dot;
    return b === 46 && state === State.BareStart ? State.BareDot : State.Text;
  }

  #run(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
    return this.problem === null && end > start ? bytes.subarray(start, end) : null;
  }
}
