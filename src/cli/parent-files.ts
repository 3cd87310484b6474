import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';

/** The worker's first word, before it gives up root: the files that it will want to read again. */
export interface SecretPaths {
  readonly secretPaths: readonly string[];
}

/** The worker asks for one of them. */
export interface SecretQuestion {
  readonly readSecret: string;
  readonly id: number;
}

/** The parent's answer: the bytes, or why not. */
export interface SecretAnswer {
  readonly secretId: number;
  readonly base64?: string;
  readonly refusal?: string;
}

/** The other process. */
interface Worker {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  isConnected(): boolean;
  send(message: object): unknown;
}

/** Part of the file system that decides whether a path is safe; tests bring their own. */
export interface SafePathSystem {
  readonly lstat: (path: string) => {
    readonly uid: number;
    readonly gid: number;
    readonly mode: number;
    readonly kind: 'directory' | 'file' | 'link' | 'other';
  };
  readonly readlink: (path: string) => string;
}

const maxSecretBytes = 1 << 20;
/** Mode bits with which the group or others may write. */
const writableByOthers = 0o022;
const maxSteps = 200;

/**
 * Reads certificates and keys for a worker that gave up the right to: only those that it named while it was still root, and only
 * where no other user could have put another file in their place. Later requests cannot widen that.
 */
export function answerSecrets(worker: Worker): void {
  let paths: ReadonlySet<string> | null = null;
  worker.on('message', (message) => {
    if (typeof message !== 'object' || message === null) return;
    if ('secretPaths' in message && Array.isArray(message.secretPaths)) {
      paths ??= new Set(message.secretPaths.filter((path) => typeof path === 'string'));
    } else if ('readSecret' in message && 'id' in message && typeof message.id === 'number') {
      const answer = { secretId: message.id, ...readSecret(message.readSecret, paths) };
      if (worker.isConnected()) worker.send(answer satisfies SecretAnswer);
    }
  });
}

/** Reports whether only root can have written the contents of a file: it is root's own, and `unsafePath` finds nothing wrong. */
export function isWrittenByRoot(path: string, system: SafePathSystem = thisMachine): boolean {
  try {
    const { uid, mode, kind } = system.lstat(path);
    return kind === 'file' && uid === 0 && (mode & writableByOthers) === 0 && unsafePath(path, system) === null;
  } catch {
    return false;
  }
}

/** As `unsafePath`, on this machine; null as well for what is not there. */
export function unsafePathOf(path: string): string | null {
  try {
    return unsafePath(path, thisMachine);
  } catch {
    return null;
  }
}

function readSecret(path: unknown, paths: ReadonlySet<string> | null): Omit<SecretAnswer, 'secretId'> {
  if (typeof path !== 'string' || paths?.has(path) !== true) return { refusal: 'not a file of the configuration' };
  try {
    const reason = unsafePath(path, thisMachine);
    if (reason !== null) return { refusal: reason };
    const bytes = readFileSync(path);
    if (bytes.length > maxSecretBytes) return { refusal: 'larger than 1 MiB' };
    return { base64: bytes.toString('base64') };
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}

const thisMachine: SafePathSystem = {
  lstat: (path) => {
    const facts = lstatSync(path);
    const { uid, gid, mode } = facts;
    if (facts.isSymbolicLink()) return { uid, gid, mode, kind: 'link' };
    if (facts.isDirectory()) return { uid, gid, mode, kind: 'directory' };
    return { uid, gid, mode, kind: facts.isFile() ? 'file' : 'other' };
  },
  readlink: (path) => readlinkSync(path),
};

/**
 * Returns why root must not read this path for another user, null when it may: every folder and link on the way, links followed, must belong to root
 * and be changeable by no other user, or a link put there could lead to any file.
 */
export function unsafePath(path: string, { lstat, readlink }: SafePathSystem): string | null {
  if (!posix.isAbsolute(path)) return 'not a whole path';
  const ahead = path.split('/').toReversed();
  let here = '/';
  for (let steps = 0; steps < maxSteps; steps += 1) {
    const { uid, gid, mode, kind } = lstat(here);
    if (kind === 'file') return ahead.length === 0 ? null : `${here} is no folder`;
    if (kind === 'other') return `${here} is no file`;
    if (uid !== 0) return `${here} does not belong to root`;
    if (kind === 'link') {
      const target = readlink(here);
      ahead.push(...target.split('/').toReversed());
      here = target.startsWith('/') ? '/' : posix.dirname(here);
      continue;
    }
    if ((mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0)) return `others than root may write in ${here}`;
    let name = ahead.pop();
    while (name === '' || name === '.') name = ahead.pop();
    if (name === undefined) return `${here} is a folder`;
    here = posix.join(here, name);
  }
  return 'too many links';
}
