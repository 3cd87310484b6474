import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A Unix socket's path must fit in 108 bytes on Linux and 104 on macOS. */
const maxSocketPathBytes = 100;

/** Where the control socket of a data directory is: in it, or, where that path is too long or on Windows, a name derived from it. */
export function controlEndpoint(dataDirectory: string): string {
  const absolute = resolve(dataDirectory);
  const digest = createHash('sha256').update(absolute).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\godwit-${digest}`;
  const inside = join(absolute, 'control');
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return inside;
  return join(tmpdir(), `godwit-${ownerOf(absolute)}-${digest}`);
}

/** The directory's owner and not the caller, so that root finds the server of another user. */
function ownerOf(directory: string): number {
  return statSync(directory, { throwIfNoEntry: false })?.uid ?? process.getuid?.() ?? 0;
}
