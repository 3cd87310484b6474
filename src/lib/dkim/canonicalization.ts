/** Canonicalization algorithms: how much a relay may change without breaking a signature (RFC 6376 §3.4). */
export type Canonicalization = 'simple' | 'relaxed';

/** Both halves of `c=`. */
export interface Canonicalizations {
  readonly header: Canonicalization;
  readonly body: Canonicalization;
}

/** Reads `c=`; null when it names something that we do not know. `relaxed` alone means `relaxed/simple` (RFC 6376 §3.5). */
export function parseCanonicalizations(value: string): Canonicalizations | null {
  const [header, body = 'simple', more] = value.toLowerCase().split('/');
  if (more !== undefined || !isCanonicalization(header) || !isCanonicalization(body)) return null;
  return { header, body };
}

function isCanonicalization(name: string | undefined): name is Canonicalization {
  return name === 'simple' || name === 'relaxed';
}
