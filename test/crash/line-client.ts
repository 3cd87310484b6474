import { connect, type Socket } from 'node:net';

/** The connection ended before what was waited for had come. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';
}

/** A client's end of a connection that is read by lines and by counts of bytes. */
export class LineClient implements Disposable {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #wake: (() => void) | null = null;
  #hasEnded = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const end = (): void => {
      this.#hasEnded = true;
      this.#wake?.();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    });
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  /** Connects to this machine. */
  static async connect(port: number): Promise<LineClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new LineClient(socket);
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', () => resolve());
    });
    return client;
  }

  /** Sends text as latin1, one byte for each character. */
  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** The next line without its CRLF. @throws Disconnected when there is none. */
  async line(): Promise<string> {
    for (;;) {
      const whole = this.#joined();
      const end = whole.indexOf('\r\n');
      if (end >= 0) {
        this.#chunks = [whole.subarray(end + 2)];
        return whole.toString('latin1', 0, end);
      }
      await this.#more();
    }
  }

  /** The next `count` bytes as latin1. @throws Disconnected when there are not as many. */
  async bytes(count: number): Promise<string> {
    while (this.#chunks.reduce((sum, { length }) => sum + length, 0) < count) await this.#more();
    const whole = this.#joined();
    this.#chunks = [whole.subarray(count)];
    return whole.toString('latin1', 0, count);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  async #more(): Promise<void> {
    if (this.#hasEnded) throw new Disconnected('the connection ended');
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }
}
