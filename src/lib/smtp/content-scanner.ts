/** Why content must be refused although it was read to its end: its line ends invite SMTP smuggling (RFC 5321 §2.3.8). */
export type ContentProblem = 'bareCr' | 'bareLf';

/** Where in the search for CRLF.CRLF the last octet left us. */
const State = {
  Text: 0,
  /** After CR. */
  Cr: 1,
  /** At the start of a line, after CRLF. */
  LineStart: 2,
  /** After a dot at the start of a line; the dot is dropped. */
  Dot: 3,
  /** After the CR of a line that has only a dot. */
  DotCr: 4,
} as const;
type State = (typeof State)[keyof typeof State];

/**
 * Reads content, DATA or BDAT, octet by octet over chunks: finds its only end, drops the dots, and notes bare CR and LF.
 * It keeps no octets: a CR after a lone dot either belongs to the end or is bare, and then the content is refused anyway.
 */
export class ContentScanner {
  /** Offset after what the last call took. */
  at = 0;
  /** Whether the end was read; then `problem` is final. */
  isEnded = false;
  problem: ContentProblem | null = null;
  #state: State = State.LineStart;
  #bdatLeft = 0;
  #isLast = false;

  /** Content up to CRLF.CRLF follows; the CRLF of the DATA command counts as the first (RFC 5321 §4.1.1.4). */
  beginData(): void {
    this.problem = null;
    this.isEnded = false;
    this.#state = State.LineStart;
  }

  /** A chunk of a counted size follows (RFC 3030 §2). Line ends are checked across the chunks of one message. */
  beginBdat(sizeBytes: number, isFirst: boolean, isLast: boolean): void {
    if (isFirst) {
      this.problem = null;
      this.#state = State.LineStart;
    }
    this.#bdatLeft = sizeBytes;
    this.#isLast = isLast;
    this.isEnded = false;
    if (sizeBytes === 0) this.#endBdat();
  }

  /** Takes content from `chunk` at `from`, sets `at`, and gives a run of it, or null when there is none to give. */
  data(chunk: Uint8Array, from: number): Uint8Array | null {
    const length = chunk.length;
    let state = this.#state;
    let start = from;
    let i = from;
    while (i < length) {
      if (state === State.Text) {
        while (i < length && (chunk[i] as number) > 13) i++;
        if (i === length) break;
      }
      const b = chunk[i++] as number;
      if (state === State.LineStart && b === 46) {
        // RFC 5321 §4.5.2: a leading dot is dropped, unless the line has nothing else: then it is the end.
        state = State.Dot;
        const run = i - 1 > start ? this.#run(chunk.subarray(start, i - 1)) : null;
        start = i;
        if (run === null) continue;
        this.#state = state;
        this.at = i;
        return run;
      }
      if (state === State.DotCr && b === 10) {
        this.isEnded = true;
        this.at = i;
        return null;
      }
      state = this.#step(state, b);
    }
    this.#state = state;
    this.at = length;
    // After a lone dot, the CR waits: it is no content.
    return state === State.DotCr || length === start ? null : this.#run(chunk.subarray(start, length));
  }

  /** The same for BDAT: nothing ends it but its size. */
  bdat(chunk: Uint8Array, from: number): Uint8Array | null {
    const end = Math.min(chunk.length, from + this.#bdatLeft);
    let state = this.#state;
    let i = from;
    while (i < end) {
      if (state === State.Text) {
        while (i < end && (chunk[i] as number) > 13) i++;
        if (i === end) break;
      }
      state = this.#step(state, chunk[i++] as number);
    }
    this.#state = state;
    this.at = end;
    this.#bdatLeft -= end - from;
    if (this.#bdatLeft === 0) this.#endBdat();
    return this.#run(chunk.subarray(from, end));
  }

  #endBdat(): void {
    this.isEnded = true;
    if (this.#isLast && this.#state === State.Cr) this.#bare('bareCr');
  }

  /** The state after `b`; notes bare CR and LF. */
  #step(state: State, b: number): State {
    if (b > 13 && (state === State.LineStart || state === State.Text)) return State.Text;
    const afterCr = state === State.Cr || state === State.DotCr;
    if (b === 10) {
      if (afterCr) return State.LineStart;
      this.#bare('bareLf');
      return State.Text;
    }
    if (afterCr) this.#bare('bareCr');
    if (b === 13) return state === State.Dot ? State.DotCr : State.Cr;
    return State.Text;
  }

  #bare(problem: ContentProblem): void {
    this.problem ??= problem;
  }

  #run(bytes: Uint8Array): Uint8Array | null {
    return this.problem === null && bytes.length > 0 ? bytes : null;
  }
}
