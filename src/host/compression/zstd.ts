import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compression } from '#ports/compression';

/** Nothing that is compressed is larger: damaged bytes must not ask for more memory. */
const maxBytes = 64 * 2 ** 20;
const headBytes = 4;
const fastest = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } };

const compressInThread = promisify(zstdCompress);
/** Longer bytes are compressed in another thread: handing them over takes some 30 µs. */
const longBytes = 64 * 1024;

/** Zstandard (RFC 8878) with a checksum, behind the size of what comes out, so that it is made in one piece. */
export const zstdCompression: Compression = {
  async compress(bytes) {
    const isLong = bytes.length > longBytes;
    const packed = isLong ? await compressInThread(bytes, fastest) : zstdCompressSync(bytes, fastest);
    return withHead(bytes.length, packed);
  },
  decompress(bytes) {
    if (bytes.length < headBytes) throw new Error('compressed bytes are cut');
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (size > maxBytes) throw new Error('compressed bytes are damaged');
    const options = { chunkSize: Math.max(64, size), maxOutputLength: Math.max(1, size) };
    const unpacked = zstdDecompressSync(bytes.subarray(headBytes), options);
    if (unpacked.length !== size) throw new Error('compressed bytes are damaged');
    return new Uint8Array(unpacked.buffer, unpacked.byteOffset, size);
  },
};

function withHead(sizeBytes: number, packed: Uint8Array): Uint8Array {
  const all = new Uint8Array(headBytes + packed.length);
  new DataView(all.buffer).setUint32(0, sizeBytes);
  all.set(packed, headBytes);
  return all;
}
