import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.mjs', import.meta.url));

/** Result of a run of the program. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command of the program to its end. */
export async function godwit(args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)]);
  return { code, output, errors };
}

/** A program at work; disposing it kills what is left. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** Output until it was ready. */
  readonly greeting: string;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Starts the program and waits until its output, on either stream, matches. @throws Error with what it said when it ends before. */
export async function startGodwit(args: readonly string[], ready: RegExp): Promise<RunningProgram> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const isReady = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (ready.test(output)) isReady.resolve();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
    if (ready.test(errors)) isReady.resolve();
  });
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, output, errors }));
  await Promise.race([
    isReady.promise,
    ended.then(({ code }) => {
      throw new Error(`ended with ${String(code)} before it was ready:\n${output}${errors}`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    greeting: output + errors,
    signal: (name) => void child.kill(name),
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

async function exitOf(child: ReturnType<typeof spawn>): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
