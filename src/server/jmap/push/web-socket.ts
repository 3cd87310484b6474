import type { RequestFacts } from '#host/http-server';
import type { JmapLimits, JmapRequest, JsonObject } from '#lib/jmap';
import type { Account } from '#mail/accounts';
import type { Log } from '#ports/log';
import { serveSocket, type RequestSlots, type SocketBackend } from '#proto/jmap-server';
import { plainAnswer } from '#server/http';
import type { PushClient, PushPlace } from './push-clients.ts';
import type { StateWatch, StateWatcher } from './state-watch.ts';
import { changedTypes, readStates, stateChange, writeStates, type States, type WantedTypes } from './states.ts';

/** URI of the capability (RFC 8887 §4.1). */
export const webSocketUri = 'urn:ietf:params:jmap:websocket';

/** Returns what the session announces (RFC 8887 §4.1). @param origin  Origin of HTTP, such as `https://mail.example.org`. */
export function webSocketCapability(origin: string): JsonObject {
  return { url: `${origin.replace(/^http/, 'ws')}/jmap/ws`, supportsPush: true };
}

type Peer = Parameters<Parameters<NonNullable<RequestFacts['upgrade']>>[0]['serve']>[0];

/** Parts that a client of a WebSocket works with. */
export interface WebSocketParts {
  readonly account: Account;
  readonly accountId: string;
  readonly limits: JmapLimits;
  readonly slots: RequestSlots;
  readonly watch: StateWatch;
  readonly log: Log;
  /** Answers the calls of a request. @throws RequestProblem when none of them ran. */
  readonly answer: (request: JmapRequest) => Promise<JsonObject>;
}

/** Returns the response for a request that cannot become a WebSocket of the subprotocol `jmap` (RFC 8887 §4.2); null for one that can. */
export function webSocketRefusal(request: Request, { upgrade }: Pick<RequestFacts, 'upgrade'>): Response | null {
  if (upgrade === null)
    return plainAnswer(426, 'A WebSocket is expected here (RFC 8887), over HTTP/1.1.', {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
    });
  const offered = (request.headers.get('Sec-WebSocket-Protocol') ?? '').split(',').map((name) => name.trim());
  return offered.includes('jmap') ? null : plainAnswer(400, 'The subprotocol of the WebSocket is jmap (RFC 8887).');
}

/** Serves one WebSocket to its end, in a place that `enter` finds. */
export async function serveWebSocketClient(
  peer: Peer,
  enter: () => PushPlace | null,
  parts: WebSocketParts,
): Promise<void> {
  using place = enter();
  if (place === null) return peer.close(codes.tryAgainLater, 'there is no place for another client');
  const client = new WebSocketClient(peer, parts);
  place.take(client);
  await serveSocket(peer, client);
}

/** Codes of RFC 6455 §7.4.1, and of the registry that it opened (§11.7). */
const codes = { policyViolation: 1008, internalError: 1011, tryAgainLater: 1013 } as const;

/** One client. Of changes that it has not taken yet, only the latest is kept. */
class WebSocketClient implements SocketBackend, StateWatcher, PushClient {
  readonly #peer: Peer;
  readonly #parts: WebSocketParts;
  #wanted: WantedTypes = null;
  #watching: Disposable | null = null;
  /** Null while nothing is pushed. */
  #sent: States | null = null;
  #latest: States | null = null;
  #isSending = false;

  readonly limits: JmapLimits;

  constructor(peer: Peer, parts: WebSocketParts) {
    this.limits = parts.limits;
    this.#peer = peer;
    this.#parts = parts;
  }

  get loop(): Account['loop'] {
    return this.#parts.account.loop;
  }

  takeSlot(): Disposable | null {
    return this.#parts.slots.take(this.#parts.account.name);
  }

  async answer(request: JmapRequest): Promise<JsonObject> {
    return await this.#parts.answer(request);
  }

  async pushEnable(types: readonly string[] | null, pushState: string | null): Promise<void> {
    this.pushDisable();
    const watching = await this.#parts.watch.watch(this.#parts.account, this);
    this.#watching = watching;
    this.#wanted = types === null ? null : new Set(types);
    this.#latest ??= watching.states;
    this.#sent = pushState === null ? watching.states : readStates(pushState);
    this.#sendChanges();
  }

  pushDisable(): void {
    this.#watching?.[Symbol.dispose]();
    this.#watching = this.#sent = this.#latest = null;
  }

  fail(error: unknown): void {
    if (this.#peer.signal.aborted) return;
    this.#parts.log.error('jmap.socketFailed', { account: this.#parts.account.name }, error);
    this.#peer.close(codes.internalError, '');
  }

  onStates(states: States): void {
    this.#latest = states;
    this.#sendChanges();
  }

  onRemoved(): void {
    this.onLogout();
  }

  // RFC 8887 §4.2: the connection may be closed when the credentials expire.
  onLogout(): void {
    this.#peer.close(codes.policyViolation, 'the login is no longer valid');
  }

  tick(): void {
    // The connection sends pings of its own.
  }

  #sendChanges(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    this.#sendAll()
      .catch((error: unknown) => this.fail(error))
      .finally(() => (this.#isSending = false));
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const [before, latest] = [this.#sent, this.#latest];
      if (before === null || latest === null || before === latest) return;
      this.#sent = latest;
      const changed = changedTypes(before, latest, this.#wanted);
      if (changed === null) continue;
      const change = { ...stateChange(this.#parts.accountId, changed), pushState: writeStates(latest) };
      await this.#peer.send(JSON.stringify(change));
    }
  }
}
