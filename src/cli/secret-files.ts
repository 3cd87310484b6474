import process from 'node:process';
import cluster from 'node:cluster';
import { errorCode, Files, nodeFileSystem } from '#host/files';
import { ConfigError, parseConfigFiles, type ConfigFile, type ServerConfig } from '#mail/config';
import { selectorsOf } from '#mail/dkim';
import type { FileReader } from '#ports/file-system';
import type { Log } from '#ports/log';
import { configuredPath, readConfigFile } from '#server/configuration';
import { isWrittenByRoot, type SecretAnswer, type SecretPaths, type SecretQuestion } from './parent-files.ts';
import { secretsOfTransports } from './transport-problems.ts';

/** Options for opening files that only root may read. */
interface SecretFilesOptions {
  readonly folder: string;
  readonly config: ServerConfig;
  /** File that `config` was read from. */
  readonly server: ConfigFile;
  readonly log: Log;
}

/**
 * Files that go on to open those which only root may read, `server.yaml`, certificates, DKIM keys and secrets of transports, after privileges were dropped: read by
 * the privileged parent, so that renewed certificates are found, or, where there is none or it must not, as they were now.
 * A file that is missing or cannot be read is reported by the code that needs it. To be called while we are root.
 */
export async function openSecretFiles({ folder, config, server, log }: SecretFilesOptions): Promise<Files> {
  const plain = new Files();
  const certificates = Object.values(config.listeners)
    .flatMap(({ tls }) => (tls === undefined ? [] : [tls.certificateFile, tls.keyFile]))
    .map((file) => configuredPath(plain, folder, file));
  const dkimKeys = await dkimKeyPaths(plain, folder, server);
  const ofTransports = secretsOfTransports(config).map(({ file }) => configuredPath(plain, folder, file));
  const secrets = new Set([...certificates, ...dkimKeys, ...ofTransports]);
  const kept = new Map<string, Uint8Array>();
  for (const path of [plain.join(folder, 'server.yaml'), ...secrets]) {
    const bytes = await plain.read(path).catch(() => null);
    if (bytes !== null) kept.set(path, bytes);
  }
  const parent = cluster.worker === undefined ? null : new ParentFiles([...secrets]);
  const told = new Set<string>();
  const open = async (path: string): Promise<FileReader> => {
    try {
      return await nodeFileSystem.open(path);
    } catch (error) {
      const bytes = kept.get(path);
      if (bytes === undefined || !refusals.has(errorCode(error) ?? '')) throw error;
      if (parent === null || !secrets.has(path)) return readerOf(bytes);
      const fresh = await parent.read(path);
      if (typeof fresh !== 'string') return readerOf(fresh);
      const fix =
        'let the user who serves read it, or keep it where only root may write; until then a renewed one needs a restart';
      const of = certificates.includes(path) ? 'tls' : dkimKeys.includes(path) ? 'dkim' : 'transport';
      const event = `${of}.cannotReadAgain`;
      if (!told.has(path)) log.warn(event, { file: path, reason: fresh, fix });
      told.add(path);
      return readerOf(bytes);
    }
  };
  return new Files({ system: { ...nodeFileSystem, open } });
}

/**
 * The DKIM keys that `domains.yaml` names; none when it is wrong, which others complain of. The user who serves may own that file, and must
 * not make root read others for it: then its keys are read with the rights of that user.
 */
async function dkimKeyPaths(files: Files, folder: string, server: ConfigFile): Promise<string[]> {
  if (!isWrittenByRoot(files.join(folder, 'domains.yaml'))) return [];
  try {
    const config = parseConfigFiles(server, await readConfigFile(files, folder, 'domains'));
    return selectorsOf(config).map(({ settings }) => configuredPath(files, folder, settings.keyFile));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [];
  }
}

const refusals = new Set(['EACCES', 'EPERM']);
const maxWaitMs = 10_000;

/** Secrets as the privileged parent reads them. */
class ParentFiles {
  readonly #asked = new Map<number, (answer: Uint8Array | string) => void>();
  #count = 0;

  /** Tells the parent, while we are root and it believes us, what we may ask for. */
  constructor(paths: readonly string[]) {
    process.on('message', (message) => this.#hear(message as object | null));
    process.send?.({ secretPaths: paths } satisfies SecretPaths);
  }

  /** The bytes of a file, or why there are none. */
  read(path: string): Promise<Uint8Array | string> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | string>();
    if (!process.connected) return Promise.resolve('the parent process has ended');
    const id = (this.#count += 1);
    const timer = setTimeout(() => this.#settle(id, 'the parent process does not answer'), maxWaitMs);
    timer.unref();
    this.#asked.set(id, (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    process.send?.({ readSecret: path, id } satisfies SecretQuestion);
    return promise;
  }

  #hear(message: object | null): void {
    if (message === null || !('secretId' in message)) return;
    const { secretId, base64, refusal = 'no answer' } = message as SecretAnswer;
    this.#settle(secretId, base64 === undefined ? refusal : new Uint8Array(Buffer.from(base64, 'base64')));
  }

  #settle(id: number, answer: Uint8Array | string): void {
    const resolve = this.#asked.get(id);
    this.#asked.delete(id);
    resolve?.(answer);
  }
}

function readerOf(bytes: Uint8Array): FileReader {
  const close = async (): Promise<void> => undefined;
  return {
    sizeBytes: bytes.length,
    bytes: async (start, end) => bytes.slice(start, end),
    close,
    [Symbol.asyncDispose]: close,
  };
}
