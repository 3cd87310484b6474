import type { Files } from '#host/files';
import { parsePrivateKey, type PrivateKey } from '#lib/dkim';
import { parsed, refused, type Parsed } from '#lib/parsed';
import { Secret } from '#lib/secret';
import type { Config } from '#mail/config';
import { selectorsOf } from '#mail/dkim';
import { configuredPath } from '#server/configuration';

/** Reason why the key of a selector cannot be used. */
export interface KeyProblem {
  /** The setting of `domains.yaml` that is to blame. */
  readonly path: readonly string[];
  readonly keyFile: string;
  readonly reason: string;
  readonly fix: string;
}

/** The keys of a configuration, and those that are none. */
export interface ReadKeys {
  /** By `keyFile` as the configuration writes it. */
  readonly keys: ReadonlyMap<string, PrivateKey>;
  readonly problems: readonly KeyProblem[];
}

/** RFC 8301 §3.2: signers use at least this much, and should use 2048. */
const minRsaBits = 1024;

/** Reads all DKIM keys that a configuration names, each file once. Trouble with one does not stop the others. */
export async function readKeys(files: Files, folder: string, config: Config): Promise<ReadKeys> {
  const seen = new Map<string, Parsed<PrivateKey> & { readonly fix: string }>();
  const keys = new Map<string, PrivateKey>();
  const problems: KeyProblem[] = [];
  for (const { path, settings } of selectorsOf(config)) {
    const { keyFile, algorithm } = settings;
    const read = seen.get(keyFile) ?? (await readKey(files, configuredPath(files, folder, keyFile)));
    seen.set(keyFile, read);
    if (!read.ok) {
      problems.push({ path: [...path, 'keyFile'], keyFile, reason: read.reason, fix: read.fix });
      continue;
    }
    if (algorithm !== undefined && algorithm !== read.value.algorithm) {
      const reason = `the key in ${keyFile} is for ${read.value.algorithm}`;
      problems.push({
        path: [...path, 'algorithm'],
        keyFile,
        reason,
        fix: 'Leave it out: the key says what it is for',
      });
      continue;
    }
    keys.set(keyFile, read.value);
  }
  return { keys, problems };
}

async function readKey(files: Files, path: string): Promise<Parsed<PrivateKey> & { readonly fix: string }> {
  let pem: Uint8Array | null;
  try {
    pem = await files.read(path);
  } catch (error) {
    const reason = `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ...refused(0, reason), fix: 'Let the user who serves read it, and the folders above it' };
  }
  if (pem === null) {
    const fix = "'godwit dkim add' makes keys; relative paths count from the folder of domains.yaml";
    return { ...refused(0, `there is no file ${path}`), fix };
  }
  const key = parsePrivateKey(new Secret(pem), minRsaBits);
  if (key.ok) return { ...parsed(key.value), fix: '' };
  const fix = "'godwit dkim add' makes one; RSA keys should have 2048 bits";
  return { ...refused(0, `${path}: ${key.reason}`), fix };
}
