import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { conditionOf } from '#host/conditions';
import type { Channel, Endpoint } from '#ports/channel';
import { ConditionError, type ConditionSink } from '#ports/conditions';
import type { Log } from '#ports/log';
import { endpoint } from './endpoint.ts';
import { HandshakeGate } from './handshake-gate.ts';
import { defaultHandshakeLimits, defaultNetLimits, type NetLimits } from './limits.ts';
import { readProxyHeader } from './proxied-socket.ts';
import { SocketChannel } from './socket-channel.ts';
import type { ServerTls } from './tls-context.ts';

/** Options of a listener. */
export interface ListenOptions {
  /** `127.0.0.1`, `::1`, `0.0.0.0`, `::`. One address is one family: `::` does not take the IPv4 port as well. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** For `startTls` and `immediateTls`; without it there is no TLS. */
  readonly tls?: ServerTls;
  /** TLS from the first byte (RFC 8314 §3.3). */
  readonly immediateTls?: boolean;
  /** Concurrent connections; more are dropped as they arrive. */
  readonly maxConnections?: number;
  /**
   * Called when a connection arrives, before any handshake. Null drops the connection silently; a place is disposed when the connection ends.
   * @param remoteAddress  As `Channel.remote` has it.
   */
  readonly admit?: (remoteAddress: string) => Disposable | null;
  /**
   * Reports whether an address is a proxy, whose connections must begin with a PROXY header, before any TLS: the ends that it names are then those of the channel. Others
   * that send one get no further than with any other wrong command.
   */
  readonly isProxy?: (remoteAddress: string) => boolean;
  /** Gate at which TLS handshakes wait for a permit; all listeners of a process share it. */
  readonly handshakes?: HandshakeGate;
  /** Serves one connection. The channel is closed when the promise settles; a rejection is logged as our fault. */
  readonly onConnection: (channel: Channel) => Promise<void>;
  readonly log: Log;
  readonly limits?: Partial<NetLimits>;
  /** Receives the condition that connections could not be accepted for lack of file descriptors. */
  readonly conditions?: ConditionSink;
}

/** A listening port. */
export interface Listener extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Connections that are open. */
  readonly connectionCount: number;
  /** Stops accepting; open connections continue. Idempotent. */
  close(): Promise<void>;
  /** Ends every open connection at once. */
  destroyConnections(): void;
}

/** Listens on a port. @throws Error with `code` such as EADDRINUSE or EACCES. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const limits = { ...defaultNetLimits, ...options.limits };
  const open = new Set<SocketChannel>();
  const awaited = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: limits.maxUnsentBytes });
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  const drops = new Drops(options.log);
  const handshakes = options.handshakes ?? new HandshakeGate(defaultHandshakeLimits);
  server.on('connection', (socket) => accept(socket, options, { limits, open, awaited, drops, handshakes }));
  server.on('drop', (data) => drops.note(data?.remoteAddress, data?.localPort));
  const { port, address } = await listening(server, options);
  server.on('error', (error) => acceptFailed(error, options, { address, port }));
  const close = async (): Promise<void> => {
    if (server.listening) server.close();
  };
  const destroyConnections = (): void => {
    for (const channel of open) channel.destroy();
    for (const socket of awaited) socket.destroy();
  };
  return {
    address,
    port,
    get connectionCount() {
      return open.size + awaited.size;
    },
    close,
    destroyConnections,
    async [Symbol.asyncDispose]() {
      await close();
      destroyConnections();
    },
  };
}

/**
 * Reports a connection that could not be accepted. When the process has no descriptors left, libuv closes the connection with a spare one, so that
 * it does not stay in the queue and wake us forever. Later connections are accepted as soon as descriptors are free again.
 */
function acceptFailed(
  error: Error,
  { log, conditions }: ListenOptions,
  at: { readonly address: string; readonly port: number },
): void {
  const known = conditionOf(error, `connections to ${at.address} port ${at.port}`);
  if (known instanceof ConditionError && conditions !== undefined) conditions.note(known);
  else log.error('net.listenerFailed', at, known);
}

