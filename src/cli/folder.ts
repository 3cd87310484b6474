import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Facts about the machine that decide the folder; tests bring their own. */
export interface Place {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly exists: (path: string) => boolean;
}

const thisPlace: Place = {
  platform: process.platform,
  environment: process.env,
  // Asked only when needed: a user may have none.
  get home() {
    return homedir();
  },
  exists: existsSync,
};

/** Folder in which `localserve` keeps everything by default. */
export function localserveFolder({ platform, environment, home }: Place = thisPlace): string {
  const name = 'godwit-localserve';
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), name);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', name);
  return join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), name);
}

/** Folder with the configuration of this machine's mail server. */
export function systemFolder({ platform, environment }: Place = thisPlace): string {
  return platform === 'win32' ? join(environment['ProgramData'] ?? 'C:\\ProgramData', 'godwit') : '/etc/godwit';
}

/** The configuration folder that a command is about: as given, `GODWIT_CONFIG`, the system's, or localserve's when only that exists. */
export function configFolder(
  given: { readonly config?: string | undefined; readonly dir?: string | undefined },
  place: Place = thisPlace,
): string {
  const named = given.config ?? given.dir ?? place.environment['GODWIT_CONFIG'];
  if (named !== undefined && named !== '') return resolve(named);
  const system = systemFolder(place);
  const local = localserveFolder(place);
  return !place.exists(system) && place.exists(local) ? local : system;
}
