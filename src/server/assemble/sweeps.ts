import { QueueSweeper } from '#mail/queue';
import type { Services } from './services.ts';

const everyMs = 60 * 60_000;
/** On a full disk garbage has a minute in place of an hour: long enough for readers that have looked up its row. */
const earlierMs = 59 * 60_000;
/** The names of all blobs are read once a day. */
const sweepsPerSearch = 24;

/** Removes what is no longer needed, every hour until disposed; disposal waits for the sweep at hand, which ends early. */
export class Sweeps implements AsyncDisposable {
  readonly #services: Services;
  readonly #queueSweeper: QueueSweeper;
  readonly #stopping = new AbortController();
  #timer: Disposable | null = null;
  #running: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(services: Services) {
    const { databases, blobs, clock, log, queueSettings: settings, submissions: follower } = services;
    this.#services = services;
    this.#queueSweeper = new QueueSweeper({ db: databases.server, blobs, clock, log, settings, follower });
    this.#arm();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  /** Removes at once what was to be removed within the hour, and gives unused space inside of databases back: for a full disk. */
  async relieve(): Promise<void> {
    const { accounts, blobSweeper, databases } = this.#services;
    await this.#queueSweeper.sweepGarbage(earlierMs);
    await accounts.finishDeletions(this.#stopping.signal);
    await accounts.sweepBlobs(blobSweeper, this.#stopping.signal, earlierMs);
    await databases.shrink();
  }

  #arm(): void {
    if (this.#stopping.signal.aborted) return;
    this.#timer = this.#services.clock.timer(everyMs, () => {
      this.#running = this.#sweep()
        .catch((error: unknown) => this.#services.log.error('sweep.failed', {}, error))
        .finally(() => this.#arm());
    });
  }

  async #sweep(): Promise<void> {
    const { accounts, blobSweeper, log, refusals, submissions } = this.#services;
    const { signal } = this.#stopping;
    const { recipients, blobs } = await this.#queueSweeper.sweep();
    const deletions = await accounts.finishDeletions(signal);
    const orphans = this.#count % sweepsPerSearch === 0 ? await accounts.collectOrphans(blobSweeper, signal) : 0;
    const removed = await accounts.sweepBlobs(blobSweeper, signal);
    await refusals.sweep();
    await submissions.sweep();
    this.#count += 1;
    log.debug('sweep.done', { recipients, blobs: blobs + removed, orphans, deletions });
  }
}
