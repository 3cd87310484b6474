import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '#testing/temp-dir';
import { succeed } from './programs.ts';

/** The one account of a server under test. */
export const account = { name: 'godwit', address: 'godwit@localhost', password: 'godwitgodwit' } as const;

/** Ports of a server under test. */
export interface Ports {
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly imap: number;
  readonly imaps: number;
}

/** The real program at work, in a process of its own, on ports of the system's choice. */
export interface ServerUnderTest extends RunningProgram {
  readonly ports: Ports;
  /** Address at which it listens. */
  readonly host: string;
  /** Its configuration folder. */
  readonly folder: string;
}

/** The program's entry. */
export const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** Longer than a start takes on a machine with twenty busy processes. */
const readyMs = 90_000;

/** Starts `godwit localserve` in a new folder. @param edit  Changes `server.yaml` before. */
export async function startLocalserve(edit: (text: string) => string = (text) => text): Promise<ServerUnderTest> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const folder = join(dir.path, 'godwit');
  await setUpLocalserve(folder);
  const config = join(folder, 'server.yaml');
  await writeFile(config, edit(await readFile(config, 'utf8')));
  const server = undo.use(await startLocalserveIn(folder));
  const resources = undo.move();
  return { ...server, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** As `startLocalserve`, with STARTTLS on the port for mail without a login. */
export function startLocalserveWithStartTls(): Promise<ServerUnderTest> {
  return startLocalserve((text) => text.replace('smtp: { port: 0 }', 'smtp: { port: 0, startTls: true }'));
}

/** Writes the configuration of a first start, with ports of the system's choice. */
export async function setUpLocalserve(folder: string): Promise<void> {
  await succeed(process.execPath, [program, 'localserve', '--dir', folder, '--init-only', '--ip', '127.0.0.1']);
  const config = join(folder, 'server.yaml');
  await writeFile(config, (await readFile(config, 'utf8')).replaceAll(/port: \d+/g, 'port: 0'));
}

/** Starts `godwit localserve` in a folder that was set up, and that stays. */
export async function startLocalserveIn(folder: string): Promise<ServerUnderTest> {
  const args = [program, 'localserve', '--dir', folder, '--log-level', 'debug'];
  const running = await startProgram(process.execPath, args, /^Stop with/m);
  // A line such as `imaps  imaps://user:password@localhost:1993  reading mail`.
  const ports = portsIn(running.log(), (service) => new RegExp(`^ *${service} +\\S+:(\\d+) `, 'm'));
  return { ...running, ports, host: '127.0.0.1', folder };
}

/** Settings of `startServe`. */
export interface ServeSettings {
  /** Text of `server.yaml`. */
  readonly server: string;
  /** Text of `domains.yaml`, with the one account. */
  readonly domains: string;
  /** Other files of the configuration folder, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** The address of its listeners. */
  readonly host: string;
  /** Environment variables besides ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `godwit serve` with a configuration in a new folder. */
export async function startServe({ server, domains, files, host, env }: ServeSettings): Promise<ServerUnderTest> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const folder = join(dir.path, 'config');
  await mkdir(folder);
  // The server may run as another user than we do.
  await chmod(dir.path, 0o755);
  for (const [name, text] of Object.entries({ ...files, 'server.yaml': server, 'domains.yaml': domains })) {
    await writeFile(join(folder, name), text, { mode: name === 'domains.yaml' ? 0o644 : 0o600 });
  }
  const setPassword = [program, 'password', 'set', account.name, '--config', folder, '--stdin'];
  await succeed(process.execPath, setPassword, { input: `${account.password}\n` });
  const args = [program, 'serve', '--config', folder, '--log-level', 'debug'];
  const running = undo.use(await startProgram(process.execPath, args, /server\.ready/, env));
  const ports = portsIn(running.log(), (service) => new RegExp(`server\\.listening.*service=${service} .*port=(\\d+)`));
  const resources = undo.move();
  return { ...running, ports, host, folder, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function portsIn(output: string, pattern: (service: keyof Ports) => RegExp): Ports {
  const portOf = (service: keyof Ports): number => {
    const port = pattern(service).exec(output)?.[1];
    if (port === undefined) throw new Error(`no port for ${service} in: ${output}`);
    return Number(port);
  };
  return {
    smtp: portOf('smtp'),
    submission: portOf('submission'),
    submissions: portOf('submissions'),
    imap: portOf('imap'),
    imaps: portOf('imaps'),
  };
}

/** A process that said it was ready; disposing it asks it to stop and waits for its end. */
interface RunningProgram extends AsyncDisposable {
  /** All that it printed and logged. */
  readonly log: () => string;
  /** Sends a signal and waits for the end. @returns the exit code, null when the signal ended it. */
  readonly kill: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** Starts a program and waits until its output matches. @throws Error with its output when it ends or is silent for too long. */
async function startProgram(
  command: string,
  args: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProgram> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const isReady = Promise.withResolvers<void>();
  const fail = (why: string): void => isReady.reject(new Error(`${why}: ${output}`));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (ready.test(output)) isReady.resolve();
    });
  }
  child.once('close', () => fail('ended too soon'));
  child.once('error', (error) => fail(error.message));
  const timer = setTimeout(() => fail('not ready in time'), readyMs);
  try {
    await isReady.promise;
  } catch (error) {
    await stop(child, ended);
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return {
    log: () => output,
    kill: (signal) => {
      child.kill(signal);
      return ended;
    },
    [Symbol.asyncDispose]: () => stop(child, ended),
  };
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const kill = setTimeout(() => child.kill('SIGKILL'), readyMs);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(kill);
}
