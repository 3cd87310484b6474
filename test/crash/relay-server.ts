import { execFile, spawn } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isRoot } from '#host/process';
import { setUp } from './server-process.ts';

const main = fileURLToPath(new URL('../../src/cli/main.mjs', import.meta.url));
const run = promisify(execFile);

/** A server that takes submissions and relays them, in processes of its own, and can be killed. */
export interface RelayServer {
  readonly submissionPort: number;
  readonly imapPort: number;
  /** Ends all its processes with SIGKILL, at once, and waits until they are gone. */
  kill(): Promise<void>;
}

/** Sets a server up in a folder, which sends everything through a host at a port of this machine, over `connections` at a time. */
export async function setUpRelay(folder: string, relayPort: number, connections: number): Promise<void> {
  await setUp(folder);
  const file = join(folder, 'server.yaml');
  const text = (await readFile(file, 'utf8')).replace(
    'localserve: true',
    isRoot() ? 'user: nobody' : 'localserve: false',
  );
  const transport = `{ kind: smtp, host: 127.0.0.1, port: ${relayPort}, tls: none, limits: { concurrency: ${connections} } }`;
  await writeFile(file, `${text}transports:\n  sink: ${transport}\nroutes:\n  - { transport: sink }\n`);
  // The user that the server runs as must be able to read these, and to make that.
  await chmod(folder, 0o755);
  await chmod(join(folder, 'domains.yaml'), 0o644);
  await rm(join(folder, 'data'), { recursive: true });
}

/** Starts the server of a folder. @throws Error with what it printed when it does not come up. */
export function startRelay(folder: string): Promise<RelayServer> {
  // A group of its own, so that the signal reaches the process that serves as well as the one that watches it.
  const child = spawn(process.execPath, [main, 'serve', '--config', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    let printed = '';
    const port = (service: string): number =>
      Number(new RegExp(`service=${service} address=\\S+ port=(\\d+)`).exec(printed)?.[1]);
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (!printed.includes('server.ready')) return;
      resolve({
        submissionPort: port('submission'),
        imapPort: port('imap'),
        async kill() {
          process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
          await gone;
        },
      });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}:\n${printed}`)));
  });
}

/** Gives the account its password, at a running server. */
export async function setPassword(folder: string): Promise<void> {
  const setting = run(process.execPath, [main, 'password', 'set', 'godwit', '--stdin', '--dir', folder]);
  setting.child.stdin?.end('godwitgodwit\n');
  await setting;
}

/** Recipients that are still to be tried, as `godwit queue list` shows them. */
export async function waiting(folder: string): Promise<string[]> {
  const states = ['--state', 'queued', 'leased'];
  const { stdout } = await run(process.execPath, [main, 'queue', 'list', '--json', '--dir', folder, ...states]);
  return (JSON.parse(stdout) as { readonly recipient: string }[]).map(({ recipient }) => recipient);
}
