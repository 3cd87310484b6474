import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { errorCode } from '#host/files';
import type { Log } from '#ports/log';
import { callAt, ControlUnavailable } from './client.ts';
import type { ControlEndpoint } from './endpoint.ts';
import { readLines } from './lines.ts';
import { proofOf, type Meeting, type PipeName } from './pipe-name.ts';

const maxRequestBytes = 1 << 20;
const maxConnections = 50;

/** Answers one request; a thrown Error's message goes to the caller. */
export type ControlHandler = (command: string, args: unknown) => Promise<unknown>;

/** A listening control socket; disposing it releases the data directory. */
export interface ControlServer extends AsyncDisposable {
  /**
   * Makes the socket again, or on Windows the name of the pipe, when it was removed. @returns what was missing, null when all is well.
   * @throws DataDirectoryBusy when another process has taken its place.
   */
  restore(): Promise<string | null>;
}

type SocketEndpoint = Extract<ControlEndpoint, { readonly kind: 'socket' }>;
type PipeEndpoint = Extract<ControlEndpoint, { readonly kind: 'pipe' }>;

/** Makes the error of a directory that another process holds. */
function busy({ directory }: ControlEndpoint, more = ''): DataDirectoryBusy {
  return new DataDirectoryBusy(`another godwit process works on ${directory}${more}`);
}

/** Another process holds the data directory. */
export class DataDirectoryBusy extends Error {
  override readonly name = 'DataDirectoryBusy';
}

/**
 * Listens on the control socket. A socket left behind by a killed process is taken over.
 * @throws DataDirectoryBusy when another process listens on it.
 */
export async function listenControl(
  endpoint: ControlEndpoint,
  handler: ControlHandler,
  log: Log,
): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const name = endpoint.kind === 'pipe' ? endpoint.name.fresh() : null;
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void serve(socket, handler, name?.key ?? null).catch((error: unknown) => {
      // A caller that left, or one that was cut off at the end, is no fault.
      if (!socket.destroyed) log.error('control.failed', {}, error);
      socket.destroy();
    });
  };
  let server = newServer(accept);
  if (endpoint.kind === 'socket') await listenOnSocket(server, endpoint);
  else if (name !== null) await listenOnPipe(server, endpoint, name);
  return {
    async restore() {
      if (endpoint.kind === 'pipe') return name === null ? null : await claimAgain(endpoint, name.text);
      if (await exists(endpoint.path)) return null;
      // Closing removes what is at the path, so it comes first. Connections stay.
      server.close();
      server = newServer(accept);
      await listenOnSocket(server, endpoint);
      return endpoint.path;
    },
    async [Symbol.asyncDispose]() {
      // Answers that are known go out before.
      await new Promise<void>((resolve) => setImmediate(resolve));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function newServer(accept: (socket: Socket) => void): Server {
  const server = createServer(accept);
  server.maxConnections = maxConnections;
  return server;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Writes the name of the pipe that listens to its place again, when nothing is there. */
async function claimAgain(endpoint: PipeEndpoint, text: string): Promise<string | null> {
  const { name: names } = endpoint;
  if ((await names.current()) !== null) return null;
  if (!(await names.claim(text, isAlive))) throw busy(endpoint);
  return 'the name of the control pipe';
}

async function listenOnSocket(server: Server, endpoint: SocketEndpoint): Promise<void> {
  const { path } = endpoint;
  if (!(await tryListen(server, path))) {
    if (await isAlive({ path, key: null })) throw busy(endpoint);
    await unlink(path).catch(() => undefined);
    if (!(await tryListen(server, path))) throw busy(endpoint, `, or ${path} cannot be made`);
  }
  await chmod(path, 0o600);
}

/** The pipe listens before its name is found, so a name that does not answer is known to be dead. */
async function listenOnPipe(
  server: Server,
  endpoint: PipeEndpoint,
  { text, path }: ReturnType<PipeName['fresh']>,
): Promise<void> {
  if (!(await tryListen(server, path))) throw new Error(`${path} cannot be made`);
  try {
    if (!(await endpoint.name.claim(text, isAlive))) throw busy(endpoint);
  } catch (error) {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    throw error;
  }
}

function tryListen(server: Server, path: string): Promise<boolean> {
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
    server.listen({ path, exclusive: true });
  });
}

async function isAlive(meeting: Meeting): Promise<boolean> {
  try {
    await callAt(meeting, 'ping', {});
    return true;
  } catch (error) {
    return !(error instanceof ControlUnavailable);
  }
}

async function serve(socket: Socket, handler: ControlHandler, key: string | null): Promise<void> {
  for await (const line of readLines(socket, maxRequestBytes)) {
    socket.write(`${JSON.stringify(await answer(line, handler, key))}\n`);
  }
  socket.end();
}

async function answer(line: string, handler: ControlHandler, key: string | null): Promise<object> {
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
    const args: unknown = 'args' in request ? request.args : {};
    if (request.command === 'prove' && key !== null) return { result: proofOf(key, nonceOf(args)) };
    return { result: (await handler(request.command, args)) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function nonceOf(args: unknown): string {
  if (typeof args === 'object' && args !== null && 'nonce' in args && typeof args.nonce === 'string') return args.nonce;
  throw new Error('bad request');
}
