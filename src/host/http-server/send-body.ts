import type { Writable } from 'node:stream';
import type { Pace } from './pace.ts';

/**
 * Sends the body of a response and ends the writable side, waiting whenever the client does not keep up.
 * Resolves when everything is on its way; rejects when the body fails, or with the signal's reason when the client is gone.
 */
export async function sendBody(
  body: ReadableStream<Uint8Array> | null,
  to: Writable,
  pace: Pace,
  { nowMs, signal }: { readonly nowMs: () => number; readonly signal: AbortSignal },
): Promise<void> {
  if (body !== null) {
    const reader = body.getReader();
    const stop = (): void => void reader.cancel(signal.reason).catch(() => undefined);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const isTaken = to.write(next.value);
        pace.moved(next.value.length, nowMs());
        if (!isTaken) await drained(to, pace, nowMs, signal);
      }
    } catch (error) {
      // What the body holds open, such as a file, is closed.
      await reader.cancel(error).catch(() => undefined);
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  to.once('close', resolve);
  to.end(resolve);
  pace.wait(nowMs());
  await promise;
  pace.moved(0, nowMs());
}

async function drained(to: Writable, pace: Pace, nowMs: () => number, signal: AbortSignal): Promise<void> {
  if (to.destroyed) throw new Error('the client is gone');
  const { promise, resolve } = Promise.withResolvers<void>();
  pace.wait(nowMs());
  to.once('drain', resolve);
  to.once('close', resolve);
  await promise;
  to.off('drain', resolve);
  to.off('close', resolve);
  pace.moved(0, nowMs());
  signal.throwIfAborted();
}
