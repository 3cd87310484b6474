import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}

/** Waits until a port greets with a line. @returns milliseconds waited. @throws when it does not within `limitMs`. */
export async function greeted(port: number, limitMs = 20_000): Promise<number> {
  const start = performance.now();
  while (performance.now() - start < limitMs) {
    if (await greetsNow(port)) return performance.now() - start;
    await pause(5);
  }
  throw new Error(`no greeting on port ${port} within ${limitMs} ms`);
}

function greetsNow(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.once('data', () => done(true));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}
