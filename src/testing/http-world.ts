import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import assert from 'node:assert/strict';
import { makeSelfSigned } from '#host/certificates';
import { listen, tlsContext } from '#host/net';
import { HttpServer, type HttpHandler } from '#host/http-server';
import { FakeClock } from './fake-clock.ts';
import { FakeLog } from './fake-log.ts';

/** An HTTP server on loopback. */
export interface HttpWorld extends AsyncDisposable {
  readonly port: number;
  readonly log: FakeLog;
  readonly clock: FakeClock;
  readonly server: HttpServer;
}

/** Options of an HTTP server of tests. */
export interface HttpWorldOptions {
  readonly isTls?: boolean;
  readonly limits?: ConstructorParameters<typeof HttpServer>[0]['limits'] & object;
}

let context: Promise<ReturnType<typeof tlsContext>> | null = null;

function tlsOfTests(): Promise<ReturnType<typeof tlsContext>> {
  context ??= makeSelfSigned({ names: ['localhost'], days: 9, now: Date.now() }).then((pem) => tlsContext(pem));
  return context;
}

/** Opens an HTTP server whose handler is given. */
export async function httpWorld(handler: HttpHandler, options: HttpWorldOptions = {}): Promise<HttpWorld> {
  const [log, clock] = [new FakeLog(), new FakeClock()];
  const server = new HttpServer({ handler, clock, headers: [['X-Base', 'yes']], ...options });
  const onConnection = (channel: Parameters<HttpServer['serve']>[0]): Promise<void> => server.serve(channel, log);
  const tls = options.isTls === true ? await tlsOfTests() : undefined;
  const listener = await listen({
    address: '127.0.0.1',
    port: 0,
    onConnection,
    log,
    ...(tls !== undefined && { tls: { contextFor: () => tls, alpn: ['h2', 'http/1.1'] }, immediateTls: true }),
  });
  return { port: listener.port, log, clock, server, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

/** A response with its body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Asks a server on loopback over HTTP/1.1. */
export async function askHttp(port: number, options: RequestOptions = {}, body?: string): Promise<HttpAnswer> {
  const request = httpRequest({ host: '127.0.0.1', port, agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** A client that writes bytes by hand. */
export class RawHttpClient implements Disposable {
  readonly socket: Socket;
  text = '';
  readonly ended: Promise<unknown>;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false });
    this.socket.setEncoding('latin1').on('data', (chunk) => (this.text += String(chunk)));
    this.socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
  }

  /** Waits until the server has sent `pattern`. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await once(this.socket, 'data');
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Resolves after the sockets of this process were served. */
export const socketTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Advances the clock a second at a time until `until` holds. */
export async function passTime({ clock }: HttpWorld, until: () => boolean): Promise<number> {
  for (let seconds = 0; seconds < 500; seconds += 1) {
    if (until()) return seconds;
    await clock.advance(1000);
    for (let i = 0; i < 5; i += 1) await socketTurn();
  }
  return assert.fail('nothing happened');
}
