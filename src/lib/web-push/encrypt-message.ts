import { joinBytes } from '#lib/codecs';
import { encryptContent } from './content-encoding.ts';
import { hkdf } from './hkdf.ts';

/** Keys of a receiver of push messages (RFC 8291 §2.1). */
export interface ReceiverKeys {
  /** Public key on P-256, uncompressed: 65 bytes. */
  readonly p256dh: Uint8Array;
  /** Authentication secret: 16 bytes. */
  readonly auth: Uint8Array;
}

/** Key pair of one message. */
export interface SenderKeys {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

/** Randomness of one message, never used twice (RFC 8291 §3.1). */
export interface MessageSecrets {
  /** Key pair on P-256 for ECDH. */
  readonly sender: SenderKeys;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
}

/** Longest text of a message: push services take 4096 bytes (RFC 8030 §7.2), of which header, delimiter and tag need 103. */
export const maxMessageBytes = 3993;

/** RFC 8291 §4: a single record. */
const recordSize = 4096;

/**
 * Encrypts one push message (RFC 8291 §3.4).
 * @throws RangeError when it is longer than `maxMessageBytes`, DOMException when the receiver's key is not a point of P-256.
 */
export async function encryptMessage(
  text: Uint8Array,
  { p256dh, auth }: ReceiverKeys,
  { sender, salt }: MessageSecrets,
): Promise<Uint8Array> {
  if (text.length > maxMessageBytes) throw new RangeError(`a push message has at most ${maxMessageBytes} bytes`);
  const receiver = await importReceiverKey(p256dh);
  const keyId = new Uint8Array(await crypto.subtle.exportKey('raw', sender.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: receiver }, sender.privateKey, 256);
  const info = joinBytes([new TextEncoder().encode('WebPush: info\0'), p256dh, keyId]);
  const ikm = await hkdf(auth, new Uint8Array(shared), info, 32);
  return await encryptContent([{ data: text, paddingBytes: 0 }], { ikm, salt, recordSize, keyId });
}

/** Imports the public key of a receiver. @throws DOMException when it is not a point of P-256. */
export async function importReceiverKey(p256dh: Uint8Array): Promise<CryptoKey> {
  return await crypto.subtle.importKey('raw', new Uint8Array(p256dh), { name: 'ECDH', namedCurve: 'P-256' }, true, []);
}
