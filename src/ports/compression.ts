/** Makes what the program keeps for itself smaller. Both ends are this program: it is no format for others. */
export interface Compression {
  /** Smaller bytes for `bytes`, or hardly larger ones. Takes about 2 ns a byte, on the event loop: for pieces of some hundred KiB. */
  compress(bytes: Uint8Array): Uint8Array;
  /** Returns what `compress` was given. @throws Error for bytes that are something else. */
  decompress(bytes: Uint8Array): Uint8Array;
}
