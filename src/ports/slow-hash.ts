/** Parameters of argon2id (RFC 9106 §3.1) with one lane. */
export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** Parameters of scrypt (RFC 7914 §2). */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Hashes that are slow and large on purpose; computed away from the event loop and from the thread pool that file syncs need. */
export interface SlowHash {
  /** True when this runtime can compute argon2id. */
  readonly hasArgon2: boolean;
  /** 32 bytes. Rejects where `hasArgon2` is false. */
  argon2id(password: string, salt: Uint8Array, cost: Argon2Cost): Promise<Uint8Array>;
  /** 32 bytes. */
  scrypt(password: string, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array>;
}
