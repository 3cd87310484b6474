/** Canonicalization algorithm, which determines the changes in transit that a signature survives (RFC 6376 §3.4). */
export type Canonicalization = 'simple' | 'relaxed';

/** Both halves of `c=`. */
export interface Canonicalizations {
  readonly header: Canonicalization;
  readonly body: Canonicalization;
}

/** Parses `c=`; null for unknown algorithms. `relaxed` alone means `relaxed/simple`: the body defaults to simple (RFC 6376 §3.5). */
export function parseCanonicalizations(value: string): Canonicalizations | null {
  const [header, body = 'simple', more] = value.toLowerCase().split('/');
  if (more !== undefined || !isCanonicalization(header) || !isCanonicalization(body)) return null;
  return { header, body };
}

function isCanonicalization(name: string | undefined): name is Canonicalization {
  return name === 'simple' || name === 'relaxed';
}
