import { joinBytes } from './join-bytes.ts';

/** Decoder of encoded bytes, chunk by chunk. Tolerant: never throws for invalid input. */
export interface Decoder {
  /** Takes the next bytes, cut anywhere, and returns the bytes that they complete, often fewer than were pushed. */
  push(chunk: Uint8Array): Uint8Array;
  /** Ends the input and returns the remaining bytes. The decoder must not be used afterwards. */
  finish(): Uint8Array;
}

/** Encoder of plain bytes, chunk by chunk. */
export type Encoder = Decoder;

/** No bytes. */
export const nothing = new Uint8Array(0);

/** Returns `head` followed by `tail`; `tail` itself when `head` is empty. */
export function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  return head.length === 0 ? tail : joinBytes([head, tail]);
}

const utf8 = new TextDecoder();

/** Decodes bytes that are known to be ASCII. */
export function asciiText(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** Runs all of `bytes` through `transform`. */
export function runWhole(transform: Decoder, bytes: Uint8Array): Uint8Array {
  const body = transform.push(bytes);
  const rest = transform.finish();
  return rest.length === 0 ? body : join(body, rest);
}
