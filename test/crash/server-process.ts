import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { StoreProblem } from '#mail/check';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const run = promisify(execFile);

/** A server that runs in a process of its own, and can be killed. */
export interface ServerProcess {
  readonly smtpPort: number;
  readonly imapPort: number;
  readonly httpPort: number;
  /** Ends it with SIGKILL, at once, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Sets a server up in a folder, with SMTP and IMAP on ports that the system chooses. */
export async function setUp(folder: string): Promise<void> {
  await run(process.execPath, [main, 'localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  const file = join(folder, 'server.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace(/port: \d+/g, 'port: 0'));
}

/** Starts the server of a folder. @throws Error with what it printed when it does not come up. */
export async function startServerProcess(folder: string): Promise<ServerProcess> {
  const child = spawn(process.execPath, [main, 'localserve', '--dir', folder, '--log-level', 'warn'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ports = await portsOf(child);
  return {
    ...ports,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Checks what is stored while no server runs. @returns what it found, but for blobs without a row, which a crash may leave. */
export async function checkFolder(folder: string): Promise<readonly StoreProblem[]> {
  const command = [main, 'check', '--config', folder, '--json'];
  const { stdout } = await run(process.execPath, command).catch((error: unknown) => {
    // Problems make it end with 1.
    if (error instanceof Error && 'stdout' in error && error.stdout !== '') return { stdout: String(error.stdout) };
    throw error;
  });
  return (JSON.parse(stdout) as StoreProblem[]).filter(({ kind }) => kind !== 'orphan' && kind !== 'owner');
}

function portsOf(child: ChildProcess): Promise<Omit<ServerProcess, 'kill'>> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const smtp = /^ *smtp +smtp:\/\/\S*?:(\d+) /m.exec(printed);
      const imap = /^ *imap +imap:\/\/\S*:(\d+) /m.exec(printed);
      const http = /^ *http +http:\/\/\S*:(\d+) /m.exec(printed);
      if (smtp !== null && imap !== null && http !== null && printed.includes('Stop with'))
        resolve({ smtpPort: Number(smtp[1]), imapPort: Number(imap[1]), httpPort: Number(http[1]) });
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}:\n${printed}`)));
  });
}
