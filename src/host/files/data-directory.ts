import { readdirSync } from 'node:fs';
import { errorCode } from './error-code.ts';

/** Entries that a data directory of ours has from its first start on. */
const ours = new Set(['server.db', 'accounts', 'blobs', 'reserve', 'control']);
/** Entries that file systems and desktops put into an empty folder. */
const harmless = /^(?:\.|lost\+found$|System Volume Information$)/;

/** Returns why a path cannot become or be a data directory, for people; null when it can. Changes nothing. */
export function dataDirectoryProblem(path: string): string | null {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return null;
    return code === 'ENOTDIR' ? `${path} is not a folder` : `${path} cannot be read (${code ?? String(error)})`;
  }
  // Its rights are taken from others at the start: a folder such as /srv, named by mistake, must not be shut to everything else.
  const isOurs = names.some((name) => ours.has(name) || name.startsWith('control.'));
  const others = names.filter((name) => !harmless.test(name));
  return isOurs || others.length === 0 ? null : `${path} has other files in it, such as ${others[0]}`;
}
