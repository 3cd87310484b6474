/**
 * The event loop that all connections of the process share. Work that may take long asks it after each piece and yields to others when
 * it says so:
 *
 *     const pause = loop.pause();
 *     if (pause !== null) await pause;
 *
 * A piece is what takes a tenth of a millisecond or so: some rows, some KiB. Asking costs about 60 ns, so loops over single numbers
 * ask every thousand. What only awaits settled promises never leaves the microtask queue: without pauses it blocks every connection.
 */
export interface EventLoop {
  /**
   * Null while the work since the loop last served others is within its slice; otherwise a promise that resolves after other connections
   * were read and served. It never rejects. State that others may change must be looked at again afterwards.
   */
  pause(): Promise<void> | null;

  /**
   * Asks before a piece of work that takes a millisecond or more and cannot be divided, such as the end of a large transaction: null at the
   * beginning of a slice, otherwise a promise as that of `pause`, which resolves at the beginning of one.
   */
  beginSlice(): Promise<void> | null;
}
