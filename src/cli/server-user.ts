import { execFileSync } from 'node:child_process';
import { accessSync, chownSync, constants, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dropPrivileges, isRoot, isWindows } from '#host/process';
import { ConfigError, problemInFile, type ConfigFile, type ConfigProblem, type ServerConfig } from '#mail/config';

const defaultUser = 'godwit';

/** A user of the system. */
interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Part of a server's place that matters for the rights on it. */
interface OwnedPlace {
  readonly folder: string;
  readonly dataDirectory: string;
  readonly config: Pick<ServerConfig, 'user' | 'localserve'>;
  /** The file that `config` was read from. */
  readonly server: ConfigFile;
}

/**
 * Stops being root: becomes the user of `server.yaml` (by default `godwit`) for good, after giving it the data directory.
 * Does nothing for `user: root`, when we are not root, on Windows, and for a localserve folder, which belongs to the user who runs it.
 * @throws ConfigError when there is no such user, Error with the command that helps when the data is not its own.
 */
export async function becomeServerUser({ folder, dataDirectory, config, server }: OwnedPlace): Promise<void> {
  const name = userToBecome(config, isRoot());
  if (name === null) return;
  const user = lookUp(name);
  if (user === null) throw new ConfigError([unknownUser(server, name)]);
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

/** Part of the system that decides whether a user may read a file. */
export interface RightsSystem {
  readonly stat: (path: string) => { readonly uid: number; readonly gid: number; readonly mode: number };
}

/** A user with the ids of all groups. */
export interface ServingUser extends SystemUser {
  readonly groups: readonly number[];
}

/**
 * Says which folder or file keeps a user from using a path by owner, group and mode; null when nothing does, or when the path is not there.
 * @param wanted  `R_OK`, `W_OK` and `X_OK` of `node:fs`, wanted of the path itself; folders on the way must be open to be passed.
 */
export function closedFor(
  path: string,
  user: Pick<ServingUser, 'uid' | 'groups'>,
  wanted: number,
  { stat }: RightsSystem = { stat: statSync },
): string | null {
  if (user.uid === 0) return null;
  const parts = path.split('/').filter((part) => part !== '');
  for (let i = 0; i <= parts.length; i += 1) {
    const here = `/${parts.slice(0, i).join('/')}`;
    let facts: ReturnType<RightsSystem['stat']>;
    try {
      facts = stat(here);
    } catch {
      return null;
    }
    // The constants of access are the bits of a mode.
    const bits = i === parts.length ? wanted : constants.X_OK;
    const shift = facts.uid === user.uid ? 6 : user.groups.includes(facts.gid) ? 3 : 0;
    if (((facts.mode >> shift) & bits) !== bits) return here;
  }
  return null;
}

/** The user who will serve, with the groups; null when it is this one, or none. */
export function servingUser(config: OwnedPlace['config']): ServingUser | null {
  const name = isWindows ? null : userToBecome(config, isRoot());
  const user = name === null ? null : lookUp(name);
  if (user === null) return null;
  const text = execFileSync('id', ['-G', '--', user.name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { ...user, groups: text.trim().split(/\s+/).map(Number) };
}

/** Returns what is wrong with the user to serve as, which `server.yaml` names or root falls back to; null when nothing is. Windows has no such user. */
export function userProblem(server: ConfigFile, config: OwnedPlace['config']): ConfigProblem | null {
  const name = config.user ?? userToBecome(config, isRoot());
  return name === null || isWindows || lookUp(name) !== null ? null : unknownUser(server, name);
}

function unknownUser(server: ConfigFile, name: string): ConfigProblem {
  const fix = `Create it with 'useradd --system --no-create-home --shell /usr/sbin/nologin ${name}', or set 'user: root'`;
  return problemInFile(server, ['user'], `there is no user ${name} to serve as`, fix);
}

/** By id(1), which asks everything that knows users; Node can only tell who we are. */
function lookUp(name: string): SystemUser | null {
  const ask = (option: string): number =>
    Number(execFileSync('id', [option, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { name, uid: ask('-u'), gid: ask('-g') };
  } catch {
    return null;
  }
}

/** Makes the directory, or takes over an empty one of root's; what was put elsewhere is not ours to give away. */
function giveDirectory(path: string, { name, uid, gid }: SystemUser): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid: owner } = statSync(path);
  if (owner === uid) return;
  if (owner !== 0 || readdirSync(path).length > 0) {
    throw new Error(
      `${path} belongs to another user than ${name}, the user to serve as: see whose it is with 'ls -ld ${path}'; run 'chown -R ${name}: ${path}' only when no other user or program works with it`,
    );
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
