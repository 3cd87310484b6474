import { errorCode } from '#host/files';
import { portOwner } from '#host/net';
import type { ConfiguredPort } from './configured-ports.ts';

/** A port that another program has. */
export interface MovedPort {
  /** The configured port. */
  readonly from: number;
  /** Program that has it, as far as the system says. */
  readonly owner: string;
}

/** Ports that are used in place of configured ones that other programs have. */
export class SparePorts {
  readonly #tries: number;
  readonly #reserved: ReadonlySet<number>;

  /**
   * @param tries  Ports that are tried after each configured one; 0 for none.
   * @param reserved  Configured ports, which are no spare ones.
   */
  constructor(tries: number, reserved: ReadonlySet<number>) {
    this.#tries = tries;
    this.#reserved = reserved;
  }

  /**
   * Opens a service at all of its addresses on its configured port, or on the next one that is free at all of them, so that `localhost` is one
   * port for both families.
   * @param openAt  Opens all addresses on one port, or none.
   * @throws the error of the configured port when there is no spare one.
   */
  async open<T>(
    wanted: readonly ConfiguredPort[],
    openAt: (port: number) => Promise<T>,
  ): Promise<{ readonly opened: T; readonly moved: MovedPort | null }> {
    const from = wanted[0]?.port ?? 0;
    let first: unknown;
    try {
      return { opened: await openAt(from), moved: null };
    } catch (error) {
      if (errorCode(error) !== 'EADDRINUSE') throw error;
      first = error;
    }
    const owners = wanted.map(({ address }) => portOwner(address, from));
    const owner = owners.find((name) => name !== null) ?? 'another program';
    for (let port = from + 1; port <= Math.min(from + this.#tries, 65_535); port += 1) {
      if (this.#reserved.has(port)) continue;
      try {
        return { opened: await openAt(port), moved: { from, owner } };
      } catch (error) {
        if (errorCode(error) !== 'EADDRINUSE') throw error;
      }
    }
    throw first;
  }
}
