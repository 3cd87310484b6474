import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { CertificatePem } from '#host/certificates';

/** A certificate authority of a test. */
export interface Authority {
  /** The root certificate. */
  readonly certPem: string;
  /** A certificate for a server with this name, with its key. */
  readonly forServer: (name: string) => Promise<CertificatePem>;
  /** A certificate for a user whose common name is the login name, with its key. */
  readonly forUser: (login: string) => Promise<CertificatePem>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

/** Makes an authority with a fresh key, whose certificates are valid today. */
export async function makeAuthority(name: string): Promise<Authority> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - dayMs), notAfter: new Date(now + dayMs) };
  const rootKeys = await makeKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${name}`,
      ...validity,
      signingAlgorithm: algorithm,
      keys: rootKeys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    },
    webcrypto,
  );
  const issue = async (commonName: string, extensions: x509.Extension[]): Promise<CertificatePem> => {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=${commonName}`,
        issuer: root.subject,
        ...validity,
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey: rootKeys.privateKey,
        extensions,
      },
      webcrypto,
    );
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { certPem: `${certificate.toString('pem')}\n`, keyPem: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n` };
  };
  return {
    certPem: `${root.toString('pem')}\n`,
    forServer: (host) =>
      issue(host, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      ]),
    forUser: (login) => issue(login, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  };
}

function makeKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
