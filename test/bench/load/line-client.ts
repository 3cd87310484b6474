import { connect, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';

/** A bare TCP client for measuring: waits for lines, does nothing else. */
export class LineClient {
  #socket: Socket;
  #buffered: Buffer = Buffer.alloc(0);
  #wanted: {
    readonly test: (line: string) => boolean;
    readonly resolve: (line: string) => void;
    readonly reject: (e: Error) => void;
  } | null = null;
  #wantedEnd: {
    readonly start: string;
    readonly resolve: (line: string) => void;
    readonly reject: (e: Error) => void;
  } | null = null;
  #failure: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('close', () => this.#fail(new Error('connection closed')));
    this.#socket.on('error', (error) => this.#fail(error));
  }

  /** Connects to a port on loopback. */
  static open(port: number): Promise<LineClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new LineClient(socket));
      });
    });
  }

  /** Continues with TLS, after STARTTLS was answered. The certificate is not looked at. */
  async startTls(): Promise<void> {
    this.#socket.removeAllListeners();
    this.#socket = secure({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise((resolve, reject) => {
      this.#socket.once('secureConnect', resolve).once('error', reject);
    });
    this.#listen();
  }

  /** Turns Nagle's algorithm on. */
  delaySmallWrites(): void {
    this.#socket.setNoDelay(false);
  }

  /** Sends bytes. */
  send(data: Buffer | string): void {
    this.#socket.write(data);
  }

  /** The next line for which `test` holds; lines before it are dropped. */
  line(test: (line: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#wanted = { test, resolve, reject };
      this.#scan();
      return undefined;
    });
  }

  /** Drops all that comes until a line that begins with `start` ends it. For large answers: only the end of each piece is looked at. */
  last(start: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#wantedEnd = { start: `\n${start}`, resolve, reject };
      // The answer may be that line alone.
      if (this.#buffered.length === 0) this.#buffered = Buffer.from('\n');
      this.#scanEnd();
      return undefined;
    });
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    if (this.#wantedEnd === null) this.#scan();
    else this.#scanEnd();
  }

  #scan(): void {
    let start = 0;
    while (this.#wanted !== null) {
      const end = this.#buffered.indexOf(10, start);
      if (end < 0) break;
      const line = this.#buffered.toString('latin1', start, end - 1);
      start = end + 1;
      if (!this.#wanted.test(line)) continue;
      const { resolve } = this.#wanted;
      this.#wanted = null;
      resolve(line);
    }
    if (start > 0) this.#buffered = this.#buffered.subarray(start);
  }

  #scanEnd(): void {
    const wanted = this.#wantedEnd;
    if (wanted === null) return;
    // No completion line is longer.
    const tail = this.#buffered.toString('latin1', Math.max(0, this.#buffered.length - 200));
    const at = tail.lastIndexOf(wanted.start);
    if (at >= 0 && tail.endsWith('\r\n')) {
      this.#buffered = Buffer.alloc(0);
      this.#wantedEnd = null;
      wanted.resolve(tail.slice(at + 1, -2));
    } else this.#buffered = this.#buffered.subarray(-200);
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#wanted?.reject(error);
    this.#wantedEnd?.reject(error);
    this.#wanted = null;
    this.#wantedEnd = null;
  }
}
