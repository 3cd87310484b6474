import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection that is read line by line. */
export class LineSocket implements Disposable {
  readonly socket: Socket;
  #text = '';
  #wake: (() => void) | null = null;

  /** Takes over a connected socket. */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#wake?.();
    });
    socket.on('error', () => this.#wake?.());
    socket.on('close', () => this.#wake?.());
  }

  /** Sends text and returns when the answer has a line that matches, with that line; null when the connection ended before. */
  async ask(text: string, answer: RegExp): Promise<string | null> {
    if (text !== '') this.socket.write(text, 'latin1');
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end + 1);
        this.#text = this.#text.slice(end + 1);
        if (answer.test(line)) return line.trimEnd();
        continue;
      }
      if (this.socket.destroyed || this.socket.readableEnded) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Connects to a port of this machine from an address of its own; null when it is refused. */
export async function dial(port: number, localAddress = '127.0.0.1'): Promise<Socket | null> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
  try {
    await once(socket, 'connect');
  } catch {
    socket.destroy();
    return null;
  }
  socket.on('error', () => undefined);
  return socket;
}

/** Opens an IMAP connection and logs in; rejects when that fails. */
export async function logIn(
  port: number,
  { login, password }: { login: string; password: string },
): Promise<LineSocket> {
  const socket = await dial(port);
  if (socket === null) throw new Error('the server refuses connections');
  const client = new LineSocket(socket);
  const answer = await client.ask(`in LOGIN ${login} ${password}\r\n`, /^(in |\* BYE)/);
  if (answer?.startsWith('in OK') !== true) throw new Error(`login failed: ${answer}`);
  return client;
}
