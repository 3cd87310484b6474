import { chmod, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '#ports/log';
import { callControl, ControlUnavailable } from './client.ts';
import { readLines } from './lines.ts';

const maxRequestBytes = 1 << 20;
const maxConnections = 50;

/** Answers one request; a thrown Error's message goes to the caller. */
export type ControlHandler = (command: string, args: unknown) => Promise<unknown>;

/** A listening control socket; disposing it releases the data directory. */
export interface ControlServer extends AsyncDisposable {
  readonly endpoint: string;
}

const busyText = 'another godwit process works on this data directory';

/** Another process holds the data directory. */
export class DataDirectoryBusy extends Error {
  override readonly name = 'DataDirectoryBusy';
}

/**
 * Listens on the control socket. A socket left behind by a killed process is taken over.
 * @throws DataDirectoryBusy when another process listens on it.
 */
export async function listenControl(endpoint: string, handler: ControlHandler, log: Log): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void serve(socket, handler).catch((error: unknown) => {
      // A caller that left, or one that we cut at the end, is nobody's fault.
      if (!socket.destroyed) log.error('control.failed', {}, error);
      socket.destroy();
    });
  });
  server.maxConnections = maxConnections;
  // Wine lets two processes listen on one pipe, so there the question comes first.
  if (process.platform === 'win32' && (await isAlive(endpoint))) throw new DataDirectoryBusy(busyText);
  if (!(await tryListen(server, endpoint))) {
    if (await isAlive(endpoint)) throw new DataDirectoryBusy(busyText);
    await unlink(endpoint).catch(() => undefined);
    if (!(await tryListen(server, endpoint))) {
      throw new DataDirectoryBusy(`${busyText}, or ${endpoint} cannot be made`);
    }
  }
  if (process.platform !== 'win32') await chmod(endpoint, 0o600);
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function tryListen(server: Server, endpoint: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', listening);
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    };
    const listening = (): void => {
      server.off('error', failed);
      resolve(true);
    };
    server.once('error', failed);
    server.once('listening', listening);
    // Exclusive: in a worker of node:cluster the primary would make the socket otherwise, with the rights of root.
    server.listen({ path: endpoint, exclusive: true });
  });
}

async function isAlive(endpoint: string): Promise<boolean> {
  try {
    await callControl(endpoint, 'ping', {});
    return true;
  } catch (error) {
    return !(error instanceof ControlUnavailable);
  }
}

async function serve(socket: Socket, handler: ControlHandler): Promise<void> {
  for await (const line of readLines(socket, maxRequestBytes)) {
    socket.write(`${JSON.stringify(await answer(line, handler))}\n`);
  }
  socket.end();
}

async function answer(line: string, handler: ControlHandler): Promise<object> {
  try {
    const request: unknown = JSON.parse(line);
    if (
      typeof request !== 'object' ||
      request === null ||
      !('command' in request) ||
      typeof request.command !== 'string'
    ) {
      return { error: 'bad request' };
    }
    if (request.command === 'ping') return { result: 'pong' };
    return { result: (await handler(request.command, 'args' in request ? request.args : {})) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
