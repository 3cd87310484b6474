import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Runs a load script in a process of its own. @returns its lines of JSON. @throws when it fails. */
export async function load(
  script: 'smtp' | 'submit' | 'imap' | 'storing',
  args: readonly (string | number)[],
): Promise<Record<string, number>[]> {
  const child = start(script, args);
  const lines: Record<string, number>[] = [];
  for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line) as Record<string, number>);
  const code = await new Promise((resolve) =>
    child.exitCode === null ? child.once('exit', resolve) : resolve(child.exitCode),
  );
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} failed`);
  return lines;
}

/** Starts the idling clients; dispose to end them. Resolves when all of them idle. */
export async function idling(port: number, connections: number): Promise<AsyncDisposable> {
  const child = start('imap', ['idle', port, connections]);
  const lines = createInterface(child.stdout);
  await new Promise((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', () => reject(new Error('idling clients ended early')));
  });
  return {
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

/** Round trips of other connections in a period. */
export interface Waits {
  readonly count: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Starts the prober of `probe.ts`; `waits` ends a period. */
export async function probing(
  imapPort: number,
  smtpPort: number,
): Promise<AsyncDisposable & { readonly waits: () => Promise<Waits> }> {
  const child = start('probe', [imapPort, smtpPort]);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Waits> => {
    const line = await lines.next();
    if (line.done === true) throw new Error('the prober ended early');
    return JSON.parse(line.value) as Waits;
  };
  await next();
  return {
    waits: async () => {
      child.stdin.write('\n');
      return await next();
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

function start(script: string, args: readonly (string | number)[]) {
  const path = fileURLToPath(new URL(`./${script}.ts`, import.meta.url));
  return spawn(process.execPath, [path, ...args.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
}
