import { parseIp } from '#lib/domain';
import type { Files } from '#host/files';
import { tlsContext, type TlsContext } from '#host/net';
import type { CertificatePem } from './self-signed.ts';

/** Paths of a certificate and its key, absolute. */
export interface CertificatePaths {
  /** PEM: the certificate, then its chain. */
  readonly certificateFile: string;
  /** PEM: the private key. */
  readonly keyFile: string;
}

/** A certificate that works. */
export interface LoadedCertificate {
  /** Text that was read, to notice changes. */
  readonly pem: CertificatePem;
  readonly context: TlsContext;
  /** DNS names and addresses that it is for. */
  readonly names: readonly string[];
  /** When it ends, in milliseconds since 1970. */
  readonly endsMs: number;
}

/** A certificate cannot be used; the message says why. */
export class CertificateRefused extends Error {
  override readonly name = 'CertificateRefused';
  /** Which of the two files is to blame, null when it is how they fit together. */
  readonly blamed: keyof CertificatePaths | null;
  /** Remedy. */
  readonly fix: string;

  constructor(blamed: keyof CertificatePaths | null, reason: string, fix: string, options?: ErrorOptions) {
    super(reason, options);
    this.blamed = blamed;
    this.fix = fix;
  }
}

/** Reads a certificate and its key, and tries whether they work together. @throws CertificateRefused */
export async function loadCertificate(files: Files, paths: CertificatePaths): Promise<LoadedCertificate> {
  const pem: CertificatePem = {
    certPem: await readPem(files, paths, 'certificateFile'),
    keyPem: await readPem(files, paths, 'keyFile'),
  };
  try {
    const context = tlsContext(pem);
    return { pem, context, names: namesOf(context), endsMs: Date.parse(context.certificate.validTo) };
  } catch (error) {
    const reason = `the certificate in ${paths.certificateFile} and the key in ${paths.keyFile} do not work: ${whyUnusable(error)}`;
    const fix = 'Both must be PEM, the certificate before its chain, and the key must be that of the certificate';
    throw new CertificateRefused(null, reason, fix, { cause: error });
  }
}

async function readPem(files: Files, paths: CertificatePaths, which: keyof CertificatePaths): Promise<string> {
  const file = paths[which];
  let bytes: Uint8Array | null;
  try {
    bytes = await files.read(file);
  } catch (error) {
    const fix = 'Let the user who serves read it, and the folders above it';
    throw new CertificateRefused(which, `${file} cannot be read: ${messageOf(error)}`, fix, { cause: error });
  }
  if (bytes !== null) return new TextDecoder().decode(bytes);
  const fix = 'Write where it is; relative paths count from the folder of server.yaml';
  throw new CertificateRefused(which, `there is no file ${file}`, fix);
}

/** OpenSSL's names for what people do wrong most often are no help to them. */
function whyUnusable(error: unknown): string {
  const message = messageOf(error);
  if (message.includes('DECODER routines::unsupported')) return 'the key is not an unencrypted PEM key';
  if (message.includes('key values mismatch')) return 'they do not belong together';
  return message.includes('no start line') ? 'there is no PEM in one of them' : message;
}

/** The alternative names (RFC 5280 §4.2.1.6); Node shows them as `DNS:mail.example.org, IP Address:0:0:0:0:0:0:0:1`. */
function namesOf({ certificate }: TlsContext): string[] {
  const names = [...(certificate.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^\s,"]+)/g)];
  return names.map(([, name = '']) => {
    const ip = parseIp(name);
    return ip.ok ? ip.value.text : name;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
