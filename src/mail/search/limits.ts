/** Bounds of what a search looks at in one message. */
export interface SearchLimits {
  /** Bytes of the message's header; as many as its index knows. */
  readonly maxHeaderBytes: number;
  /** Bytes of one part's body, encoded. */
  readonly maxPartBytes: number;
  /** Charset of text that is not UTF-8 and names none that is known. */
  readonly fallbackCharset: string;
  /** Different words of a message in the index; one with more is read by each search instead. */
  readonly maxIndexedWords: number;
}

/** Enough for every message that people write. */
export const searchLimits: SearchLimits = {
  maxHeaderBytes: 256 * 1024,
  maxPartBytes: 8 * 2 ** 20,
  fallbackCharset: 'windows-1252',
  maxIndexedWords: 100_000,
};

/** Bounds of the work of feeding an index. */
export const feedingLimits = {
  /** Time in ms after a change before feeding begins. */
  settleMs: 1000,
  /** Messages of one step, */
  messages: 32,
  /** and their bytes, unless the first alone has more. */
  bytes: 512 * 1024,
  /** Time in ms between two steps, at least. */
  minPauseMs: 10,
  /** Share of the time in which feeding is at work while nothing else happens in the account, and while mail arrives. */
  quietShare: 0.25,
  busyShare: 0.05,
} as const;
