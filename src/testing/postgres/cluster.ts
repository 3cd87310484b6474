import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A PostgreSQL server of our own; disposal ends it and removes its data. */
export interface PostgresCluster extends AsyncDisposable {
  /** Directory of its socket. It listens nowhere else. */
  readonly directory: string;
}

/** The role that owns everything in it. */
export const clusterUser = 'godwit';

/** Longest wait for a server to answer, or to end. */
const maxWaitMs = 30_000;

const maxLogChunks = 100;
/** Texts compare and change case as in Turkish by default, which is no order of bytes, and where I is not the capital of i: a statement that needs another has to say so. */
const localeArgs = ['--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=tr-TR'];
/** Nothing is synced, since the data lives as long as the tests. */
const settings = ['listen_addresses=', 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off'];

/**
 * Starts a server on a new data directory. As root it runs as the user `postgres`, because PostgreSQL refuses root.
 * @throws Error when PostgreSQL is not installed or does not start; the message holds what it said.
 */
export async function startPostgres(): Promise<PostgresCluster> {
  const programs = programsOf();
  const directory = mkdtempSync(join(tmpdir(), 'godwit-pg-'));
  const user = process.getuid?.() === 0 ? idsOf('postgres') : null;
  if (user !== null) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const made = spawnSync(
    join(programs, 'initdb'),
    ['-D', data, '--no-sync', '--auth=trust', '-U', clusterUser, ...localeArgs],
    { ...user, cwd: directory, encoding: 'utf8' },
  );
  if (made.status !== 0) {
    rmSync(directory, { recursive: true, force: true });
    throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
  }
  const args = ['-D', data, '-k', directory, ...settings.flatMap((setting) => ['-c', setting])];
  const server = spawn(join(programs, 'postgres'), args, {
    ...user,
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  // Its log goes on for as long as it runs; the beginning is what a failure to start needs.
  server.stderr.setEncoding('utf8').on('data', (text: string) => said.length < maxLogChunks && said.push(text));
  // A test runner that ends at once must leave no server behind.
  const onExit = (): void => {
    server.kill('SIGQUIT');
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', onExit);
  server.once('exit', () => process.off('exit', onExit));
  const cluster = { directory, [Symbol.asyncDispose]: () => end(server, directory) };
  try {
    await untilReady(server, join(directory, '.s.PGSQL.5432'));
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw new Error(`PostgreSQL did not start: ${said.join('')}`, { cause: error });
  }
  // It runs beside the tests, and does not keep the process that runs them.
  server.unref();
  if (server.stderr instanceof Socket) server.stderr.unref();
  return cluster;
}

/** Debian keeps the programs of each version in a folder of their own; the newest is taken, else those on the PATH. */
function programsOf(): string {
  const root = '/usr/lib/postgresql';
  let versions: string[] = [];
  try {
    versions = readdirSync(root);
  } catch {
    return '';
  }
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a));
  return newest === undefined ? '' : join(root, newest, 'bin');
}

function idsOf(name: string): { readonly uid: number; readonly gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`no user ${name}: install PostgreSQL first`);
  return { uid: Number(uid), gid: Number(gid) };
}

async function untilReady(server: ChildProcess, socket: string): Promise<void> {
  const endMs = performance.now() + maxWaitMs;
  while (server.exitCode === null && performance.now() < endMs) {
    if (await answers(socket)) return;
    await delay(20);
  }
  throw new Error(server.exitCode === null ? 'no answer in time' : `it ended with code ${server.exitCode}`);
}

/** Begins a session, which a server that is ready answers with a request of authentication, and one that still starts with an error. */
function answers(path: string): Promise<boolean> {
  const protocolVersion = 3 << 16;
  const parameters = Buffer.from(`user\0${clusterUser}\0database\0postgres\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(protocolVersion, 4);
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('data', ([type]) => {
      resolve(type === 'R'.charCodeAt(0));
      socket.destroy();
    });
    socket.write(Buffer.concat([head, parameters]));
  });
}

async function end(server: ChildProcess, directory: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    server.ref();
    const ended = once(server, 'exit');
    server.kill('SIGINT');
    const timer = setTimeout(() => server.kill('SIGKILL'), maxWaitMs);
    await ended;
    clearTimeout(timer);
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
