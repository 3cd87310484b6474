import { parseSocketMessage, RequestProblem, type JmapLimits, type JmapRequest, type JsonObject } from '#lib/jmap';
import type { EventLoop } from '#ports/event-loop';

/** The client of a WebSocket, which speaks in messages of text. */
export interface SocketChannel {
  /** Returns the next message; null when the connection has ended. */
  receive(): Promise<string | null>;
  /** Sends a message; resolves when the client keeps up. @throws Error when it is gone. */
  send(text: string): Promise<void>;
}

/** Answers to what a session is asked. */
export interface SocketBackend {
  readonly limits: JmapLimits;
  readonly loop: EventLoop;
  /** Takes one of the slots for requests of the account; null when none is left. */
  takeSlot(): Disposable | null;
  /** Answers the calls of a request. @throws RequestProblem when none of them ran. */
  answer(request: JmapRequest): Promise<JsonObject>;
  /** Begins to push changes, of these types or of all, after a `pushState`. */
  pushEnable(types: readonly string[] | null, pushState: string | null): Promise<void>;
  /** Ends it. */
  pushDisable(): void;
  /** Ends the connection after an answer failed, unless the client is gone. */
  fail(error: unknown): void;
}

/**
 * Serves one client of the subprotocol `jmap` (RFC 8887) to the end of its connection. Requests are answered at the same time, as many as there are slots, which are
 * held until the client has taken the answer; what is refused is answered before the next message is read. So nothing of a client that does not read piles up.
 */
export async function serveSocket(channel: SocketChannel, backend: SocketBackend): Promise<void> {
  const { limits, loop } = backend;
  const pause = (): Promise<void> | null => loop.pause();
  const underWay = new Set<Promise<void>>();
  const refuse = (id: string | null, problem: RequestProblem): Promise<void> =>
    channel.send(JSON.stringify({ '@type': 'RequestError', requestId: id, ...problem.details }));
  const answer = async (request: JmapRequest, id: string | null, slot: Disposable): Promise<void> => {
    using _held = slot;
    try {
      const response = await backend.answer(request);
      await channel.send(JSON.stringify({ '@type': 'Response', ...(id !== null && { requestId: id }), ...response }));
    } catch (error) {
      if (!(error instanceof RequestProblem)) throw error;
      await refuse(id, error);
    }
  };
  try {
    for (let text = await channel.receive(); text !== null; text = await channel.receive()) {
      const message = await parseSocketMessage(new TextEncoder().encode(text), limits, pause);
      switch (message.kind) {
        case 'request': {
          const slot = backend.takeSlot();
          if (slot === null) {
            await refuse(message.id, tooManyRequests());
            break;
          }
          const work = answer(message.request, message.id, slot).catch((error: unknown) => backend.fail(error));
          underWay.add(work);
          void work.finally(() => underWay.delete(work));
          break;
        }
        case 'pushEnable':
          await backend.pushEnable(message.types, message.pushState);
          break;
        case 'pushDisable':
          backend.pushDisable();
          break;
        case 'invalid':
          await refuse(message.id, message.problem);
          break;
      }
    }
  } finally {
    backend.pushDisable();
    await Promise.all(underWay);
  }
}

/** Returns the problem of a request that comes while too many of its account are under way (RFC 8620 §3.6.1). */
export function tooManyRequests(): RequestProblem {
  const detail = 'too many requests of this account at the same time';
  return new RequestProblem('limit', detail, 'maxConcurrentRequests');
}
