import { ChannelClosed } from '#ports/channel';
import type { HandshakeLimits } from './limits.ts';

/** A handshake that may begin. Dispose it when the handshake ends, successfully or not. */
export interface HandshakePermit extends Disposable {
  /** Returns the milliseconds after which to ask again, for a handshake that has taken `tookMs`; 0 when it must end, which is sooner when others wait. */
  leftMs(tookMs: number): number;
}

interface Waiter {
  readonly address: string;
  readonly begin: () => void;
}

/**
 * Bounds the concurrent TLS handshakes of the process as a server. Each costs a signature on the event loop and, until it ends, buffers for both
 * directions, which a client holds by sending half a handshake. The rest wait in order; an address that has its share is passed over.
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

  /** Waits for a permit. @throws ChannelClosed when too many connections wait already, or the wait takes too long. */
  enter(address: string): Promise<HandshakePermit> {
    if (this.#hasRoom(address)) return Promise.resolve(this.#begin(address));
    const { maxWaiting, maxWaitingPerAddress, waitMs } = this.#limits;
    const waiting = this.#waitingByAddress.get(address) ?? 0;
    if (this.#waiters.size >= maxWaiting || waiting >= maxWaitingPerAddress) {
      return Promise.reject(new ChannelClosed('too many TLS handshakes at once'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<HandshakePermit>();
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

  #begin(address: string): HandshakePermit {
    this.#underWay += 1;
    add(this.#byAddress, address, 1);
    const { timeoutMs, pressedTimeoutMs } = this.#limits;
    let hasEnded = false;
    return {
      leftMs: (tookMs) => {
        const mostMs = this.#waiters.size > 0 ? pressedTimeoutMs : timeoutMs;
        // Others may arrive meanwhile, so the caller asks again.
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
