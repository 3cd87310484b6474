import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Exchange, type ExchangeDeps, type ResponseSink } from './exchange.ts';
import type { HttpPeer } from './facts.ts';
import { makeRequest } from './make-request.ts';
import { rawRefusal, type RefusalStatus } from './refusals.ts';
import { requestBody } from './request-body.ts';
import type { ServedWebSocket } from './web-socket.ts';

/** One connection of HTTP/1.1 (RFC 9112): requests one after the other. */
export class Http1Connection {
  readonly #deps: ExchangeDeps;
  readonly #peer: HttpPeer;
  readonly #socket: Socket;
  /** Ends the connection after what was written. */
  readonly #end: () => void;
  readonly #pending: (() => Promise<void>)[] = [];
  #current: Exchange | null = null;
  #webSocket: ServedWebSocket | null = null;
  #isAnswering = false;
  #isEnding = false;
  #requests = 0;
  #waitingSinceMs: number;
  #bytesBefore = 0;
  #headerSinceMs: number | null = null;

  constructor(deps: ExchangeDeps, peer: HttpPeer, socket: Socket, end: () => void) {
    this.#deps = deps;
    this.#peer = peer;
    this.#socket = socket;
    this.#end = end;
    this.#waitingSinceMs = deps.clock.monotonic();
    // Node would reset the connection of a client that still sends, which may cost it our response.
    socket.destroySoon = () => this.#finish();
    socket.once('close', () => this.#current?.gone());
  }

  /** Answers a request after those before it. */
  request(request: IncomingMessage, response: ServerResponse, onFirstRead: () => void = () => undefined): void {
    if (this.#isEnding) return;
    if (this.#pending.length >= this.#deps.limits.maxPipelined) {
      this.#peer.log.info('http.pipelinedTooMuch');
      this.#socket.destroy();
      return;
    }
    this.#pending.push(() => this.#answer(request, response, onFirstRead));
    if (!this.#isAnswering) void this.#answerAll();
  }

  /** Answers a request for a WebSocket, after those before it. No other request follows on the connection. */
  upgrade(request: IncomingMessage, head: Buffer): void {
    if (this.#isEnding) return;
    this.#pending.push(() => this.#answerUpgrade(request, head));
    if (!this.#isAnswering) void this.#answerAll();
  }

  /** Refuses to be a proxy (RFC 9110 §9.3.6), after the requests before it. No other request follows on the connection. */
  connect(request: IncomingMessage): void {
    if (this.#isEnding) return;
    this.#pending.push(() => this.#answerConnect(request));
    if (!this.#isAnswering) void this.#answerAll();
  }

  /** Refuses bytes that are not a request. */
  refuse(status: RefusalStatus): void {
    if (this.#isEnding) return;
    // In the middle of a response an answer would become part of its body.
    if (this.#isAnswering || !this.#socket.writable) {
      this.#socket.destroy();
      return;
    }
    this.#peer.log.info('http.refused', { status });
    this.#socket.write(rawRefusal(status, this.#deps.headers));
    this.#finish();
  }

  /** Ends the connection when its request is answered; at once when there is none. */
  drain(): void {
    if (!this.#isAnswering) this.#finish();
  }

  /** Ends what takes the client too long. */
  check(nowMs: number): void {
    if (this.#isEnding) return;
    if (this.#webSocket !== null) return this.#webSocket.check(nowMs);
    if (this.#current !== null) return this.#current.check(nowMs);
    const { limits } = this.#deps;
    if (this.#socket.bytesRead === this.#bytesBefore) {
      const mostMs = this.#requests === 0 ? limits.firstRequestMs : limits.keepAliveMs;
      if (nowMs - this.#waitingSinceMs > mostMs) this.#finish();
      return;
    }
    this.#headerSinceMs ??= nowMs;
    if (nowMs - this.#headerSinceMs > limits.headersMs) this.refuse(408);
  }

  async #answerAll(): Promise<void> {
    this.#isAnswering = true;
    for (let next = this.#pending.shift(); next !== undefined && !this.#isEnding; next = this.#pending.shift())
      await next();
    this.#isAnswering = false;
    this.#waitingSinceMs = this.#deps.clock.monotonic();
    this.#bytesBefore = this.#socket.bytesRead;
    this.#headerSinceMs = null;
    if (this.#deps.stopping.aborted) this.#finish();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, onFirstRead: () => void): Promise<void> {
    const { limits, clock } = this.#deps;
    this.#requests += 1;
    const exchange = new Exchange(this.#deps, this.#peer);
    this.#current = exchange;
    const { method = '', url: target = '', rawHeaders } = request;
    const isBodiless = method === 'GET' || method === 'HEAD';
    const body = isBodiless
      ? null
      : requestBody({
          source: request,
          pace: exchange.received,
          nowMs: () => clock.monotonic(),
          onFirstRead,
          mayGoOn: exchange.mayReceive,
        });
    const received = { method, target, authority: request.headers.host ?? '', rawHeaders, isTls: this.#peer.isTls };
    let made: Request | null = null;
    if (target.length > limits.maxTargetBytes) exchange.refuse(414);
    else if (rawHeaders.length / 2 > limits.maxHeaderFields) exchange.refuse(431);
    else if (method === 'TRACE') exchange.refuse(501);
    else {
      made = makeRequest(received, body);
      if (made === null) exchange.refuse(400);
    }
    if (this.#socket.destroyed) exchange.gone();
    await exchange.answer(made, { method, path: target.split('?', 1)[0] ?? '' }, this.#sink(request, response));
    this.#current = null;
  }

  async #answerUpgrade(request: IncomingMessage, head: Buffer): Promise<void> {
    const exchange = new Exchange(this.#deps, this.#peer, isWebSocketRequest(request));
    this.#current = exchange;
    const { method = '', url: target = '', rawHeaders } = request;
    const authority = request.headers.host ?? '';
    const made = makeRequest({ method, target, authority, rawHeaders, isTls: this.#peer.isTls }, null);
    if (made === null) exchange.refuse(400);
    // Node has left the socket.
    const response = new ServerResponse(request);
    response.assignSocket(this.#socket);
    response.shouldKeepAlive = false;
    const named = { method, path: target.split('?', 1)[0] ?? '' };
    const accepted = await exchange.answer(made, named, this.#sink(request, response));
    this.#current = null;
    response.detachSocket(this.#socket);
    if (accepted === null) return this.#finish();
    const onFailure = (error: unknown): void =>
      this.#peer.log.error('http.webSocketFailed', { path: named.path }, error);
    const { serveWebSocket } = await import('./web-socket.ts');
    this.#webSocket = await serveWebSocket(request, this.#socket, head, { ...accepted, onFailure }, this.#deps);
    await this.#webSocket.ended;
    this.#finish();
  }

  async #answerConnect(request: IncomingMessage): Promise<void> {
    const exchange = new Exchange(this.#deps, this.#peer);
    this.#current = exchange;
    exchange.refuse(501);
    // Node has left the socket.
    const response = new ServerResponse(request);
    response.assignSocket(this.#socket);
    response.shouldKeepAlive = false;
    await exchange.answer(null, { method: 'CONNECT', path: request.url ?? '' }, this.#sink(request, response));
    this.#current = null;
    this.#finish();
  }

  #sink(request: IncomingMessage, response: ServerResponse): ResponseSink {
    return {
      stream: response,
      head: (status, headers) => {
        // What the client still sends of its body is not read.
        if (!request.complete || this.#deps.stopping.aborted) response.shouldKeepAlive = false;
        response.writeHead(status, headers.flat());
      },
      abort: () => this.#socket.destroy(),
    };
  }

  #finish(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#end();
  }
}

/** Reports whether a request asks for a WebSocket as RFC 6455 §4.2.1 wants it. */
function isWebSocketRequest({ method, httpVersion, headers }: IncomingMessage): boolean {
  const key = headers['sec-websocket-key'] ?? '';
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    headers['sec-websocket-version'] === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(key)
  );
}
