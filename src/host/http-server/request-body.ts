import type { Readable } from 'node:stream';
import type { Pace } from './pace.ts';

/** Arguments of `requestBody`. */
interface BodySource {
  readonly source: Readable;
  readonly pace: Pace;
  readonly nowMs: () => number;
  /** Called before the first read, to send `100 Continue`. */
  readonly onFirstRead: () => void;
  /** Called with the bytes so far after each read; false ends the body with an error. */
  readonly mayGoOn: (bytes: number) => boolean;
}

/** Turns the body of a request into a stream that reads from the client only what is asked for; the first read asks for it with 100 (RFC 9110 §10.1.1). */
export function requestBody(from: BodySource): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { source, pace, nowMs, onFirstRead, mayGoOn } = from;
  let chunks: NodeJS.AsyncIterator<Uint8Array<ArrayBuffer>> | null = null;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (chunks === null) {
          onFirstRead();
          chunks = source.iterator({ destroyOnReturn: false });
        }
        pace.wait(nowMs());
        const next = await chunks.next();
        pace.moved(next.done === true ? 0 : next.value.length, nowMs());
        if (next.done === true) controller.close();
        else if (mayGoOn(pace.bytes)) controller.enqueue(next.value);
        else controller.error(new Error('the body is too long'));
      },
      async cancel() {
        await chunks?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
