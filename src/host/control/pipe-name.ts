import { randomBytes } from 'node:crypto';
import { errorCode, type Files } from '#host/files';

/** Where the name of a pipe is kept. */
export interface PipeNameDeps {
  readonly files: Files;
  /** The data directory, which strangers cannot read. */
  readonly directory: string;
  /** What to listen on and connect to, for a name of 32 hexadecimal digits. */
  readonly pathOf: (name: string) => string;
}

/** A pipe that a server put down, maybe dead; `path` is null when the file is no longer readable as one. */
interface Found {
  readonly number: number;
  readonly path: string | null;
}

const tries = 20;

/**
 * The name of the control pipe. Names of pipes are free for everybody on the machine, so whoever could guess ours could wait there before us and hear
 * what commands say: it is random, new with each start, and kept in a file that only those can read who may read the data.
 *
 * The file is `control.<number>`. A start that finds the highest number dead makes the next one, which only one can; so numbers only grow, and
 * whoever has the highest has the directory. A stop leaves its file, which is dead then.
 */
export class PipeName {
  readonly #deps: PipeNameDeps;

  constructor(deps: PipeNameDeps) {
    this.#deps = deps;
  }

  /** The pipe of the server at work, or of one that has ended; null when there was none. */
  async current(): Promise<string | null> {
    return (await this.#highest()).path;
  }

  /** A new name that nobody knows yet, and its pipe. */
  fresh(): { readonly name: string; readonly path: string } {
    const name = randomBytes(16).toString('hex');
    return { name, path: this.#deps.pathOf(name) };
  }

  /**
   * Makes a name whose pipe listens already the one that everybody finds, unless another is at work.
   * @returns whether it is.
   */
  async claim(name: string, isAlive: (path: string) => Promise<boolean>): Promise<boolean> {
    const { files, directory } = this.#deps;
    const own = files.join(directory, `control.${randomBytes(8).toString('hex')}.tmp`);
    await this.#write(own, name);
    try {
      for (let i = 0; i < tries; i += 1) {
        const { number, path } = await this.#highest();
        if (path !== null && (await isAlive(path))) return false;
        if (await this.#take(own, number + 1)) return true;
      }
      return false;
    } finally {
      await files.remove(own);
    }
  }

  async #take(own: string, number: number): Promise<boolean> {
    const { files } = this.#deps;
    try {
      // A link is made whole or, when there is a file, not at all.
      await files.share(own, this.#fileOf(number));
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
    const numbers = await this.#numbers();
    // We were slow: others took this number and a higher one, and tidied up.
    const isHighest = numbers.every((other) => other <= number);
    for (const other of isHighest ? numbers.filter((old) => old < number) : [number]) {
      await files.remove(this.#fileOf(other));
    }
    return isHighest;
  }

  async #highest(): Promise<Found> {
    const { files, pathOf } = this.#deps;
    for (let i = 0; ; i += 1) {
      const number = Math.max(0, ...(await this.#numbers()));
      if (number === 0) return { number, path: null };
      const bytes = await files.read(this.#fileOf(number));
      // Gone, so there is a higher one by now.
      if (bytes === null && i < tries) continue;
      const [, name] = /^([0-9a-f]{32})\n$/.exec(bytes === null ? '' : new TextDecoder().decode(bytes)) ?? [];
      return { number, path: name === undefined ? null : pathOf(name) };
    }
  }

  async #numbers(): Promise<number[]> {
    const entries = await this.#deps.files.list(this.#deps.directory);
    return entries.flatMap(({ name }) => {
      const [, digits] = /^control\.(\d{1,12})$/.exec(name) ?? [];
      return digits === undefined ? [] : [Number(digits)];
    });
  }

  #fileOf(number: number): string {
    return this.#deps.files.join(this.#deps.directory, `control.${number}`);
  }

  async #write(file: string, name: string): Promise<void> {
    const writer = await this.#deps.files.create(file);
    try {
      await writer.write(new TextEncoder().encode(`${name}\n`));
      await writer.datasync();
    } finally {
      await writer.close();
    }
  }
}
