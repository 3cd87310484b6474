import type { HeaderField } from '#lib/message';
import type { Canonicalization } from './canonicalization.ts';

const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;
const COLON = 58;

/**
 * Returns one header field in canonical form, with CRLF at its end (RFC 6376 §3.4.1, §3.4.2).
 * A line break that is a bare LF or CR counts as CRLF; a missing one at the end of the field is added.
 */
export function canonicalField(field: HeaderField, kind: Canonicalization): Uint8Array {
  return kind === 'simple' ? simpleField(field) : relaxedField(field);
}

/** RFC 6376 §3.4.1: the field MUST be hashed exactly as it is in the message. */
function simpleField({ bytes, start, end }: HeaderField): Uint8Array {
  let bareCount = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === CR ? bytes[i + 1] !== LF || i + 1 === end : byte === LF && (i === start || bytes[i - 1] !== CR))
      bareCount++;
  }
  const isEnded = end > start && (bytes[end - 1] === LF || bytes[end - 1] === CR);
  if (bareCount === 0 && isEnded) return bytes.subarray(start, end);
  const out = new Uint8Array(end - start + bareCount + 2);
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === LF && i > start && bytes[i - 1] === CR) continue;
    if (byte !== LF && byte !== CR) {
      out[length++] = byte;
      continue;
    }
    out[length++] = CR;
    out[length++] = LF;
  }
  if (!isEnded) {
    out[length++] = CR;
    out[length++] = LF;
  }
  return out.subarray(0, length);
}

/** RFC 6376 §3.4.2: name in lower case, unfolded, white space reduced to one space, none around the colon and at the end. */
function relaxedField({ bytes, name, valueStart, end }: HeaderField): Uint8Array {
  const out = new Uint8Array(name.length + end - valueStart + 3);
  let length = 0;
  while (length < name.length) {
    out[length] = name.charCodeAt(length);
    length++;
  }
  out[length++] = COLON;
  const textStart = length;
  let isSpacePending = false;
  for (let i = valueStart; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === SP || byte === TAB) isSpacePending = true;
    else if (byte !== CR && byte !== LF) {
      if (isSpacePending && length > textStart) out[length++] = SP;
      isSpacePending = false;
      out[length++] = byte;
    }
  }
  out[length++] = CR;
  out[length++] = LF;
  return out.subarray(0, length);
}
