/** The `Compression` port with Node's Zstandard. */
export { zstdCompression } from './zstd.ts';
