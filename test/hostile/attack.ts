import type { Socket } from 'node:net';
import type { HostilePorts } from './hostile-server.ts';
import { LineSocket } from './line-socket.ts';

/** Size of an attack. */
export interface Extent {
  /** Connections at one time. */
  readonly connections: number;
  /** Number of times that each connection is made again. */
  readonly rounds: number;
  /** Time for which a client that waits for nothing holds on, in milliseconds. */
  readonly holdMs?: number;
  /** Ends the attack early. */
  readonly signal: AbortSignal;
}

/** Answers that attackers saw. */
export interface Seen {
  /** Connections that were made. */
  readonly connections: number;
  /** Answers, counted by their first words, tags left out. */
  readonly answers: ReadonlyMap<string, number>;
}

/** One way to make trouble. */
export interface Attack {
  readonly name: string;
  /** Extents of a full attack, and of a short one. */
  readonly full: Omit<Extent, 'signal'>;
  readonly short: Omit<Extent, 'signal'>;
  /** Puts data there that the attack needs. */
  readonly prepare?: (ports: HostilePorts, extent: Extent) => Promise<void>;
  readonly run: (ports: HostilePorts, extent: Extent) => Promise<Seen>;
  /** Answers that one connection gets at the most, by their first words. */
  readonly most?: Readonly<Record<string, number>>;
}

/** Collects what the attackers see. */
export class Notes {
  #connections = 0;
  readonly #answers = new Map<string, number>();

  connected(): void {
    this.#connections += 1;
  }

  /** Counts an answer by what follows its tag. */
  answered(line: string): void {
    const word = /^(?:[a-z*] )?(\w+(?: \[\w+\])?)/.exec(line)?.[1] ?? line.slice(0, 10);
    this.said(word);
  }

  /** Counts an answer by its first words. */
  said(words: string): void {
    this.#answers.set(words, (this.#answers.get(words) ?? 0) + 1);
  }

  /** Counts the lines of a connection until it ends. */
  async read(socket: Socket): Promise<void> {
    using client = new LineSocket(socket);
    for (;;) {
      const line = await client.ask('', /./);
      if (line === null) return;
      this.answered(line);
    }
  }

  get seen(): Seen {
    return { connections: this.#connections, answers: this.#answers };
  }
}

/** Does something on all connections, round after round. */
export async function onAll(
  { connections, rounds, signal }: Extent,
  one: (seen: Notes, at: number) => Promise<void>,
): Promise<Seen> {
  const notes = new Notes();
  const end = Promise.withResolvers<void>();
  if (signal.aborted) end.resolve();
  signal.addEventListener('abort', () => end.resolve(), { once: true });
  const each = async (at: number): Promise<void> => {
    for (let round = 0; round < rounds && !signal.aborted; round += 1) await one(notes, at);
  };
  await Promise.race([Promise.all(Array.from({ length: connections }, (_, at) => each(at))), end.promise]);
  return notes.seen;
}
