import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

/** Functions that ran between two moments: for each file below `src` (but `testing`), how often each was called. */
export type Trace = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Counts calls of functions with V8's coverage, for all of this process. */
export class Tracer implements AsyncDisposable {
  readonly #session = new Session();
  readonly #source = fileURLToPath(new URL('../../src/', import.meta.url));

  private constructor() {
    this.#session.connect();
  }

  /** Begins to count. Code that is optimized already is thrown away, so what follows is slow. */
  static async start(): Promise<Tracer> {
    const tracer = new Tracer();
    await tracer.#session.post('Profiler.enable');
    await tracer.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    return tracer;
  }

  /** Returns what ran while a step was made. The module level of files does not count. */
  async trace(step: () => Promise<unknown>): Promise<Trace> {
    await this.#session.post('Profiler.takePreciseCoverage');
    await step();
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const files = new Map<string, Map<string, number>>();
    for (const { url, functions } of result) {
      if (!url.startsWith('file:')) continue;
      const path = fileURLToPath(url);
      if (!path.startsWith(this.#source) || /\.test\.ts$|[\\/]testing[\\/]/.test(path)) continue;
      for (const { functionName, ranges } of functions) {
        const calls = ranges[0]?.count ?? 0;
        if (calls === 0) continue;
        const file = path.slice(this.#source.length).replaceAll('\\', '/');
        const counts = files.get(file) ?? new Map<string, number>();
        counts.set(functionName, (counts.get(functionName) ?? 0) + calls);
        files.set(file, counts);
      }
    }
    return files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }
}