function listening(server: Server, { address, port }: ListenOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, backlog: 1024, ipv6Only: address.includes(':') }, () => {
      server.off('error', reject);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('not a TCP port'));
      else resolve(bound);
    });
  });
}

/** Logs connections that were dropped, at most once in ten seconds: a flood of connections must not become a flood of lines. */
class Drops {
  readonly #log: Log;
  #dropped = 0;
  #loggedMs = -Infinity;

  constructor(log: Log) {
    this.#log = log;
  }

  note(remote: string | undefined, port: number | undefined): void {
    this.#dropped += 1;
    const nowMs = performance.now();
    if (nowMs - this.#loggedMs < 10_000) return;
    this.#log.warn('net.connectionDropped', { remote, port, count: this.#dropped });
    this.#loggedMs = nowMs;
    this.#dropped = 0;
  }
}

/** State that the connections of one listener share. */
interface Shared {
  readonly limits: NetLimits;
  readonly open: Set<SocketChannel>;
  /** Sockets whose PROXY header is awaited. */
  readonly awaited: Set<Socket>;
  readonly drops: Drops;
  readonly handshakes: HandshakeGate;
}

const free: Disposable = { [Symbol.dispose]: () => undefined };

function accept(socket: Socket, options: ListenOptions, shared: Shared): void {
  const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = socket;
  // Without an address, the peer was gone before we looked.
  if (remoteAddress === undefined) return drop(socket);
  const ends = { remote: endpoint(remoteAddress, remotePort), local: endpoint(localAddress ?? '', localPort) };
  if (options.isProxy?.(ends.remote.address) === true) void acceptProxied(socket, options, shared, ends);
  else begin(socket, options, shared, ends);
}

/** Ends of a connection. */
interface Ends {
  readonly remote: Endpoint;
  readonly local: Endpoint;
}

function drop(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.destroy();
}

/** Waits for the PROXY header of a connection, and then treats it as one of the client that the header names. Never rejects. */
async function acceptProxied(socket: Socket, options: ListenOptions, shared: Shared, own: Ends): Promise<void> {
  const { limits, awaited, drops } = shared;
  if (awaited.size >= limits.maxAwaitedHeaders) {
    drops.note(own.remote.address, own.local.port);
    return drop(socket);
  }
  awaited.add(socket);
  const received = await readProxyHeader(socket, limits);
  awaited.delete(socket);
  if (received.kind === 'bad') {
    const { address: proxy } = own.remote;
    options.log.warn('net.proxyRefused', { proxy, port: own.local.port, reason: received.reason });
  }
  if (received.kind !== 'header' || socket.destroyed) return drop(socket);
  const { relayed } = received;
  begin(socket, options, shared, relayed === null ? own : { remote: relayed.source, local: relayed.destination });
}

/** Asks for a place and serves the connection. */
function begin(
  socket: Socket,
  options: ListenOptions,
  { limits, open, drops, handshakes }: Shared,
  { remote, local }: Ends,
): void {
  const { tls = null, admit } = options;
  const place = admit === undefined ? free : admit(remote.address);
  if (place === null) {
    drops.note(remote.address, socket.localPort);
    return drop(socket);
  }
  const channel = new SocketChannel(socket, { limits, serverTls: tls, handshakes, clientTrust: {} }, remote, local);
  // It is paused after a PROXY header.
  socket.resume();
  open.add(channel);
  void serve(channel, options, () => {
    open.delete(channel);
    place[Symbol.dispose]();
  });
}

/** Serves a connection to its end. Never rejects. */
async function serve(channel: SocketChannel, options: ListenOptions, onEnd: () => void): Promise<void> {
  try {
    if (options.immediateTls !== true || (await secure(channel, options))) await options.onConnection(channel);
  } catch (error) {
    options.log.error('net.connectionFailed', { remote: channel.remote.address }, error);
  }
  await channel.close();
  onEnd();
}

async function secure(channel: SocketChannel, { log }: ListenOptions): Promise<boolean> {
  try {
    await channel.startTls();
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.info('net.tlsFailed', { remote: channel.remote.address, port: channel.local.port, reason });
    channel.destroy();
    return false;
  }
}
