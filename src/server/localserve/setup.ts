import { randomBytes, scryptSync, X509Certificate } from 'node:crypto';
import { makeSelfSigned } from '#host/certificates';
import { errorCode, type Files } from '#host/files';
import { writeSchemas } from '#server/configuration';
import { localserveFiles } from './files.ts';

/** Folder and addresses for which a development server is set up. */
export interface SetUpOptions {
  readonly files: Files;
  readonly folder: string;
  /** Addresses to listen on. */
  readonly addresses: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The account of a development server, and the password of its administrator; public on purpose. */
export const localAccount = {
  name: 'godwit',
  address: 'godwit@localhost',
  password: 'godwitgodwit',
  adminPassword: 'godwitadmin',
} as const;

const certificateName = 'localhost.crt';
const keyName = 'localhost.key';
const certificateDays = 4 * 365;
/** Files that an interrupted first start may have left. */
const ownNames = /^(?:domains\.yaml|(?:server|domains)\.schema\.json|localhost\.(?:crt|key)|adminpassword|.*\.tmp)$/;

/**
 * Writes everything that a development server needs, unless its `server.yaml` is there.
 * @returns whether it was written now.
 * @throws Error when the folder holds other things.
 */
export async function setUpLocalserve(options: SetUpOptions): Promise<boolean> {
  const { files, folder, addresses, nowMs } = options;
  const names = await namesIn(files, folder);
  if (names.includes('server.yaml')) return false;
  const foreign = names.filter((name) => !ownNames.test(name));
  if (foreign.length > 0) {
    throw new Error(`${folder} has no server.yaml but other files (${foreign[0] ?? ''}): name a new or empty folder`);
  }
  await files.ensureDirectory(folder);
  const texts = localserveFiles({ addresses });
  await writeSchemas(files, folder);
  await writeText(options, 'domains.yaml', texts.domains);
  await writeText(options, 'adminpassword', `${hashOf(localAccount.adminPassword)}\n`);
  await writeCertificate(options, [...new Set(['127.0.0.1', '::1', ...addresses])], nowMs);
  // The last one: a folder without it is set up again.
  await writeText(options, 'server.yaml', texts.server);
  return true;
}

async function namesIn(files: Files, folder: string): Promise<readonly string[]> {
  try {
    return (await files.list(folder)).map(({ name }) => name);
  } catch (error) {
    const code = errorCode(error);
    if (code === null) throw error;
    const reason = code === 'ENOTDIR' ? 'is not a folder' : `cannot be read (${code})`;
    throw new Error(`${folder} ${reason}: name a new or empty folder with --dir`, { cause: error });
  }
}

/** Makes a new certificate when ours is missing or has expired. @returns whether it did. */
export async function renewCertificate(options: Pick<SetUpOptions, 'files' | 'folder' | 'nowMs'>): Promise<boolean> {
  const { files, folder, nowMs } = options;
  const pem = await files.read(files.join(folder, certificateName));
  if (pem === null) {
    if ((await files.facts(files.join(folder, keyName))) !== null) return false;
    await writeCertificate(options, ['127.0.0.1', '::1'], nowMs);
    return true;
  }
  const old = new X509Certificate(pem);
  // One from another issuer is not ours to renew.
  if (Date.parse(old.validTo) > nowMs || !old.checkIssued(old)) return false;
  const ips = [...(old.subjectAltName ?? '').matchAll(/IP Address:([0-9A-Fa-f.:]+)/g)].map(([, ip = '']) => ip);
  await writeCertificate(options, ips, nowMs);
  return true;
}

async function writeCertificate(
  options: Pick<SetUpOptions, 'files' | 'folder'>,
  ips: readonly string[],
  now: number,
): Promise<void> {
  const { certPem, keyPem } = await makeSelfSigned({ names: ['localhost'], ips, days: certificateDays, now });
  await writeText(options, keyName, keyPem);
  await writeText(options, certificateName, certPem);
}

async function writeText({ files, folder }: Pick<SetUpOptions, 'files' | 'folder'>, name: string, text: string) {
  await files.write(files.join(folder, name), new TextEncoder().encode(text));
}

/** A PHC string with scrypt (RFC 7914 §2), which every runtime has. */
function hashOf(password: string): string {
  const salt = randomBytes(16);
  const tag = scryptSync(password, salt, 32, { N: 16_384, r: 8, p: 1 });
  return `$scrypt$ln=14,r=8,p=1$${base64(salt)}$${base64(tag)}`;
}

/** Without padding, as PHC strings want it. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
