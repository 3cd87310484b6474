import { createHash, X509Certificate } from 'node:crypto';

/** Returns the SHA-256 of the SubjectPublicKeyInfo of a certificate in DER or PEM; null when it is not a certificate. */
export function keyFingerprint(certificate: Uint8Array): Uint8Array | null {
  try {
    const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
    return new Uint8Array(createHash('sha256').update(spki).digest());
  } catch {
    return null;
  }
}
