import type { SyncHandle } from '#ports/file-system';

const settled = Promise.resolve();

/**
 * Groups the flushes of one write-ahead log: each commit waits for a flush that began after it, and all commits that wait share one.
 * A flush in flight does not cover later commits, since their bytes may not have been there when it began.
 */
export class LogFlush {
  readonly #handle: SyncHandle;
  readonly #onFailure: (error: Error) => void;
  /** Commits so far; commits that the flush in flight covers; commits known to be on the disk. */
  #committed = 0;
  #covered = 0;
  #durable = 0;
  #flushes = 0;
  #running: PromiseWithResolvers<void> | null = null;
  #next: PromiseWithResolvers<void> | null = null;
  #failure: Error | null = null;

  /** @param onFailure  Called once when a flush fails; from then on nothing is durable any more and every wait rejects. */
  constructor(handle: SyncHandle, onFailure: (error: Error) => void) {
    this.#handle = handle;
    this.#onFailure = onFailure;
  }

  /** Number of flushes that succeeded. */
  get flushes(): number {
    return this.#flushes;
  }

  /** Notes a commit just made. @returns when it is on the disk. */
  committed(): Promise<void> {
    this.#committed += 1;
    return this.#join();
  }

  /** Resolves when all commits so far are on the disk: at once when they are. */
  durable(): Promise<void> {
    if (this.#durable === this.#committed && this.#failure === null) return settled;
    if (this.#running !== null && this.#covered === this.#committed) return this.#running.promise;
    return this.#join();
  }

  /** Flushes another file that commits depend on; a failure is as fatal as that of the log. */
  also(file: SyncHandle): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    file.datasync((error) => {
      if (error === null) return resolve();
      if (this.#failure === null) {
        this.#failure = error;
        this.#onFailure(error);
      }
      return reject(error);
    });
    return promise;
  }

  /** Lets the flush in flight end, then closes the file. Commits that still wait reject. */
  async close(): Promise<void> {
    await this.#running?.promise.catch(() => undefined);
    await this.#handle.close();
  }

  #join(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    let batch = this.#next;
    if (batch === null) {
      batch = newBatch();
      this.#next = batch;
      if (this.#running === null) this.#start();
    }
    return batch.promise;
  }

  #start(): void {
    const batch = this.#next;
    if (batch === null) return;
    this.#running = batch;
    this.#next = null;
    this.#covered = this.#committed;
    this.#handle.datasync((error) => {
      this.#running = null;
      if (error !== null) {
        this.#fail(error, batch);
        return;
      }
      this.#durable = this.#covered;
      this.#flushes += 1;
      this.#start();
      batch.resolve();
    });
  }

  /** After a failed flush the kernel may have dropped the dirty pages: a later success would prove nothing. */
  #fail(error: Error, batch: PromiseWithResolvers<void>): void {
    this.#failure = error;
    batch.reject(error);
    this.#next?.reject(error);
    this.#next = null;
    this.#onFailure(error);
  }
}

/** Each waiting commit receives a failure by itself; with none waiting it must not end the process. */
function newBatch(): PromiseWithResolvers<void> {
  const batch = Promise.withResolvers<void>();
  batch.promise.catch(() => undefined);
  return batch;
}
