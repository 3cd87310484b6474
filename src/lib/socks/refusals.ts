/** Refusal of a proxy, with a reason for people and whether another target may work. */
interface Refusal {
  readonly blame: 'proxy' | 'target';
  readonly reason: string;
}

const refusals: Readonly<Record<number, Refusal>> = {
  1: { blame: 'target', reason: 'it could not connect (general failure)' },
  2: { blame: 'target', reason: 'its rules do not allow this connection' },
  3: { blame: 'target', reason: 'network unreachable' },
  4: { blame: 'target', reason: 'host unreachable' },
  5: { blame: 'target', reason: 'connection refused' },
  6: { blame: 'target', reason: 'no answer (TTL expired)' },
  7: { blame: 'proxy', reason: 'it does not know CONNECT' },
  8: { blame: 'target', reason: 'it does not support this type of address' },
};

/** Returns the meaning of a reply other than success (RFC 1928 §6). */
export function refusalOf(code: number): Refusal {
  return refusals[code] ?? { blame: 'target', reason: `it could not connect (unknown reply ${code})` };
}
