/** Limits of `Files`. */
export interface FileLimits {
  /** Largest file that `read` takes by default. */
  readonly maxSmallFileBytes: number;
  /** Tries of a rename or removal while others hold the file open. */
  readonly maxTries: number;
  /** Longest pause between two tries. */
  readonly maxPauseMs: number;
}

/** Configuration files are small; a scanner is done within seconds. */
export const defaultFileLimits: FileLimits = { maxSmallFileBytes: 16 * 1024 * 1024, maxTries: 12, maxPauseMs: 500 };
