import type { JsonObject } from '#lib/jmap';
import type { JmapSession } from './sessions.ts';
import { compareLines, emailProperties } from './views.ts';

const types = { Email: [...emailProperties], Thread: null, Mailbox: null } as const;

interface Query {
  readonly type: 'Email' | 'Mailbox';
  readonly args: JsonObject;
  state: string;
  ids: string[];
}

/** A JMAP client that keeps objects and results of queries, and asks for changes only. It outlives the server. */
export class Observer {
  readonly #objects = new Map<string, Map<string, string>>();
  readonly #states = new Map<string, string>();
  readonly #queries: Query[] = [
    { type: 'Email', args: { sort: [{ property: 'receivedAt', isAscending: false }] }, state: '', ids: [] },
    { type: 'Email', args: { filter: { notKeyword: '$seen' }, collapseThreads: true }, state: '', ids: [] },
    { type: 'Mailbox', args: { sortAsTree: true }, state: '', ids: [] },
  ];
  readonly problems: string[] = [];

  /** Reads everything once. */
  async start(jmap: JmapSession): Promise<void> {
    for (const type of typeNames) {
      this.#objects.set(type, new Map());
      // Threads have no query: all changes since the first state name them.
      this.#states.set(type, type === 'Mailbox' ? await this.#readAll(jmap, type) : '1');
    }
    for (const query of this.#queries) await this.#ask(jmap, query);
    await this.follow(jmap);
  }

  /** Brings everything up to date. @throws Disconnected; then it goes on from where it was. */
  async follow(jmap: JmapSession): Promise<void> {
    for (const type of typeNames) await this.#followType(jmap, type);
    for (const query of this.#queries) await this.#followQuery(jmap, query);
  }

  /** Compares what it keeps with what the server shows while nothing changes. @returns the differences. */
  async compare(jmap: JmapSession): Promise<string[]> {
    const found: string[] = [];
    const { ids } = await jmap.call('Email/query', {});
    const { list } = await jmap.call('Email/get', { ids: [...ids], properties: ['threadId'] });
    const threads = list.map((email) => (email as unknown as { readonly threadId: string }).threadId);
    const expected = { Email: ids, Thread: [...new Set(threads)], Mailbox: null };
    for (const type of typeNames) {
      const fresh = await read(jmap, type, expected[type]);
      found.push(...compareLines(`kept ${type}`, entries(this.#objects.get(type)), entries(fresh.objects)));
    }
    for (const query of this.#queries) {
      const kept = query.ids.join();
      await this.#ask(jmap, query);
      if (kept !== query.ids.join()) found.push(`${JSON.stringify(query.args)}: kept ${kept}, now ${query.ids.join()}`);
    }
    return found;
  }

  async #readAll(jmap: JmapSession, type: TypeName): Promise<string> {
    const { state, objects } = await read(jmap, type, null);
    this.#objects.set(type, objects);
    return state;
  }

  async #followType(jmap: JmapSession, type: TypeName): Promise<void> {
    const kept = this.#objects.get(type) ?? new Map<string, string>();
    for (let hasMore = true; hasMore;) {
      const since = this.#states.get(type) ?? '';
      const answer = await jmap.call(`${type}/changes`, { sinceState: since });
      // Nothing that a client has seen is forgotten, and no state comes again.
      if (answer.type !== undefined) throw new Error(`${type}/changes since ${since}: ${JSON.stringify(answer)}`);
      const next = String(answer['newState']);
      if (Number.parseInt(next, 10) < Number.parseInt(since, 10))
        this.problems.push(`${type}: state ${next} follows ${since}`);
      const { objects } = await read(jmap, type, [...answer.created, ...(answer.updated as readonly string[])]);
      // Applied at once, so that a lost connection leaves the old state with the old objects.
      for (const id of answer.destroyed) kept.delete(id);
      for (const [id, object] of objects) kept.set(id, object);
      this.#states.set(type, next);
      hasMore = answer.hasMoreChanges;
    }
  }

  async #ask(jmap: JmapSession, query: Query): Promise<void> {
    const answer = await jmap.call(`${query.type}/query`, query.args);
    query.state = String(answer['queryState']);
    query.ids = [...answer.ids];
  }

  async #followQuery(jmap: JmapSession, query: Query): Promise<void> {
    const answer = await jmap.call(`${query.type}/queryChanges`, { ...query.args, sinceQueryState: query.state });
    // While a deleted mailbox is cleared the log does not tell all; then clients query again (RFC 8620 §5.6).
    if (answer.type === 'cannotCalculateChanges') return await this.#ask(jmap, query);
    if (answer.type !== undefined)
      throw new Error(`${JSON.stringify(query.args)} since ${query.state}: ${JSON.stringify(answer)}`);
    const { removed, added, newQueryState } = answer as unknown as ResultChanges;
    const gone = new Set(removed);
    query.ids = query.ids.filter((id) => !gone.has(id));
    for (const { id, index } of added) query.ids.splice(index, 0, id);
    query.state = newQueryState;
  }
}

type TypeName = keyof typeof types;
const typeNames = Object.keys(types) as TypeName[];

interface ResultChanges {
  readonly newQueryState: string;
  readonly removed: readonly string[];
  readonly added: readonly { readonly id: string; readonly index: number }[];
}

async function read(
  jmap: JmapSession,
  type: TypeName,
  ids: readonly string[] | null,
): Promise<{ readonly state: string; readonly objects: Map<string, string> }> {
  const answer = await jmap.call(`${type}/get`, { ids: ids === null ? null : [...ids], properties: types[type] });
  const { state, list } = answer;
  return { state, objects: new Map(list.map((object) => [object.id, sorted(object)])) };
}

/** Writes an object with the members of each object inside it in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function entries(objects: ReadonlyMap<string, string> | undefined): string[] {
  return [...(objects ?? [])].map(([, object]) => object);
}
