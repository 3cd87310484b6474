import type { AccountId } from '#lib/ids';
import type { Routing } from '#mail/queue';
import type { RoutingTable } from '#mail/routes';

/** Routes under which all mail stays on this server, but for what a `fail` transport fails. */
export class KeptRouting implements Routing {
  readonly #routing: Routing;
  #latest: { readonly of: RoutingTable; readonly kept: RoutingTable } | null = null;

  /** @param routing  The routes that would hold if mail might leave. */
  constructor(routing: Routing) {
    this.#routing = routing;
  }

  table(): RoutingTable {
    const table = this.#routing.table();
    if (this.#latest?.of !== table) {
      const kept = { ...table, keptHere: 'a development server sends nothing to the network' };
      this.#latest = { of: table, kept };
    }
    return this.#latest.kept;
  }

  knownAccount(id: AccountId): string | null {
    return this.#routing.knownAccount(id);
  }

  async findAccount(id: AccountId): Promise<string | null> {
    return await this.#routing.findAccount(id);
  }
}
