import { webcrypto } from 'node:crypto';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface CertificatePem {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Arguments of making a self-signed certificate. */
export interface SelfSignedOptions {
  /** DNS names in A-label form; the first is the subject's common name. */
  readonly names: readonly string[];
  /** IPv4 and IPv6 addresses. */
  readonly ips?: readonly string[];
  /** Days of validity, from a day before `now`, so that clocks may differ. */
  readonly days: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const dayMs = 86_400_000;

/** Makes a self-signed server certificate with a fresh P-256 key (RFC 5280, RFC 5480). */
export async function makeSelfSigned({ names, ips = [], days, now }: SelfSignedOptions): Promise<CertificatePem> {
  // The library's decorators need this first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: positiveSerial(),
      name: [{ CN: [names[0] ?? 'localhost'] }],
      notBefore: new Date(now - dayMs),
      notAfter: new Date(now + days * dayMs),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys,
      extensions: [
        // A trust anchor for itself, so that clients told to trust it need no flag.
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...names.map((value) => ({ type: 'dns' as const, value })),
          ...ips.map((value) => ({ type: 'ip' as const, value })),
        ]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const key = new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: pem('PRIVATE KEY', key) };
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets. */
function positiveSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

/** RFC 7468 §2: 64 characters to a line. */
function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
