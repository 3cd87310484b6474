import type { Writable } from 'node:stream';
import type { Clock } from '#ports/clock';
import type { HttpHandler, HttpPeer, RequestFacts } from './facts.ts';
import type { HttpLimits } from './limits.ts';
import { Pace } from './pace.ts';
import { refusal, type BaseHeaders, type RefusalStatus } from './refusals.ts';
import { sendBody } from './send-body.ts';
import type { AcceptedUpgrade } from './web-socket-peer.ts';

/** Parts that all exchanges of a server share. */
export interface ExchangeDeps {
  readonly handler: HttpHandler;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limits: HttpLimits;
  readonly headers: BaseHeaders;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** Way in which one version of HTTP sends a response. */
export interface ResponseSink {
  /** Takes the body. */
  readonly stream: Writable;
  /** Sends status and header fields. */
  readonly head: (status: number, headers: readonly (readonly [string, string])[], endsHere: boolean) => void;
  /** Ends the exchange without an answer, or in the middle of one. */
  readonly abort: () => void;
}

/** Bytes of a body that nothing allowed expressly. */
const usualBodyBytes = 64 * 1024;

/** One request and its response, over any version of HTTP. */
export class Exchange {
  readonly received: Pace;
  readonly #sent: Pace;
  readonly #deps: ExchangeDeps;
  readonly #peer: HttpPeer;
  readonly #gone = new AbortController();
  readonly #refused = Promise.withResolvers<Response>();
  readonly #startMs: number;
  #maxBodyBytes = usualBodyBytes;
  #account: string | null = null;
  #client: string | null = null;
  #sink: ResponseSink | null = null;
  /** Makes the answer to a body that is too long. */
  #tooLong = (): Response => refusal(413);
  readonly #canUpgrade: boolean;
  #accepted: AcceptedUpgrade | null = null;

  /** @param canUpgrade  The request asks for a WebSocket. */
  constructor(deps: ExchangeDeps, peer: HttpPeer, canUpgrade = false) {
    this.#deps = deps;
    this.#canUpgrade = canUpgrade;
    this.#peer = peer;
    this.received = new Pace(deps.limits);
    this.#sent = new Pace(deps.limits);
    this.#startMs = deps.clock.monotonic();
  }

  /** Returns the facts for the handler. */
  get facts(): RequestFacts {
    const limitBody: RequestFacts['limitBody'] = (maxBytes, tooLong = () => refusal(413)) => {
      this.#maxBodyBytes = maxBytes;
      this.#tooLong = tooLong;
    };
    const noteAccount = (account: string): void => {
      this.#account = account;
    };
    const noteClient = (address: string): void => {
      this.#client = address;
    };
    const upgrade = (accepted: AcceptedUpgrade): Response => {
      this.#accepted = accepted;
      return new Response(null, { status: 204 });
    };
    return {
      ...this.#peer,
      signal: this.#gone.signal,
      stopping: this.#deps.stopping,
      limitBody,
      noteAccount,
      noteClient,
      upgrade: this.#canUpgrade ? upgrade : null,
    };
  }

  /** Notes bytes of the body. @returns false when there are too many, after which the request is refused. */
  readonly mayReceive = (bytes: number): boolean => {
    if (bytes <= this.#maxBodyBytes) return true;
    this.#refused.resolve(this.#tooLong());
    return false;
  };

  /** Answers in place of the handler, unless a response was begun. */
  refuse(status: RefusalStatus): void {
    this.#refused.resolve(refusal(status));
  }

  /** Notes that the client is gone. */
  gone(): void {
    this.#gone.abort(new Error('the client is gone'));
  }

  /** Ends what takes the peer too long. */
  check(nowMs: number): void {
    if (this.received.isTooSlow(nowMs)) this.refuse(408);
    if (!this.#sent.isTooSlow(nowMs)) return;
    this.#peer.log.info('http.slowReader', { bytes: this.#sent.bytes });
    this.#sink?.abort();
  }

  /**
   * Answers a request and resolves when the response is on its way. Never rejects.
   * @param request  Null for one that is refused.
   * @returns the upgrade that the handler accepted, for which no response was sent; null when there is none.
   */
  async answer(
    request: Request | null,
    named: { readonly method: string; readonly path: string },
    sink: ResponseSink,
  ): Promise<AcceptedUpgrade | null> {
    this.#sink = sink;
    const response = await this.#respond(request, named);
    if (this.#accepted !== null && response.status === 204) {
      this.#log(named, 101, null);
      return this.#accepted;
    }
    const hasBody = named.method !== 'HEAD' && response.body !== null;
    let failure: unknown = null;
    try {
      this.#gone.signal.throwIfAborted();
      sink.head(response.status, this.#fields(response), !hasBody);
      if (!hasBody) await response.body?.cancel();
      const nowMs = (): number => this.#deps.clock.monotonic();
      await sendBody(hasBody ? response.body : null, sink.stream, this.#sent, { nowMs, signal: this.#gone.signal });
    } catch (error) {
      failure = error;
      drop(response);
      sink.abort();
    }
    this.#log(named, response.status, failure);
    return null;
  }

  async #respond(
    request: Request | null,
    named: { readonly method: string; readonly path: string },
  ): Promise<Response> {
    if (request === null) return await this.#refused.promise;
    try {
      const own = this.#deps.handler(request, this.facts);
      const response = await Promise.race([this.#refused.promise, own]);
      own.then(
        (late) => {
          if (late !== response) drop(late);
        },
        () => undefined,
      );
      return response;
    } catch (error) {
      if (!this.#gone.signal.aborted) this.#peer.log.error('http.failed', named, error);
      return refusal(500);
    }
  }

  #fields(response: Response): (readonly [string, string])[] {
    const missing = this.#deps.headers.filter(([name]) => !response.headers.has(name));
    return [...response.headers, ...missing];
  }

  #log(named: { readonly method: string; readonly path: string }, status: number, failure: unknown): void {
    const isGone = this.#gone.signal.aborted;
    if (failure !== null && !isGone) this.#peer.log.error('http.bodyFailed', named, failure);
    this.#peer.log.info('http.request', {
      method: named.method.slice(0, 20),
      // The query may hold secrets.
      path: named.path.slice(0, 200),
      status,
      bytes: this.#sent.bytes,
      ms: Math.round(this.#deps.clock.monotonic() - this.#startMs),
      ...(this.#client !== null && { remoteAddress: this.#client }),
      ...(this.#account !== null && { account: this.#account }),
      ...(isGone && { isCut: true }),
    });
  }
}

/** Ends the body of a response that is not sent, so that what it holds open, such as a file, is closed. */
function drop({ body }: Response): void {
  // A body that is being sent is locked, and ended by who sends it.
  body?.cancel().catch(() => undefined);
}
