import { ChannelClosed } from '#ports/channel';
import type { HandshakeLimits } from './limits.ts';

/** A handshake that may begin; disposed when it has ended, well or not. */
export interface HandshakeTurn extends Disposable {
  /** Milliseconds after which to ask again, for a handshake that has taken `tookMs`; 0 when its time is up, which comes sooner when others wait. */
  leftMs(tookMs: number): number;
}

interface Waiter {
  readonly address: string;
  readonly begin: () => void;
}

/**
 * Bounds the TLS handshakes that the process makes as a server at one time. Each costs a signature on the event loop and, until it ends, memory for
 * buffers of both directions; a client that sends half of one keeps that. The rest waits in order, an address behind others when it has
 * its share.
 */
export class HandshakeGate {
  readonly #limits: HandshakeLimits;
  #underWay = 0;
  readonly #byAddress = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  readonly #waitingByAddress = new Map<string, number>();

  constructor(limits: HandshakeLimits) {
    this.#limits = limits;
  }

  /** Waits for a turn. @throws ChannelClosed when too many wait already, or the wait takes too long. */
  enter(address: string): Promise<HandshakeTurn> {
    if (this.#hasRoom(address)) return Promise.resolve(this.#begin(address));
    const { maxWaiting, maxWaitingPerAddress, waitMs } = this.#limits;
    const waiting = this.#waitingByAddress.get(address) ?? 0;
    if (this.#waiters.size >= maxWaiting || waiting >= maxWaitingPerAddress) {
      return Promise.reject(new ChannelClosed('too many TLS handshakes at once'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<HandshakeTurn>();
    const end = (): void => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
      add(this.#waitingByAddress, address, -1);
    };
    const waiter: Waiter = {
      address,
      begin: () => {
        end();
        resolve(this.#begin(address));
      },
    };
    const timer = setTimeout(() => {
      end();
      reject(new ChannelClosed('waited too long for a TLS handshake'));
    }, waitMs);
    timer.unref();
    this.#waiters.add(waiter);
    add(this.#waitingByAddress, address, 1);
    return promise;
  }

  #hasRoom(address: string): boolean {
    const { maxUnderWay, maxPerAddress } = this.#limits;
    return this.#underWay < maxUnderWay && (this.#byAddress.get(address) ?? 0) < maxPerAddress;
  }

  #begin(address: string): HandshakeTurn {
    this.#underWay += 1;
    add(this.#byAddress, address, 1);
    const { timeoutMs, pressedTimeoutMs } = this.#limits;
    let hasEnded = false;
    return {
      leftMs: (tookMs) => {
        const mostMs = this.#waiters.size > 0 ? pressedTimeoutMs : timeoutMs;
        // Others may come meanwhile.
        return Math.max(0, Math.min(mostMs - tookMs, pressedTimeoutMs));
      },
      [Symbol.dispose]: () => {
        if (hasEnded) return;
        hasEnded = true;
        this.#underWay -= 1;
        add(this.#byAddress, address, -1);
        this.#next();
      },
    };
  }

  #next(): void {
    for (const waiter of this.#waiters) {
      if (this.#underWay >= this.#limits.maxUnderWay) return;
      if (this.#hasRoom(waiter.address)) waiter.begin();
    }
  }
}

function add(counts: Map<string, number>, address: string, by: number): void {
  const count = (counts.get(address) ?? 0) + by;
  if (count === 0) counts.delete(address);
  else counts.set(address, count);
}
