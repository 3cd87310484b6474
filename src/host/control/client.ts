import { connect, type Socket } from 'node:net';
import type { ControlEndpoint } from './endpoint.ts';
import { readLines } from './lines.ts';

const maxAnswerBytes = 256 << 20;

/** Nobody listens on the control socket: no server runs on this data directory. */
export class ControlUnavailable extends Error {
  override readonly name = 'ControlUnavailable';
}

/**
 * Sends one command to the server that owns a data directory, and gives its result.
 * @throws ControlUnavailable when no server runs; Error with the server's words when it refused.
 */
export async function callControl(endpoint: ControlEndpoint, command: string, args: object): Promise<unknown> {
  return await callPath(await pathOf(endpoint), command, args);
}

/** As `callControl`, at the path of a socket or pipe. */
export async function callPath(path: string, command: string, args: object): Promise<unknown> {
  const socket = await open(path);
  try {
    socket.write(`${JSON.stringify({ command, args })}\n`);
    for await (const line of readLines(socket, maxAnswerBytes)) {
      const answer = JSON.parse(line) as { readonly result?: unknown; readonly error?: string };
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.result;
    }
    throw new Error('the server closed the connection without an answer');
  } finally {
    socket.destroy();
  }
}

/** Resolves when nobody listens on the control socket any more: the server has let go of its data directory. */
export async function controlEnded(endpoint: ControlEndpoint): Promise<void> {
  for (;;) {
    let socket: Socket;
    try {
      socket = await open(await pathOf(endpoint));
    } catch (error) {
      if (error instanceof ControlUnavailable) return;
      // It went away while we connected: the next try tells.
      if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') continue;
      throw error;
    }
    await new Promise<void>((resolve) => {
      socket.once('error', () => socket.destroy());
      socket.once('close', () => resolve());
      socket.resume();
    });
  }
}

async function pathOf(endpoint: ControlEndpoint): Promise<string> {
  if (endpoint.kind === 'socket') return endpoint.path;
  const pipe = await endpoint.name.current();
  if (pipe === null) throw new ControlUnavailable(nobodyText);
  return pipe;
}

const nobodyText = 'no server runs on this data directory';

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const nobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      reject(nobody ? new ControlUnavailable(nobodyText) : error);
    });
  });
}
