import { createHash, type Hash } from 'node:crypto';
import { type BodyCanonicalizer, bodyCanonicalizer } from './body-canonicalizer.ts';
import type { Canonicalization } from './canonicalization.ts';

/** Length of a SHA-256 hash. */
export const sha256Bytes = 32;

/** SHA-256 of a canonical body, or of its first `l=` octets (RFC 6376 §3.7). */
export interface BodyHash {
  /** Bytes to hash; `Infinity` for all. */
  readonly limit: number;
  readonly digest: Uint8Array;
  /** Length of the whole canonical body. */
  readonly canonicalBytes: number;
}

/** Computes all body hashes that the signatures of one message need, in one pass. Equal requests share a hash. */
export class BodyHasher {
  readonly #bodies = new Map<Canonicalization, CanonicalBody>();

  /** Requests one hash, before the first `push`. The returned function gives it after `finish`. */
  add(kind: Canonicalization, limit = Infinity): () => BodyHash {
    let body = this.#bodies.get(kind);
    if (body === undefined) this.#bodies.set(kind, (body = new CanonicalBody(kind)));
    return body.add(limit);
  }

  push(chunk: Uint8Array): void {
    for (const body of this.#bodies.values()) body.canonicalizer.push(chunk);
  }

  finish(): void {
    for (const body of this.#bodies.values()) body.canonicalizer.finish();
  }
}

class CanonicalBody {
  readonly canonicalizer: BodyCanonicalizer;
  readonly #hashes = new Map<number, LimitedHash>();
  #canonicalBytes = 0;

  constructor(kind: Canonicalization) {
    this.canonicalizer = bodyCanonicalizer(kind, (bytes) => {
      for (const hash of this.#hashes.values()) hash.push(bytes, this.#canonicalBytes);
      this.#canonicalBytes += bytes.length;
    });
  }

  add(limit: number): () => BodyHash {
    let hash = this.#hashes.get(limit);
    if (hash === undefined) this.#hashes.set(limit, (hash = new LimitedHash(limit)));
    const wanted = hash;
    return () => ({ limit, digest: wanted.digest(), canonicalBytes: this.#canonicalBytes });
  }
}

class LimitedHash {
  readonly #limit: number;
  readonly #hash: Hash = createHash('sha256');
  #digest: Uint8Array | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param offset  Of `bytes` in the canonical body. */
  push(bytes: Uint8Array, offset: number): void {
    if (offset >= this.#limit) return;
    this.#hash.update(offset + bytes.length <= this.#limit ? bytes : bytes.subarray(0, this.#limit - offset));
  }

  digest(): Uint8Array {
    return (this.#digest ??= this.#hash.digest());
  }
}
