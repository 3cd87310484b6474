import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '#ports/clock';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import type { HttpLimits } from './limits.ts';
import { Pace } from './pace.ts';
import type { BaseHeaders } from './refusals.ts';
import type { AcceptedUpgrade, WebSocketPeer } from './web-socket-peer.ts';

/** Arguments of `serveWebSocket`. */
interface WebSocketDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limits: HttpLimits;
  readonly headers: BaseHeaders;
  /** Aborted when the server stops: the client gets code 1001. */
  readonly stopping: AbortSignal;
}

/** A WebSocket at work. */
export interface ServedWebSocket {
  /** Ends what takes the client too long, and asks a silent one whether it is there. */
  readonly check: (nowMs: number) => void;
  /** Resolves when the connection has ended. Never rejects. */
  readonly ended: Promise<void>;
}

/** Codes of RFC 6455 §7.4.1. */
const codes = { normal: 1000, goingAway: 1001, unsupportedData: 1003, internalError: 1011 } as const;

/** Answers the handshake of a WebSocket (RFC 6455 §4.2.2) on a socket that HTTP has left, and serves it to its end. */
export function serveWebSocket(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  { protocol, serve, onFailure }: AcceptedUpgrade & { readonly onFailure: (error: unknown) => void },
  deps: WebSocketDeps,
): Promise<ServedWebSocket> {
  const { promise, resolve } = Promise.withResolvers<ServedWebSocket>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Each connection would keep a compressor of its own.
    perMessageDeflate: false,
    maxPayload: deps.limits.maxWebSocketMessageBytes,
    // Pongs that the client does not read would be kept without a limit.
    autoPong: false,
    handleProtocols: () => protocol ?? false,
  });
  server.on('headers', (lines) => lines.push(...deps.headers.map(([name, value]) => `${name}: ${value}`)));
  server.handleUpgrade(request, socket, head, (webSocket) => {
    const peer = new Peer(webSocket, deps);
    const stop = (): void => peer.close(codes.goingAway, 'the server is stopping');
    deps.stopping.addEventListener('abort', stop, { once: true });
    if (deps.stopping.aborted) stop();
    const work = serve(peer).then(
      () => peer.close(codes.normal, ''),
      (error: unknown) => {
        if (!peer.signal.aborted) onFailure(error);
        peer.close(codes.internalError, '');
      },
    );
    const ended = Promise.all([work, peer.closed]).then(() => deps.stopping.removeEventListener('abort', stop));
    resolve({ check: (nowMs) => peer.check(nowMs), ended });
  });
  return promise;
}

/** Messages that wait to be read before the client is throttled. */
const maxQueued = 16;

/** One client, with back-pressure in both directions. */
class Peer implements WebSocketPeer {
  readonly #socket: WebSocket;
  readonly #deps: WebSocketDeps;
  readonly #gone = new AbortController();
  readonly #sent: Pace;
  readonly closed: Promise<void>;
  readonly #queue: string[] = [];
  #reader: PromiseWithResolvers<string | null> | null = null;
  #heardMs: number;
  #hasAsked = false;
  #closingSinceMs: number | null = null;

  constructor(socket: WebSocket, deps: WebSocketDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#sent = new Pace(deps.limits);
    this.#heardMs = deps.clock.monotonic();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('ping', (data) => this.#onPing(data));
    socket.on('pong', () => this.#heard());
    // A `close` event follows.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#gone.abort(new Error('the client is gone'));
      this.#reader?.resolve(null);
      resolve();
    });
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  async receive(): Promise<string | null> {
    const next = this.#queue.shift();
    if (this.#queue.length < maxQueued && this.#socket.isPaused) this.#socket.resume();
    if (next !== undefined) return next;
    if (this.#gone.signal.aborted || this.#closingSinceMs !== null) return null;
    this.#reader ??= Promise.withResolvers<string | null>();
    return await this.#reader.promise;
  }

  async send(text: string): Promise<void> {
    // After the end and before its event, `send` would succeed at once, forever.
    if (this.#socket.readyState !== WebSocket.OPEN) this.#gone.abort(new Error('the client is gone'));
    this.#gone.signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.send(text, () => resolve());
    this.#sent.moved(text.length, this.#deps.clock.monotonic());
    if (this.#socket.bufferedAmount <= this.#deps.limits.maxWebSocketUnsentBytes) return;
    this.#sent.wait(this.#deps.clock.monotonic());
    const stop = (): void => resolve();
    this.#gone.signal.addEventListener('abort', stop, { once: true });
    await promise;
    this.#gone.signal.removeEventListener('abort', stop);
    this.#sent.moved(0, this.#deps.clock.monotonic());
    this.#gone.signal.throwIfAborted();
  }

  close(code: number, reason: string): void {
    this.#closingSinceMs ??= this.#deps.clock.monotonic();
    this.#reader?.resolve(null);
    this.#socket.close(code, reason);
  }

  /** Ends what takes the client too long, and asks a silent one whether it is there. */
  check(nowMs: number): void {
    const { graceMs, webSocketPingMs } = this.#deps.limits;
    if (this.#sent.isTooSlow(nowMs)) return this.#socket.terminate();
    if (this.#closingSinceMs !== null) {
      if (nowMs - this.#closingSinceMs > graceMs) this.#socket.terminate();
      return;
    }
    // One that we throttle cannot answer.
    if (this.#socket.isPaused) return this.#heard();
    const silentMs = nowMs - this.#heardMs;
    if (silentMs > 2 * webSocketPingMs) return this.#socket.terminate();
    if (silentMs <= webSocketPingMs || this.#hasAsked) return;
    this.#hasAsked = true;
    this.#socket.ping();
  }

  #heard(): void {
    this.#heardMs = this.#deps.clock.monotonic();
    this.#hasAsked = false;
  }

  #onPing(data: Buffer): void {
    this.#heard();
    if (this.#socket.bufferedAmount > this.#deps.limits.maxWebSocketUnsentBytes) this.#socket.terminate();
    else this.#socket.pong(data);
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#heard();
    if (this.#closingSinceMs !== null) return;
    if (isBinary || !Buffer.isBuffer(data)) return this.close(codes.unsupportedData, 'only text is understood');
    const text = data.toString('utf8');
    const reader = this.#reader;
    this.#reader = null;
    if (reader !== null) return reader.resolve(text);
    this.#queue.push(text);
    if (this.#queue.length >= maxQueued) this.#socket.pause();
  }
}
