import type { RequestFacts } from '#host/http-server';

/** One event for an EventSource. */
export interface ServerSentEvent {
  /** Type; `message` when missing. */
  readonly event?: string;
  /** Id that the client sends as Last-Event-ID when it comes again. */
  readonly id?: string;
  readonly data: string;
}

/** User of an event stream. It is called back instead of given promises, so that a silent stream costs few objects. */
export interface EventStreamUser {
  /** Called when the client keeps up again, after a `send` that was refused. */
  onRoom(): void;
  /** Called once when the stream has ended: the client has left, the server stops, or `end` was called. */
  onEnd(): void;
}

const encoder = new TextEncoder();

/** A response of server-sent events, which goes on until it is ended, the client leaves or the server stops. */
export class EventStream {
  readonly response: Response;
  readonly #user: EventStreamUser;
  readonly #stopping: AbortSignal;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #isRefused = false;

  constructor({ stopping }: Pick<RequestFacts, 'stopping'>, user: EventStreamUser) {
    this.#user = user;
    this.#stopping = stopping;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          // The response begins at once, so that the client knows that it is connected.
          controller.enqueue(encoder.encode(': connected\n\n'));
        },
        pull: () => this.#onRoom(),
        cancel: () => this.#ended(),
      },
      { highWaterMark: 1 },
    );
    this.response = new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } });
    stopping.addEventListener('abort', this.#onStop, { once: true });
    if (stopping.aborted) queueMicrotask(this.#onStop);
  }

  /** Sends an event, unless the client does not keep up or the stream has ended. @returns whether it was sent; after false `onRoom` is called in time. */
  send(event: ServerSentEvent): boolean {
    const controller = this.#controller;
    if (controller === null) return false;
    this.#isRefused = (controller.desiredSize ?? 0) <= 0;
    if (!this.#isRefused) controller.enqueue(encoder.encode(writeEvent(event)));
    return !this.#isRefused;
  }

  /** Ends the response after what was sent. */
  end(): void {
    this.#controller?.close();
    this.#ended();
  }

  readonly #onStop = (): void => this.end();

  #onRoom(): void {
    if (!this.#isRefused) return;
    this.#isRefused = false;
    this.#user.onRoom();
  }

  #ended(): void {
    if (this.#controller === null) return;
    this.#controller = null;
    this.#stopping.removeEventListener('abort', this.#onStop);
    this.#user.onEnd();
  }
}

/** Writes one event: line feeds in data become lines of their own, others end a name or an id. */
function writeEvent({ event, id, data }: ServerSentEvent): string {
  const line = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `${name}: ${value.replace(/[\r\n\0][^]*$/, '')}\n`;
  const lines = data.split(/\r\n|\r|\n/).map((text) => `data: ${text}\n`);
  return `${line('event', event)}${line('id', id)}${lines.join('')}\n`;
}
