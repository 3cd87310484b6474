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
  const checksum = crc32(bytes);
  for (let i = 0; i < checksumBytes; i++) stored[bytes.length + i] = checksum >>> (24 - 8 * i);
  return stored;
}

/** Reads what `writeDescription` wrote. `prefixBytes` is the length of the row's prefix. @throws DescriptionDamaged. */
export function readDescription(stored: Uint8Array, prefixBytes: number): MessageDescription {
  const size = Math.max(0, stored.length - checksumBytes);
  const bytes = stored.subarray(0, size);
  if (size === 0 || checksumAt(stored, size) !== crc32(bytes)) {
    throw new DescriptionDamaged('the stored description of the message is damaged');
  }
  return decodeDescription(bytes, prefixBytes);
}

/** Reads the number that four bytes are, the highest first. */
function checksumAt(bytes: Uint8Array, at: number): number {
  let checksum = 0;
  for (let i = 0; i < checksumBytes; i++) checksum = checksum * 256 + (bytes[at + i] ?? 0);
  return checksum;
}
