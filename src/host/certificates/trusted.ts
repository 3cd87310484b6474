import { X509Certificate } from 'node:crypto';

const certificates = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const maxCertificates = 1000;

/** Says why PEM text cannot be used as certificates to trust; null when it can. Reads at most 1000 of them. */
export function trustedPemProblem(text: string): string | null {
  const found = text.match(certificates)?.slice(0, maxCertificates) ?? [];
  if (found.length === 0) return 'holds no certificate in PEM (-----BEGIN CERTIFICATE-----)';
  for (const [i, pem] of found.entries()) {
    try {
      void new X509Certificate(pem);
    } catch {
      return `holds as its certificate ${i + 1} what is none`;
    }
  }
  return null;
}
