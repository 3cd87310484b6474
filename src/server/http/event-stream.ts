import type { RequestFacts } from '#host/http-server';

/** One event for an EventSource. */
export interface ServerSentEvent {
  /** Type; `message` when missing. */
  readonly event?: string;
  /** Id that the client sends as Last-Event-ID when it comes again. */
  readonly id?: string;
  readonly data: string;
}

/** Sends one event; resolves when the client keeps up. @throws Error when it is gone or the server stops. */
export type SendEvent = (event: ServerSentEvent) => Promise<void>;

/**
 * Answers with server-sent events until `produce` settles, the client leaves or the server stops; the signal then aborts.
 * @param produce  Its rejection is our fault, unless the signal has aborted.
 */
export function eventStream(
  { signal, stopping }: Pick<RequestFacts, 'signal' | 'stopping'>,
  produce: (send: SendEvent, ending: AbortSignal) => Promise<void>,
): Response {
  const ending = new AbortController();
  const end = (): void => ending.abort(new Error('the stream has ended'));
  const encoder = new TextEncoder();
  let room = Promise.withResolvers<void>();
  let work: Promise<void> | null = null;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal.addEventListener('abort', end, { once: true });
        stopping.addEventListener('abort', end, { once: true });
        ending.signal.addEventListener('abort', () => {
          signal.removeEventListener('abort', end);
          stopping.removeEventListener('abort', end);
          room.resolve();
        });
        if (signal.aborted || stopping.aborted) end();
        const send: SendEvent = async (event) => {
          await room.promise;
          ending.signal.throwIfAborted();
          room = Promise.withResolvers<void>();
          controller.enqueue(encoder.encode(writeEvent(event)));
        };
        // The response begins at once, so that the client knows that it is connected.
        controller.enqueue(encoder.encode(': connected\n\n'));
        const finish = (error?: unknown): void => {
          const wasEnding = ending.signal.aborted;
          end();
          if (error !== undefined && !wasEnding) controller.error(error);
          else if (!signal.aborted) close(controller);
        };
        work = produce(send, ending.signal).then(() => finish(), finish);
        ending.signal.addEventListener('abort', () => stopping.aborted && close(controller));
      },
      pull: () => room.resolve(),
      async cancel() {
        end();
        await work;
      },
    },
    { highWaterMark: 1 },
  );
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } });
}

/** Ends a stream unless it has ended. */
function close(controller: ReadableStreamDefaultController): void {
  try {
    controller.close();
  } catch {
    // Cancelled or closed already.
  }
}

/** Writes one event: line feeds in data become lines of their own, others end a name or an id. */
function writeEvent({ event, id, data }: ServerSentEvent): string {
  const line = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `${name}: ${value.replace(/[\r\n\0][^]*$/, '')}\n`;
  const lines = data.split(/\r\n|\r|\n/).map((text) => `data: ${text}\n`);
  return `${line('event', event)}${line('id', id)}${lines.join('')}\n`;
}
