import { accessSync, constants, mkdtempSync, readdirSync, rmdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dataDirectoryProblem, errorCode } from '#host/files';
import { isWindows } from '#host/process';
import { problemInFile, type ConfigFile, type ConfigProblem } from '#mail/config';
import { closedFor, type ServingUser } from './server-user.ts';

const chooseAnother = 'Name a folder that is empty, that Godwit made, or that does not exist yet';
const othersMask = 0o077;

/**
 * Says why a server would not start on a data directory, null when it would. Changes nothing.
 * @param server  The file that names it.
 * @param user  The user who will serve; null when it is the user of this process.
 */
export function dataDirectoryRefusal(server: ConfigFile, path: string, user: ServingUser | null): ConfigProblem | null {
  const problem = (reason: string, fix: string): ConfigProblem => problemInFile(server, ['dataDirectory'], reason, fix);
  const foreign = dataDirectoryProblem(path);
  if (foreign !== null) return problem(foreign, chooseAnother);
  const facts = statSync(path, { throwIfNoEntry: false });
  const found =
    facts === undefined ? missingRefusal(path, user) : user === null ? ownRefusal(path) : givenRefusal(path, user);
  return found === null ? null : problem(...found);
}

type Words = readonly [reason: string, fix: string];

/** A folder that will be made. */
function missingRefusal(path: string, user: ServingUser | null): Words | null {
  let parent = dirname(path);
  while (statSync(parent, { throwIfNoEntry: false }) === undefined && parent !== dirname(parent))
    parent = dirname(parent);
  if (!statSync(parent).isDirectory()) return [`${path} cannot be made: ${parent} is not a folder`, chooseAnother];
  const code = refusedIn(parent);
  if (code !== null) return [`${path} cannot be made in ${parent} (${code})`, chooseAnother];
  if (user === null) {
    return isDenied(parent, constants.W_OK | constants.X_OK)
      ? [`${path} cannot be made: this user may not write in ${parent}`, `Make it and give it to the user who serves`]
      : null;
  }
  // Root would make the folders around it as well, and keep them for itself.
  if (parent !== dirname(path))
    return [`${path} cannot be made: ${dirname(path)} does not exist`, `Run 'mkdir -p ${dirname(path)}'`];
  return unreachable(path, parent, user);
}

/**
 * Returns the code with which the system refuses a new folder where rights do not matter: in a file system without space of its own, such as /proc. One is
 * made there for a moment. Null where one can be made, and where only rights decide.
 */
function refusedIn(parent: string): string | null {
  if (isWindows || statfsSync(parent).blocks > 0) return null;
  try {
    rmdirSync(mkdtempSync(join(parent, 'godwit-')));
    return null;
  } catch (error) {
    const code = errorCode(error) ?? String(error);
    return ['EACCES', 'EPERM', 'EROFS'].includes(code) && process.getuid?.() !== 0 ? null : code;
  }
}

/** A folder that the user of this process will work in. */
function ownRefusal(path: string): Words | null {
  const { uid, mode } = statSync(path);
  const own = process.getuid?.() ?? uid;
  const denied = isDenied(path, constants.R_OK | constants.W_OK | constants.X_OK);
  if (denied)
    return uid === own
      ? [`this user may not write in ${path}`, `Run 'chmod 700 ${path}'`]
      : [
          `this user may not write in ${path}, which belongs to another (user id ${uid})`,
          `${lookFirst(path)}. Run Godwit as that user when it holds that user's mail, or name another folder`,
        ];
  if (isWindows || own === 0 || own === uid || (mode & othersMask) === 0) return null;
  return [`other users may read ${path}, and the server cannot change that`, `Run 'chmod 700 ${path}' as its owner`];
}

/** A folder that another user will work in; root gives it away when it is root's and empty. */
function givenRefusal(path: string, user: ServingUser): Words | null {
  const { uid, mode } = statSync(path);
  const willBeGiven = uid === 0 && user.uid !== 0 && readdirSync(path).length === 0;
  if (uid !== user.uid && !willBeGiven) {
    return [
      `${path} belongs to another user (user id ${uid}) than ${user.name}, the user to serve as`,
      `${lookFirst(path)}. Name its owner as 'user' in server.yaml when it holds that user's mail, or name another folder; ` +
        `run 'chown -R ${user.name}: ${path}' only when no other user or program works with it`,
    ];
  }
  if ((mode & 0o700) !== 0o700) return [`user ${user.name} may not write in ${path}`, `Run 'chmod 700 ${path}'`];
  return unreachable(path, dirname(path), user);
}

/** Returns the advice that comes before any change of a folder that may be another user's. */
function lookFirst(path: string): string {
  return `See whose it is with 'ls -ld ${path}' and 'ls -l ${path}'`;
}

function unreachable(path: string, parent: string, user: ServingUser): Words | null {
  const closed = closedFor(parent, user, constants.X_OK);
  if (closed === null) return null;
  return [`user ${user.name} may not reach ${path}, because of the rights on ${closed}`, `Run 'chmod a+x ${closed}'`];
}

function isDenied(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return false;
  } catch (error) {
    // What is read-only can be served for reading.
    return ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
  }
}
