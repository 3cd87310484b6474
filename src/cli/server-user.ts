import { execFileSync } from 'node:child_process';
import { accessSync, chownSync, constants, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dropPrivileges, isRoot } from '#host/process';
import type { ServerConfig } from '#mail/config';

const defaultUser = 'godwit';

/** A user of the system. */
interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What of a server's place matters for the rights on it. */
interface OwnedPlace {
  readonly folder: string;
  readonly dataDirectory: string;
  readonly config: Pick<ServerConfig, 'user' | 'localserve'>;
}

/**
 * Stops being root: becomes the user of `server.yaml` (by default `godwit`) for good, after giving it the data directory.
 * Does nothing for `user: root`, when we are not root, on Windows, and for a localserve folder, which belongs to whoever runs it.
 * @throws Error with the command that helps when there is no such user or the data is not its own.
 */
export async function becomeServerUser({ folder, dataDirectory, config }: OwnedPlace): Promise<void> {
  const name = userToBecome(config, isRoot());
  if (name === null) return;
  const user = lookUp(name);
  giveDirectory(dataDirectory, user);
  dropPrivileges(name, user.gid);
  for (const [path, mode, wanted] of [
    [folder, constants.R_OK | constants.X_OK, 'read'],
    [`${folder}/domains.yaml`, constants.R_OK, 'read'],
    [dataDirectory, constants.R_OK | constants.W_OK | constants.X_OK, 'write in'],
  ] as const) {
    if (!isAllowed(path, mode)) {
      throw new Error(
        `user ${name} may not ${wanted} ${path}: change its owner or mode, and those of the folders above it`,
      );
    }
  }
}

/** Name of the user to become, null to stay who we are. */
export function userToBecome(config: OwnedPlace['config'], hasRoot: boolean): string | null {
  if (!hasRoot || (config.localserve && config.user === undefined)) return null;
  const name = config.user ?? defaultUser;
  return name === 'root' || name === '0' ? null : name;
}

/** By id(1), which asks everything that knows users; Node can only tell who we are. */
function lookUp(name: string): SystemUser {
  const ask = (option: string): number =>
    Number(execFileSync('id', [option, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { name, uid: ask('-u'), gid: ask('-g') };
  } catch (error) {
    const fix = `create it with 'useradd --system --no-create-home --shell /usr/sbin/nologin ${name}', or set 'user: root' in server.yaml`;
    throw new Error(`there is no user ${name} to serve as: ${fix}`, { cause: error });
  }
}

/** Makes the directory, or takes over an empty one of root's; what somebody put elsewhere is not ours to give away. */
function giveDirectory(path: string, { name, uid, gid }: SystemUser): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid: owner } = statSync(path);
  if (owner === uid) return;
  if (owner !== 0 || readdirSync(path).length > 0) {
    throw new Error(`${path} does not belong to ${name}, the user to serve as: run 'chown -R ${name}: ${path}'`);
  }
  chownSync(path, uid, gid);
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
