import type { Bus } from '#ports/bus';
import type { Log } from '#ports/log';

/** A bus within this process: hints of one topic in one turn of the event loop are one; none is ever lost. */
export function localBus({ log }: { readonly log: Log }): Bus {
  return new LocalBus(log);
}

class LocalBus implements Bus {
  readonly #log: Log;
  readonly #subscribers = new Map<string, Set<() => void>>();
  #hinted = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  publish(topic: string): void {
    if (!this.#subscribers.has(topic)) return;
    if (this.#hinted.size === 0) setImmediate(() => this.#deliver());
    this.#hinted.add(topic);
  }

  subscribe(topic: string, onHint: () => void): Disposable {
    // A wrapper of its own, so that one function may subscribe twice.
    const subscriber = (): void => onHint();
    const all = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, all.add(subscriber));
    return {
      [Symbol.dispose]: () => {
        all.delete(subscriber);
        if (all.size === 0 && this.#subscribers.get(topic) === all) this.#subscribers.delete(topic);
      },
    };
  }

  onLost(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  #deliver(): void {
    const topics = this.#hinted;
    this.#hinted = new Set();
    for (const topic of topics) {
      for (const subscriber of this.#subscribers.get(topic) ?? []) {
        try {
          subscriber();
        } catch (error) {
          this.#log.error('bus.subscriberFailed', { topic }, error);
        }
      }
    }
  }
}
