import type { Database } from '#ports/database';
import { limitsOf, type MessageLimit, type Routing } from './lane.ts';
import { attemptTimes } from './recipient-rows.ts';
import type { QueueSettings } from './settings.ts';

/** The last messages of a transport, as many as its limit allows: `times[next]` is the oldest once it is full. */
interface Ring {
  readonly times: number[];
  next: number;
}

/** Counts messages by transport over a sliding span of time. */
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

/** Counts the messages that went before a restart, as far as their attempts are still kept. */
export async function countEarlier(
  rate: MessageRate,
  { db, routing, settings }: { readonly db: Database; readonly routing: Routing; readonly settings: QueueSettings },
  nowMs: number,
): Promise<void> {
  for (const [name, transport] of routing.table().transports) {
    const limit = limitsOf(transport, settings).rate;
    if (limit === null) continue;
    const times = await db.read((reader) => attemptTimes(reader, name, nowMs - limit.perMs, limit.messages));
    for (const startMs of times.toReversed()) rate.count(name, limit, startMs);
  }
}
