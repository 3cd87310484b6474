import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Files } from '#host/files';
import { PipeName } from './pipe-name.ts';

/** A Unix socket's path must fit in 108 bytes on Linux and 104 on macOS. */
const maxSocketPathBytes = 100;

/** Address of the control socket of a data directory. */
export type ControlEndpoint =
  | { readonly kind: 'socket'; readonly directory: string; readonly path: string }
  /** A pipe of Windows, whose name is found in the data directory. */
  | { readonly kind: 'pipe'; readonly directory: string; readonly name: PipeName };

/** Facts about the machine that decide the address; tests bring their own. */
interface Machine {
  readonly isWindows: boolean;
  /** The one name of a directory, whichever way it was named. */
  readonly realPath: (directory: string) => string;
  readonly files: Files;
  /** Path of a pipe by its name. */
  readonly pipePath: (name: string) => string;
}

const thisMachine: Machine = {
  isWindows: process.platform === 'win32',
  realPath,
  files: new Files(),
  pipePath: (name) => `\\\\.\\pipe\\godwit-${name}`,
};

/**
 * Where the control socket of a data directory is: in it, or, where that path is too long, at a name derived from it; on Windows at a name that is found in it.
 * The socket is the lock on the directory, so all names of one directory (links) give the same.
 */
export function controlEndpoint(dataDirectory: string, machine: Partial<Machine> = {}): ControlEndpoint {
  const { isWindows, realPath: real, files, pipePath: pathOf } = { ...thisMachine, ...machine };
  const directory = real(dataDirectory);
  if (isWindows) {
    return { kind: 'pipe', directory, name: new PipeName({ files, directory, pathOf }) };
  }
  const inside = join(directory, 'control');
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return { kind: 'socket', directory, path: inside };
  return { kind: 'socket', directory, path: join(tmpdir(), `godwit-${ownerOf(directory)}-${digestOf(directory)}`) };
}

function digestOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 24);
}

function realPath(directory: string): string {
  const absolute = resolve(directory);
  try {
    return realpathSync.native(absolute);
  } catch {
    // Not made yet, so no process works on it; or on a drive of Windows that cannot tell.
    return absolute;
  }
}

/** The directory's owner and not the caller, so that root finds the server of another user. */
function ownerOf(directory: string): number {
  return statSync(directory, { throwIfNoEntry: false })?.uid ?? process.getuid?.() ?? 0;
}
