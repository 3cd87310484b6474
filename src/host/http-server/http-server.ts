import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { releaseSocket } from '#host/net';
import type { Channel } from '#ports/channel';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { ExchangeDeps } from './exchange.ts';
import type { HttpHandler, HttpPeer } from './facts.ts';
import { Http1Connection } from './http1-connection.ts';
import { Http2Connection } from './http2-connection.ts';
import { defaultHttpLimits, type HttpLimits } from './limits.ts';
import type { BaseHeaders, RefusalStatus } from './refusals.ts';

/** Dependencies of an HTTP server. */
export interface HttpServerDeps {
  readonly handler: HttpHandler;
  readonly clock: Clock;
  /** Header fields that every response has unless its handler sets them. */
  readonly headers: BaseHeaders;
  readonly limits?: Partial<HttpLimits>;
}

/** A connection of any version. */
interface Served {
  readonly check: (nowMs: number) => void;
  readonly drain: () => void;
}

/** Time between two looks at slow clients. */
const lookEveryMs = 1000;

/** Serves HTTP on connections that listeners have accepted and secured. */
export class HttpServer {
  readonly #deps: ExchangeDeps;
  readonly #clock: Clock;
  readonly #http1: Server;
  readonly #stopping = new AbortController();
  readonly #open = new Set<Served>();
  readonly #bySocket = new WeakMap<Duplex, Http1Connection>();
  #timer: Disposable | null = null;

  constructor({ handler, clock, headers, limits }: HttpServerDeps) {
    const all = { ...defaultHttpLimits, ...limits };
    this.#clock = clock;
    this.#deps = { handler, clock, limits: all, headers, stopping: this.#stopping.signal };
    this.#http1 = this.#createHttp1(all);
  }

  /** Serves one connection to its end. */
  async serve(channel: Channel, log: Log): Promise<void> {
    const { remote, local, tls } = channel;
    const socket = releaseSocket(channel);
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', resolve);
    const served = this.#begin(socket, { log, remote, local, isTls: tls !== null, tls }, resolve);
    this.#open.add(served);
    this.#look();
    if (this.#stopping.signal.aborted) served.drain();
    await promise;
    this.#open.delete(served);
    if (this.#open.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  /** Ends open connections as soon as their requests are answered. */
  drain(): void {
    this.#stopping.abort(new Error('shutting down'));
    for (const served of this.#open) served.drain();
  }

  #begin(socket: Socket, peer: HttpPeer, end: () => void): Served {
    if (socket instanceof TLSSocket && socket.alpnProtocol === 'h2')
      return new Http2Connection(this.#deps, peer, socket, end);
    const connection = new Http1Connection(this.#deps, peer, socket, end);
    this.#bySocket.set(socket, connection);
    this.#http1.emit('connection', socket);
    socket.resume();
    return connection;
  }

  #look(): void {
    this.#timer ??= this.#clock.timer(lookEveryMs, () => {
      this.#timer = null;
      const nowMs = this.#clock.monotonic();
      for (const served of this.#open) served.check(nowMs);
      if (this.#open.size > 0) this.#look();
    });
  }

  /** Creates the parser of HTTP/1.1; its own timers are off, as those of the connections hold for both versions. */
  #createHttp1({ maxHeaderBytes }: HttpLimits): Server {
    const server = createServer({
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: 0,
      requestTimeout: 0,
      keepAliveTimeout: 0,
      insecureHTTPParser: false,
      // Refused where every response gets its header fields.
      requireHostHeader: false,
      // Other upgrades, such as curl's to h2c, are answered as if they were not there (RFC 9110 §7.8).
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    });
    server.maxHeadersCount = 0;
    server.timeout = 0;
    server.on('request', (request, response) => this.#bySocket.get(request.socket)?.request(request, response));
    server.on('checkContinue', (request, response) => {
      const onFirstRead = (): void => response.writeContinue();
      this.#bySocket.get(request.socket)?.request(request, response, onFirstRead);
    });
    server.on('upgrade', (request, socket, head: Buffer) => this.#bySocket.get(socket)?.upgrade(request, head));
    // Node would close the connection without a word.
    server.on('connect', (request, socket) => this.#bySocket.get(socket)?.connect(request));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const connection = this.#bySocket.get(socket);
      if (error.code === 'ECONNRESET' || connection === undefined) socket.destroy();
      else connection.refuse(statusOf(error.code));
    });
    return server;
  }
}

function statusOf(code: string | undefined): RefusalStatus {
  return code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW' ? 413 : 400;
}
