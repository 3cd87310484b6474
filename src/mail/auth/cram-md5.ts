import { createHash } from 'node:crypto';
import { encodeHex } from '#lib/codecs';
import { bytesOf, md5Block, md5Finish, md5Start, stateOf } from './md5.ts';

/**
 * Returns what is stored for CRAM-MD5: MD5's states after the inner and outer key block of HMAC (RFC 2104 §4), 32 bytes. They do not reveal
 * the password, but they suffice to log in with CRAM-MD5.
 */
export function cramMd5States(password: string): Uint8Array {
  const given = new TextEncoder().encode(password);
  const key = new Uint8Array(64);
  // RFC 2104 §2: a key longer than the block (64 bytes) is first hashed; the pads repeat 0x36 (inner) and 0x5c (outer).
  key.set(given.length > 64 ? createHash('md5').update(given).digest() : given);
  const states = new Uint8Array(32);
  states.set(
    bytesOf(
      md5Block(
        md5Start,
        key.map((byte) => byte ^ 0x36),
      ),
    ),
  );
  states.set(
    bytesOf(
      md5Block(
        md5Start,
        key.map((byte) => byte ^ 0x5c),
      ),
    ),
    16,
  );
  return states;
}

/** Returns the digest with which the owner of the password answers a challenge: 32 lower-case hex digits (RFC 2195 §2). */
export function cramMd5Digest(states: Uint8Array, challenge: string): string {
  const inner = md5Finish(stateOf(states.subarray(0, 16)), new TextEncoder().encode(challenge), 64);
  return encodeHex(md5Finish(stateOf(states.subarray(16, 32)), inner, 64));
}
