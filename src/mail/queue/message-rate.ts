import type { MessageLimit } from './lane.ts';

/** The last messages of a transport, as many as its limit allows: `times[next]` is the oldest once it is full. */
interface Ring {
  readonly times: number[];
  next: number;
}

/** Counts messages by transport over a sliding span of time. Counts from the start of the process. */
export class MessageRate {
  readonly #rings = new Map<string, Ring>();

  /** From when on one more message may go by the transport; not after `nowMs` when it may go at once. Milliseconds since 1970. */
  readyMs(transport: string, { messages, perMs }: MessageLimit, nowMs: number): number {
    const ring = this.#rings.get(transport);
    const oldestMs = ring?.times[ring.next];
    return ring === undefined || oldestMs === undefined || ring.times.length < messages ? nowMs : oldestMs + perMs;
  }

  /** Counts a message that goes now. */
  count(transport: string, { messages }: MessageLimit, nowMs: number): void {
    const ring = this.#rings.get(transport) ?? { times: [], next: 0 };
    ring.times[ring.next] = nowMs;
    ring.next = (ring.next + 1) % messages;
    this.#rings.set(transport, ring);
  }
}
