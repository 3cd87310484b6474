import { crc32 } from 'node:zlib';
import type { ListedFields } from '#lib/message';
import {
  decodeDescription,
  DescriptionDamaged,
  encodeDescription,
  type MessageDescription,
} from '#lib/message-description';
import type { Part } from '#lib/mime';

const checksumBytes = 4;

/** Returns the bytes of a row's description: those of `encodeDescription`, then their CRC-32, so that damage is found before it is shown. */
export function writeDescription(listed: ListedFields, root: Part): Uint8Array {
  const bytes = encodeDescription(listed, root);
  const stored = new Uint8Array(bytes.length + checksumBytes);
  stored.set(bytes);
  new DataView(stored.buffer).setUint32(bytes.length, crc32(bytes));
  return stored;
}

/** Reads what `writeDescription` wrote. `prefixBytes` is the length of the row's prefix. @throws DescriptionDamaged. */
export function readDescription(stored: Uint8Array, prefixBytes: number): MessageDescription {
  const size = Math.max(0, stored.length - checksumBytes);
  const bytes = stored.subarray(0, size);
  const { buffer, byteOffset } = stored;
  if (size === 0 || new DataView(buffer, byteOffset + size, checksumBytes).getUint32(0) !== crc32(bytes)) {
    throw new DescriptionDamaged('the stored description of the message is damaged');
  }
  return decodeDescription(bytes, prefixBytes);
}
