import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A Unix socket's path must fit in 108 bytes on Linux and 104 on macOS. */
const maxSocketPathBytes = 100;

/** What of the machine decides the name; tests bring their own. */
interface Machine {
  readonly isWindows: boolean;
  /** The one name of a directory, whichever way it was named. */
  readonly realPath: (directory: string) => string;
}

const thisMachine: Machine = { isWindows: process.platform === 'win32', realPath };

/**
 * Where the control socket of a data directory is: in it, or, where that path is too long or on Windows, a name derived from it.
 * The socket is the lock on the directory, so all names of one directory (links, on Windows `C:\Mail`, `c:\mail`, `C:\MAIL~1`) give the same.
 */
export function controlEndpoint(dataDirectory: string, { isWindows, realPath }: Machine = thisMachine): string {
  const real = realPath(dataDirectory);
  if (isWindows) return `\\\\.\\pipe\\godwit-${digestOf(real.toLowerCase())}`;
  const inside = join(real, 'control');
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return inside;
  return join(tmpdir(), `godwit-${ownerOf(real)}-${digestOf(real)}`);
}

function digestOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 24);
}

function realPath(directory: string): string {
  const absolute = resolve(directory);
  try {
    return realpathSync.native(absolute);
  } catch {
    // Not made yet, so nobody works on it; or on a drive of Windows that cannot tell.
    return absolute;
  }
}

/** The directory's owner and not the caller, so that root finds the server of another user. */
function ownerOf(directory: string): number {
  return statSync(directory, { throwIfNoEntry: false })?.uid ?? process.getuid?.() ?? 0;
}
