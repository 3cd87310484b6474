/** Limits of `Files`. */
export interface FileLimits {
  /** Largest file that `read` takes by default. */
  readonly maxSmallFileBytes: number;
  /** Tries of a rename or removal while others hold the file open. */
  readonly maxTries: number;
  /** Longest pause between two tries. */
  readonly maxPauseMs: number;
  /** Bytes of an erased file that are given back in one call: the system takes some 0.4 ms a MiB. */
  readonly eraseBytes: number;
}

/** Configuration files are small; a scanner is done within seconds. */
export const defaultFileLimits: FileLimits = {
  maxSmallFileBytes: 16 * 1024 * 1024,
  maxTries: 12,
  maxPauseMs: 500,
  eraseBytes: 8 * 1024 * 1024,
};
