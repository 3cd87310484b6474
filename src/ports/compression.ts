/** Makes what the program keeps for itself smaller. Both ends are this program: it is no format for others. */
export interface Compression {
  /**
   * Returns smaller bytes for `bytes`, or hardly larger ones. Takes 2 to 5 ns a byte: for some KiB on the event loop, for more in another thread, until when
   * `bytes` must not change.
   */
  compress(bytes: Uint8Array): Promise<Uint8Array>;
  /** Returns what `compress` was given. @throws Error for bytes that are something else. */
  decompress(bytes: Uint8Array): Uint8Array;
}
