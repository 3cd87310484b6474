import { constants, performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { Exchange, type ExchangeDeps, type ResponseSink } from './exchange.ts';
import type { HttpPeer } from './facts.ts';
import { FrameCount } from './frame-count.ts';
import { makeRequest } from './make-request.ts';
import { requestBody } from './request-body.ts';

/** Fields that belong to connections of HTTP/1.1 and are not allowed here (RFC 9113 §8.2.2). */
const connectionFields: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

/** One connection of HTTP/2 (RFC 9113): requests at the same time, each on its stream. */
export class Http2Connection {
  readonly #deps: ExchangeDeps;
  readonly #peer: HttpPeer;
  readonly #session: ServerHttp2Session;
  readonly #exchanges = new Set<Exchange>();
  /** Streams that were answered before the client has sent all of its request. */
  readonly #unread = new Set<ServerHttp2Stream>();
  readonly #control: FrameCount;
  #idleSinceMs: number;
  #requests = 0;
  /** Streams that were opened, as far as they are counted. */
  #streams = 0;

  constructor(deps: ExchangeDeps, peer: HttpPeer, socket: Socket, end: () => void) {
    const { limits, clock } = deps;
    this.#deps = deps;
    this.#peer = peer;
    this.#idleSinceMs = clock.monotonic();
    this.#control = new FrameCount(limits.maxControlFrames);
    // Only a `tls.Server` notes the end of the handshake here, and the session would wait for it.
    Object.assign(socket, { secureConnecting: false });
    this.#session = performServerHandshake(socket, {
      maxSessionMemory: Math.max(1, Math.round(limits.maxSessionBytes / 1_000_000)),
      // The pseudo fields count as well.
      maxHeaderListPairs: limits.maxHeaderFields + 4,
      maxSessionInvalidFrames: limits.maxInvalidFrames,
      maxSessionRejectedStreams: limits.maxStreams,
      maxSettings: 32,
      settings: {
        enablePush: false,
        maxConcurrentStreams: limits.maxStreams,
        maxHeaderListSize: limits.maxHeaderBytes,
      },
    });
    const session = this.#session;
    session.on('stream', (stream, headers, _flags, rawHeaders) => this.#request(stream, headers, rawHeaders));
    session.on('ping', () => this.#count());
    session.on('remoteSettings', () => this.#count());
    // A `close` event follows.
    session.on('error', (error) => peer.log.info('http.sessionFailed', { reason: error.message }));
    session.once('close', end);
    // Sockets are half-open, so the client's end does not close them.
    socket.once('end', () => session.destroy());
  }

  /** Ends the connection when its requests are answered. */
  drain(): void {
    if (!this.#session.destroyed) this.#session.close();
  }

  /** Ends what takes the client too long. */
  check(nowMs: number): void {
    for (const exchange of this.#exchanges) exchange.check(nowMs);
    this.#countUnseen();
    this.#resetUnread();
    if (this.#session.destroyed) return;
    if (this.#exchanges.size > 0) return;
    const { firstRequestMs, keepAliveMs } = this.#deps.limits;
    const mostMs = this.#requests === 0 ? firstRequestMs : keepAliveMs;
    if (nowMs - this.#idleSinceMs > mostMs + graceOfGoawayMs) this.#session.destroy();
    else if (nowMs - this.#idleSinceMs > mostMs) this.drain();
  }

  /** Counts streams that Node has reset by itself, without an event: those whose header sections are too large. */
  #countUnseen(): void {
    if (this.#session.destroyed) return;
    // Streams of clients have odd numbers.
    const opened = Math.ceil((this.#session.state.lastProcStreamID ?? 0) / 2);
    const unseen = opened - this.#streams;
    if (unseen <= 0) return;
    this.#streams = opened;
    this.#count(unseen);
  }

  /** Counts frames that make work without a request. */
  #count(frames = 1): void {
    if (this.#session.destroyed || this.#control.add(this.#deps.clock.monotonic(), frames)) return;
    this.#peer.log.warn('http.flood', { remoteAddress: this.#peer.remote.address });
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #request(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    stream.on('error', () => undefined);
    this.#streams += 1;
    // Requests that were reset may still be at work.
    if (this.#exchanges.size >= this.#deps.limits.maxStreams) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      this.#count();
      return;
    }
    this.#requests += 1;
    const exchange = new Exchange(this.#deps, this.#peer);
    this.#exchanges.add(exchange);
    // A reset ends the writable side, as if the response had been sent.
    stream.once('aborted', () => {
      exchange.gone();
      this.#count();
    });
    stream.once('close', () => {
      // Node may close a stream before it notes that all is sent.
      const isSent = stream.writableEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR && !this.#session.destroyed;
      if (!stream.writableFinished && !isSent) exchange.gone();
    });
    void this.#answer(exchange, stream, headers, rawHeaders).finally(() => {
      this.#exchanges.delete(exchange);
      this.#idleSinceMs = this.#deps.clock.monotonic();
    });
  }

  async #answer(
    exchange: Exchange,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): Promise<void> {
    const { limits, clock } = this.#deps;
    const field = (name: string): string => {
      const value = headers[name];
      return typeof value === 'string' ? value : '';
    };
    const [method, target] = [field(':method'), field(':path')];
    const isBodiless = method === 'GET' || method === 'HEAD' || stream.endAfterHeaders;
    const body = isBodiless
      ? null
      : requestBody({
          source: stream,
          pace: exchange.received,
          nowMs: () => clock.monotonic(),
          onFirstRead: () => undefined,
          mayGoOn: exchange.mayReceive,
        });
    const authority = field(':authority') || field('host');
    let made: Request | null = null;
    if (target.length > limits.maxTargetBytes) exchange.refuse(414);
    else if (method === 'TRACE' || method === 'CONNECT') exchange.refuse(501);
    else {
      made = makeRequest({ method, target, authority, rawHeaders, isTls: this.#peer.isTls }, body);
      if (made === null) exchange.refuse(400);
    }
    if (stream.destroyed) exchange.gone();
    await exchange.answer(made, { method, path: target.split('?', 1)[0] ?? '' }, sinkOf(stream));
    // Nothing comes that has to be refused.
    if (stream.endAfterHeaders) stream.resume();
    else if (!stream.readableEnded) {
      this.#unread.add(stream);
      setImmediate(() => this.#resetUnread());
    }
  }

  /**
   * Resets streams whose response is sent and whose request is not wanted to its end (RFC 9113 §8.1).
   * Node drops the header section of a response that is still to be sent when its stream is reset.
   */
  #resetUnread(): void {
    for (const stream of this.#unread) {
      const isSent = stream.destroyed || stream.state.localClose === 1;
      if (!isSent) continue;
      this.#unread.delete(stream);
      stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }
}

/** Time between GOAWAY to an idle client and the end of the connection. */
const graceOfGoawayMs = 5000;

function sinkOf(stream: ServerHttp2Stream): ResponseSink {
  return {
    stream,
    head: (status, headers) => {
      const fields: Record<string, string | string[]> = { ':status': String(status) };
      for (const [name, value] of headers) {
        const key = name.toLowerCase();
        if (connectionFields.has(key)) continue;
        const before = fields[key];
        fields[key] = before === undefined ? value : [before, value].flat();
      }
      stream.respond(fields);
    },
    abort: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  };
}
