import { constants, hash, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

/**
 * Cipher suites of all our TLS, as server and client: those of Node without static RSA, which SHOULD NOT be negotiated (RFC 9325 §4.1):
 * it has no forward secrecy, so a leaked key opens recorded traffic.
 */
export const cipherSuites = `${constants.defaultCoreCipherList}:!kRSA`;

/** A certificate with its key, ready for handshakes. */
export interface TlsContext {
  readonly secure: SecureContext;
  /** The leaf certificate. */
  readonly certificate: X509Certificate;
}

/** A certificate chain (leaf first) and its private key, both PEM. */
export interface TlsIdentity {
  readonly certPem: string;
  readonly keyPem: string;
  /** PEM certificates that a client with this identity trusts instead of those that Node ships. */
  readonly trustedPem?: readonly string[];
}

/**
 * Prepares a certificate and its key for TLS 1.2 and later (RFC 8996, RFC 9325 §3.1.1).
 * @throws Error from OpenSSL when they cannot be read or do not belong together.
 */
export function tlsContext(pem: TlsIdentity): TlsContext {
  const secure = createSecureContext({
    cert: pem.certPem,
    key: pem.keyPem,
    ...(pem.trustedPem === undefined ? {} : { ca: [...pem.trustedPem] }),
    minVersion: 'TLSv1.2',
    ciphers: cipherSuites,
    honorCipherOrder: true,
    // Needed for resumption as soon as a client may show a certificate.
    sessionIdContext: 'godwit',
  });
  return { secure, certificate: new X509Certificate(pem.certPem) };
}

/** The listener's side of TLS. */
export interface ServerTls {
  /** Returns the certificate for a handshake; called for each one, so certificates can change. `serverName` is the SNI, null when there was none. */
  contextFor(serverName: string | null): TlsContext;
  /** Ask clients for a certificate, for SASL EXTERNAL; any is let through and shown in `TlsSession.peerCertificate`. */
  readonly asksClientCertificate?: boolean;
  /** Application protocols (RFC 7301), the preferred one first; a client that offers only others is refused. None by default. */
  readonly alpn?: readonly string[];
}

/**
 * `tls-server-end-point` (RFC 5929 §4.1): the hash of the certificate by its signature's hash function, SHA-256 instead of MD5 and SHA-1.
 * Returns null for signature algorithms without a hash function of their own (EdDSA) or with one in their parameters (RSASSA-PSS).
 */
export function serverEndPoint(certificate: X509Certificate): Uint8Array | null {
  const algorithm = hashOfSignature.get(certificate.signatureAlgorithmOid ?? '');
  if (algorithm === undefined) return null;
  return new Uint8Array(hash(algorithm, certificate.raw, 'buffer'));
}

const hashOfSignature: ReadonlyMap<string, string> = new Map([
  // RFC 8017 App. A.2.4: md5, sha1, sha224 to sha512 WithRSAEncryption.
  ['1.2.840.113549.1.1.4', 'sha256'],
  ['1.2.840.113549.1.1.5', 'sha256'],
  ['1.2.840.113549.1.1.14', 'sha224'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  // RFC 5758 §3.2: ecdsa-with-SHA1 to SHA512.
  ['1.2.840.10045.4.1', 'sha256'],
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
]);
