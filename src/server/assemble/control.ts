import { operator, type Operations } from '#server/operations';

/** Answer of the command `ready`, which comes when the server is ready, or has given up. */
export interface StartResult {
  /** Reason why the server gave up; null when it is ready. */
  readonly gaveUp: string | null;
}

/** Answers the control socket from the moment that the server has the lock, also while it starts. */
export class Control {
  readonly #stop = Promise.withResolvers<void>();
  readonly #start = Promise.withResolvers<StartResult>();
  /** Commands are refused before it is set. */
  operations: Operations | null = null;

  /** Resolves when a command asked the server to stop. */
  get stopRequested(): Promise<void> {
    return this.#stop.promise;
  }

  /** Runs one command. @throws Error with words for people. */
  async run(command: string, args: unknown): Promise<unknown> {
    if (command === 'stop') return this.#stop.resolve();
    if (command === 'ready') return await this.#start.promise;
    if (this.operations === null) throw new Error('the server is starting; try again in a moment');
    return await this.operations.run(command, args, operator);
  }

  /** Answers those who wait for the end of the start. @param gaveUp  Why there is no server; null when it is ready. */
  started(gaveUp: string | null): void {
    this.#start.resolve({ gaveUp });
  }
}
