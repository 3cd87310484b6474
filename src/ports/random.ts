/** Cryptographically strong randomness; seeded in tests. */
export interface Random {
  /** `count` fresh random bytes. */
  bytes(count: number): Uint8Array;
}
