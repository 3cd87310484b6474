import { createHmac, randomBytes } from 'node:crypto';
import { errorCode, type Files } from '#host/files';

/** Place of a pipe's name. */
export interface PipeNameDeps {
  readonly files: Files;
  /** The data directory, which strangers cannot read. */
  readonly directory: string;
  /** Path to listen on and connect to, for a name of 32 hexadecimal digits. */
  readonly pathOf: (name: string) => string;
}

/** Address of a server. */
export interface Meeting {
  /** Of a socket or pipe. */
  readonly path: string;
  /** Key that this data directory's server can prove to know before anything is sent to it; null where no other process can listen at the path. */
  readonly key: string | null;
}

/** The answer to a nonce of those who know the key: an HMAC (RFC 2104) in hexadecimal digits. */
export function proofOf(key: string, nonce: string): string {
  return createHmac('sha256', key).update(nonce).digest('hex');
}

/** Entry written by a server, perhaps a dead one; null when the file is no longer readable. */
interface Found {
  readonly number: number;
  readonly meeting: Meeting | null;
}

const tries = 20;

/**
 * The name of the control pipe. Names of pipes are free for every process on the machine, so one that guessed ours could wait there before us and read
 * what commands say: it is random, new with each start, and kept in a file that only those can read who may read the data. Names of pipes
 * at work can be listed, though, and taken when the server has ended: the file has a key as well, which a server must prove to know.
 *
 * The file is `control.<number>`. A start that finds the highest number dead makes the next one, which only one can; so numbers only grow, and
 * the server with the highest has the directory. A stop leaves its file, which is dead then.
 */
export class PipeName {
  readonly #deps: PipeNameDeps;

  constructor(deps: PipeNameDeps) {
    this.#deps = deps;
  }

  /** The pipe of the server at work, or of one that has ended; null when there was none. */
  async current(): Promise<Meeting | null> {
    return (await this.#highest()).meeting;
  }

  /** A new name and key that no other process knows yet, as they are written, and the pipe. */
  fresh(): { readonly text: string; readonly path: string; readonly key: string } {
    const [name, key] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    return { text: `${name} ${key}\n`, path: this.#deps.pathOf(name), key };
  }

  /**
   * Makes what `fresh` gave, and whose pipe listens already, the one that all processes find, unless another is at work.
   * @returns whether it is.
   */
  async claim(text: string, isAlive: (meeting: Meeting) => Promise<boolean>): Promise<boolean> {
    const { files, directory } = this.#deps;
    const own = files.join(directory, `control.${randomBytes(8).toString('hex')}.tmp`);
    await this.#write(own, text);
    try {
      for (let i = 0; i < tries; i += 1) {
        const { number, meeting } = await this.#highest();
        if (meeting !== null && (await isAlive(meeting))) return false;
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
      if (number === 0) return { number, meeting: null };
      const bytes = await files.read(this.#fileOf(number));
      // Gone, so there is a higher one by now.
      if (bytes === null && i < tries) continue;
      const text = bytes === null ? '' : new TextDecoder().decode(bytes);
      const [, name = '', key = ''] = /^([0-9a-f]{32}) ([0-9a-f]{32})\n$/.exec(text) ?? [];
      return { number, meeting: name === '' ? null : { path: pathOf(name), key } };
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

  async #write(file: string, text: string): Promise<void> {
    const writer = await this.#deps.files.create(file);
    try {
      await writer.write(new TextEncoder().encode(text));
      await writer.datasync();
    } finally {
      await writer.close();
    }
  }
}
