import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '#testing/temp-dir';

const program = fileURLToPath(new URL('../../src/cli/main.mjs', import.meta.url));

/** The account of the server, and its password. */
export const account = { login: 'godwit@localhost', password: 'godwitgodwit' } as const;

/** Ports of the server on 127.0.0.1. */
export interface HostilePorts {
  readonly smtp: number;
  readonly submission: number;
  readonly imap: number;
  readonly imaps: number;
  readonly http: number;
}

/** `godwit serve` in a process of its own, as strangers meet it. */
export interface HostileServer extends AsyncDisposable {
  readonly ports: HostilePorts;
  /** Resident memory now, in MB. */
  memoryMb(): Promise<number>;
  /** Names of the events that must not happen, such as `imap.bug`, as they were logged. */
  bugs(): string[];
  /** All that was logged. */
  log(): string;
}

/** Starts a server with one account in a new folder. */
export async function startHostileServer(nodeOptions: readonly string[] = []): Promise<HostileServer> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const folder = join(dir.path, 'godwit');
  await run(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  const file = join(folder, 'server.yaml');
  const text = (await readFile(file, 'utf8')).replaceAll(/port: \d+/g, 'port: 0');
  // A development server trusts its own machine; strangers meet another one. As root it would be two processes.
  await writeFile(file, text.replace('localserve: true', 'user: root').replace('pedantic: true', 'pedantic: false'));
  await rm(join(folder, 'data'), { recursive: true, force: true });
  await run(['password', 'set', 'godwit', '--config', folder, '--stdin'], `${account.password}\n`);
  const child = spawn(process.execPath, [...nodeOptions, program, 'serve', '--config', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (/server\.ready/.test(output)) ready.resolve();
    });
  }
  const ended = once(child, 'close');
  undo.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  });
  ended.then(() => ready.reject(new Error(`the server ended:\n${output}`))).catch(() => undefined);
  await ready.promise;
  const port = (service: string): number =>
    Number(new RegExp(`server\\.listening.*service=${service} .*port=(\\d+)`).exec(output)?.[1]);
  const ports = {
    smtp: port('smtp'),
    submission: port('submission'),
    imap: port('imap'),
    imaps: port('imaps'),
    http: port('http'),
  };
  const resources = undo.move();
  return {
    ports,
    memoryMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    },
    bugs: () => output.match(/\b\w+\.bug\b.*/g) ?? [],
    log: () => output,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function run(args: readonly string[], input = ''): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.end(input);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`godwit ${args[0]} ended with ${String(code)}: ${errors}`);
}
