import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { ControlEndpoint } from './endpoint.ts';
import { readLines } from './lines.ts';
import { proofOf, type Meeting } from './pipe-name.ts';

const maxAnswerBytes = 256 << 20;
/** A server at work answers between two of its tasks. */
const maxProofMs = 30_000;

/** Error when no process listens on the control socket: no server runs on this data directory. */
export class ControlUnavailable extends Error {
  override readonly name = 'ControlUnavailable';
}

/** The server ended before it answered. */
export class ControlEnded extends Error {
  override readonly name = 'ControlEnded';

  constructor() {
    super('the server ended before it answered');
  }
}

/**
 * Sends one command to the server that owns a data directory, and gives its result.
 * @param signal  Ends the call with an error when it is aborted.
 * @throws ControlUnavailable when no server runs; ControlEnded when it ended before it answered; Error with the server's words when it refused.
 */
export async function callControl(
  endpoint: ControlEndpoint,
  command: string,
  args: object,
  signal?: AbortSignal,
): Promise<unknown> {
  return await callAt(await meetingOf(endpoint), command, args, signal);
}

/** As `callControl`, where a server was found. */
export async function callAt(
  { path, key }: Meeting,
  command: string,
  args: object,
  signal?: AbortSignal,
): Promise<unknown> {
  const socket = await open(path);
  const abort = (): void => void socket.destroy();
  signal?.addEventListener('abort', abort);
  try {
    const lines = readLines(socket, maxAnswerBytes);
    if (key !== null && !(await proves(socket, lines, key))) throw new ControlUnavailable(nobodyText);
    return await ask(socket, lines, command, args);
  } catch (error) {
    throw endedWords.has(error instanceof Error && 'code' in error ? error.code : null) ? new ControlEnded() : error;
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** Codes of a connection that the other process cut. */
const endedWords: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);

/** Reports whether it is our server that listens: nothing is said to a stranger who waits at the place of one that has ended. */
async function proves(socket: Socket, lines: AsyncGenerator<string>, key: string): Promise<boolean> {
  const nonce = randomBytes(16).toString('hex');
  socket.setTimeout(maxProofMs, () => socket.destroy());
  try {
    return (await ask(socket, lines, 'prove', { nonce })) === proofOf(key, nonce);
  } catch {
    return false;
  } finally {
    socket.setTimeout(0);
  }
}

async function ask(socket: Socket, lines: AsyncGenerator<string>, command: string, args: object): Promise<unknown> {
  socket.write(`${JSON.stringify({ command, args })}\n`);
  const line = await lines.next();
  if (line.done === true) throw new ControlEnded();
  const answer = JSON.parse(line.value) as { readonly result?: unknown; readonly error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.result;
}

/** Resolves when no process listens on the control socket any longer: the server has let go of its data directory. */
export async function controlEnded(endpoint: ControlEndpoint): Promise<void> {
  for (;;) {
    let socket: Socket;
    try {
      socket = await open((await meetingOf(endpoint)).path);
    } catch (error) {
      if (error instanceof ControlUnavailable) return;
      // It went away while we connected: the next try tells.
      if (error instanceof ControlEnded) continue;
      throw error;
    }
    await new Promise<void>((resolve) => {
      socket.once('error', () => socket.destroy());
      socket.once('close', () => resolve());
      socket.resume();
    });
  }
}

async function meetingOf(endpoint: ControlEndpoint): Promise<Meeting> {
  if (endpoint.kind === 'socket') return { path: endpoint.path, key: null };
  const meeting = await endpoint.name.current();
  if (meeting === null) throw new ControlUnavailable(nobodyText);
  return meeting;
}

const nobodyText = 'no server runs on this data directory';

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // ENOTDIR: a file stands where the data directory should be, so no server can run on it.
      const isAbsent = error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ECONNREFUSED';
      if (isAbsent) reject(new ControlUnavailable(nobodyText));
      else reject(endedWords.has(error.code) ? new ControlEnded() : error);
    });
  });
}
