import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { searchPath } from './programs.ts';

/** Address at which a server listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Settings of a foreign server that stays in the foreground. */
export interface DaemonSettings {
  readonly command: string;
  readonly args: readonly string[];
  /** Runs as the user `nobody` when we are root. */
  readonly asNobody?: boolean;
  /** It is ready as soon as it takes connections here. */
  readonly places: readonly Place[];
  /** Files and folders that it sees at other places than they are, by the places where it looks; nothing changes for other processes. Needs root. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/** A foreign server at work; disposing it ends it. */
export interface Daemon extends AsyncDisposable {
  /** All that it said. */
  readonly log: () => string;
}

/** User and group of a daemon that runs `asNobody`. */
export const nobody = { uid: 65_534, gid: 65_534 } as const;

const readyMs = 60_000;
const endMs = 5_000;
const askMs = 20;

/** Starts a foreign server and asks until it listens. @throws Error with its words when it ends before. */
export async function startDaemon(settings: DaemonSettings): Promise<Daemon> {
  const { command, args, places, mounts, asNobody } = settings;
  const [program, ...options] = mounts === undefined ? [command, ...args] : apart(mounts, [command, ...args]);
  const child = spawn(program ?? command, options, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: searchPath, LC_ALL: 'C.UTF-8' },
    ...(asNobody === true && process.getuid?.() === 0 && nobody),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const ended = once(child, 'exit').catch((error: unknown) => {
    said += String(error);
  });
  const daemon = {
    log: () => said,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const kill = setTimeout(() => child.kill('SIGKILL'), endMs);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(kill);
    },
  };
  const deadline = performance.now() + readyMs;
  for (const place of places) {
    while (!(await isListening(place))) {
      const isLate = performance.now() > deadline;
      if (isLate) await daemon[Symbol.asyncDispose]();
      if (isLate || child.exitCode !== null || child.pid === undefined) {
        throw new Error(`${command} does not listen on ${place.host} port ${place.port}: ${said}`);
      }
      await pause(askMs);
    }
  }
  return daemon;
}

/** Returns a TCP port that is free at this moment. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The command in a mount namespace of its own; exec keeps the process id. */
function apart(mounts: Readonly<Record<string, string>>, command: readonly string[]): string[] {
  const binds = Object.entries(mounts).flatMap(([at, from]) => [from, at]);
  const script = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done; shift; exec "$@"';
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...binds, '--', ...command];
}

function isListening({ host, port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
