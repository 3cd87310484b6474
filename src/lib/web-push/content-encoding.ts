import { joinBytes } from '#lib/codecs';
import { hkdf } from './hkdf.ts';

/** Keys and numbers of encrypted content. */
export interface ContentKeys {
  /** Input keying material (RFC 8188 §2.2). */
  readonly ikm: Uint8Array;
  /** 16 random bytes, never used twice. */
  readonly salt: Uint8Array;
  /** Bytes of an encrypted record, with its tag; the last one may be shorter. */
  readonly recordSize: number;
  /** Names the keys for the receiver, in at most 255 bytes. */
  readonly keyId: Uint8Array;
}

/** One record of content: its text, and zero bytes that hide how long it is. */
export interface ContentRecord {
  readonly data: Uint8Array;
  readonly paddingBytes: number;
}

/** Bytes of the tag of AES-GCM. */
const tagBytes = 16;

const encoder = new TextEncoder();

/** Encrypts records of content with the encoding `aes128gcm` (RFC 8188 §2). @throws RangeError for one that does not fit `recordSize`. */
export async function encryptContent(records: readonly ContentRecord[], keys: ContentKeys): Promise<Uint8Array> {
  const { ikm, salt, recordSize } = keys;
  const secret = await hkdf(salt, ikm, encoder.encode('Content-Encoding: aes128gcm\0'), 16);
  const nonce = await hkdf(salt, ikm, encoder.encode('Content-Encoding: nonce\0'), 12);
  const key = await crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt']);
  const parts = [headerOf(keys)];
  for (const [i, { data, paddingBytes }] of records.entries()) {
    const isLast = i === records.length - 1;
    const plain = new Uint8Array(data.length + 1 + paddingBytes);
    const sizeBytes = plain.length + tagBytes;
    if (sizeBytes > recordSize || (!isLast && sizeBytes < recordSize))
      throw new RangeError(`a record of ${sizeBytes} bytes does not fit ${recordSize}`);
    plain.set(data);
    // RFC 8188 §2: the delimiter of the last record is 2, of the others 1.
    plain[data.length] = isLast ? 2 : 1;
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonceOf(nonce, i) }, key, plain);
    parts.push(new Uint8Array(sealed));
  }
  return joinBytes(parts);
}

/** RFC 8188 §2.1. */
function headerOf({ salt, recordSize, keyId }: ContentKeys): Uint8Array {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, recordSize);
  return joinBytes([salt, size, Uint8Array.of(keyId.length), keyId]);
}

/** RFC 8188 §2.3: the number of the record is added to the nonce without carry. */
function nonceOf(nonce: Uint8Array, record: number): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(nonce);
  const view = new DataView(own.buffer);
  view.setUint32(8, (view.getUint32(8) ^ record) >>> 0);
  return own;
}
