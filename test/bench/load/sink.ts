import { spawn, spawnSync } from 'node:child_process';
import { freePort, greeted } from '../peers/ports.ts';

/** A server that takes every message and forgets it: Postfix's own, so that neither side pays for ours. */
export interface Sink extends AsyncDisposable {
  readonly port: number;
  /** Messages taken so far. */
  readonly count: () => number;
}

const program = '/usr/sbin/smtp-sink';

/** Reports whether the program is here. */
export function hasSink(): boolean {
  return spawnSync('test', ['-x', program]).status === 0;
}

/** Starts it on loopback. */
export async function startSink(): Promise<Sink> {
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(program, ['-c', ...user, `127.0.0.1:${port}`, '1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    // It rewrites one line: the last number counts.
    text = (text + chunk).slice(-200);
  });
  await greeted(port);
  return {
    port,
    count: () => Number([...text.matchAll(/mesg=(\d+)\r/g)].at(-1)?.[1] ?? 0),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}
