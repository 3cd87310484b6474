import { joinBytes } from './join-bytes.ts';

/** Turns encoded bytes into plain ones, chunk by chunk. Tolerant: junk never throws. */
export interface Decoder {
  /** Takes the next bytes, cut anywhere, and returns what they complete; often less than was pushed, never held back for long. */
  push(chunk: Uint8Array): Uint8Array;
  /** Ends the input and returns what was held back. The decoder must not be used afterwards. */
  finish(): Uint8Array;
}

/** Turns plain bytes into encoded ones, chunk by chunk. */
export type Encoder = Decoder;

/** No bytes. */
export const nothing = new Uint8Array(0);

/** `head` followed by `tail`; `tail` itself when `head` is empty. */
export function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  return head.length === 0 ? tail : joinBytes([head, tail]);
}

const utf8 = new TextDecoder();

/** Bytes that are known to be ASCII, as a string. */
export function asciiText(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** Runs all of `bytes` through `transform`. */
export function runWhole(transform: Decoder, bytes: Uint8Array): Uint8Array {
  const body = transform.push(bytes);
  const rest = transform.finish();
  return rest.length === 0 ? body : join(body, rest);
}
