import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSelfSigned } from '#host/certificates';

/** Files of a certificate. */
export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Writes a certificate of the kind that every peer is given into a folder: ECDSA P-256, for `bench.test`. */
export async function writeCertificate(folder: string): Promise<CertificateFiles> {
  const { certPem, keyPem } = await makeSelfSigned({ names: ['bench.test'], days: 30, now: Date.now() });
  const files = { certificateFile: join(folder, 'certificate.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(files.certificateFile, certPem);
  writeFileSync(files.keyFile, keyPem, { mode: 0o600 });
  return files;
}
