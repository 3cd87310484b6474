import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Behaviour of a `SocksServer` towards its clients. */
export interface SocksServerOptions {
  /** Asked for, and the only pair that is right. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Addresses of names; others are unreachable. */
  readonly names?: Readonly<Record<string, { readonly address: string; readonly port: number }>>;
  /** Replies this code to every CONNECT. */
  readonly replyCode?: number;
  /** Says this at once, whatever the client wants, and then ends or stays silent. */
  readonly says?: { readonly bytes: Uint8Array; readonly thenEnds: boolean };
}

/** A small SOCKS5 server on loopback for tests: CONNECT only, and strict about what clients send (RFC 1928, RFC 1929). */
export class SocksServer implements AsyncDisposable {
  readonly port: number;
  /** Targets asked for, such as `mx.example:25` or `2001:db8:0:0:0:0:0:1:25`. */
  readonly targets: string[];
  readonly #close: () => Promise<void>;

  private constructor(port: number, targets: string[], close: () => Promise<void>) {
    this.port = port;
    this.targets = targets;
    this.#close = close;
  }

  /** Starts one at a port that the system chooses. */
  static async start(options: SocksServerOptions = {}): Promise<SocksServer> {
    const open = new Set<Socket>();
    const targets: string[] = [];
    const server = createServer((socket) => {
      keep(socket, open);
      void serve(socket, options, targets, open).catch(() => socket.destroy());
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new SocksServer((server.address() as AddressInfo).port, targets, async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

function keep(socket: Socket, open: Set<Socket>): void {
  open.add(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => open.delete(socket));
}

async function serve(socket: Socket, options: SocksServerOptions, targets: string[], open: Set<Socket>): Promise<void> {
  const { login, replyCode, says } = options;
  if (says !== undefined) {
    socket.write(says.bytes);
    if (says.thenEnds) socket.end();
    return;
  }
  const [version = 0, methodCount = 0] = await take(socket, 2);
  const methods = await take(socket, methodCount);
  const method = login === undefined ? 0 : 2;
  if (version !== 5 || !methods.includes(method)) return void socket.end(Uint8Array.of(5, 0xff));
  socket.write(Uint8Array.of(5, method));
  if (login !== undefined && !(await isRightLogin(socket, login))) return void socket.end(Uint8Array.of(1, 1));
  if (login !== undefined) socket.write(Uint8Array.of(1, 0));
  const target = await readTarget(socket);
  targets.push(`${target.host}:${target.port}`);
  if (replyCode !== undefined) return void socket.end(reply(replyCode));
  const place = options.names?.[target.host] ?? (target.isName ? null : { address: target.host, port: target.port });
  if (place === null) return void socket.end(reply(4));
  const other = connect(place.port, place.address);
  keep(other, open);
  other.once('error', () => socket.end(reply(5)));
  other.once('connect', () => {
    socket.write(reply(0));
    socket.pipe(other);
    other.pipe(socket);
  });
}

async function isRightLogin(socket: Socket, login: { readonly user: string; readonly password: string }) {
  const [version, userLength = 0] = await take(socket, 2);
  const user = await take(socket, userLength);
  const [passwordLength = 0] = await take(socket, 1);
  const password = await take(socket, passwordLength);
  return version === 1 && user.toString() === login.user && password.toString() === login.password;
}

async function readTarget(socket: Socket): Promise<{ host: string; port: number; isName: boolean }> {
  const [version, command, , type] = await take(socket, 4);
  if (version !== 5 || command !== 1) throw new Error('not a CONNECT');
  let host = '';
  if (type === 1) host = (await take(socket, 4)).join('.');
  if (type === 3) host = (await take(socket, (await take(socket, 1))[0] ?? 0)).toString();
  if (type === 4) {
    const bytes = await take(socket, 16);
    host = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
  }
  return { host, port: (await take(socket, 2)).readUInt16BE(), isName: type === 3 };
}

function reply(code: number): Uint8Array {
  return Uint8Array.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0);
}

/** Exactly `count` bytes. */
async function take(socket: Socket, count: number): Promise<Buffer> {
  if (count === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes: unknown = socket.read(count);
    if (Buffer.isBuffer(bytes) && bytes.length === count) return bytes;
    if (socket.destroyed || socket.readableEnded) throw new Error('the client went away');
    await new Promise((resolve) => {
      socket.once('readable', resolve);
      socket.once('close', resolve);
    });
  }
}
