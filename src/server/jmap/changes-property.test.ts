import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { jmapLimits, writeUtcDate, type JsonObject } from '#lib/jmap';
import { JmapClient, type JmapAnswer } from '#testing/jmap-client';
import { seededNumbers } from '#testing/seeded-random';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

type Below = (count: number) => number;

/** A client that keeps the results of one query, and ids of one type, and asks for changes only. */
class Cache {
  readonly #client: JmapClient;
  readonly #type: string;
  readonly #query: JsonObject;
  #state = '';
  ids: string[] = [];
  /** Times at which the server could not say what had changed. */
  resets = 0;

  constructor(client: JmapClient, type: string, query: JsonObject) {
    this.#client = client;
    this.#type = type;
    this.#query = query;
  }

  async fresh(): Promise<readonly string[]> {
    const answer = (await this.#client.call(`${this.#type}/query`, this.#query)) as JmapAnswer & Results;
    assert.equal(answer.canCalculateChanges, true, JSON.stringify([this.#query, answer]));
    this.#state = answer.queryState;
    return answer.ids;
  }

  /** Applies the changes as RFC 8620 §5.6 says. */
  async follow(): Promise<void> {
    const args = { ...this.#query, sinceQueryState: this.#state, calculateTotal: true };
    const answer = (await this.#client.call(`${this.#type}/queryChanges`, args)) as JmapAnswer & ResultChanges;
    if (answer.type === 'cannotCalculateChanges') {
      this.resets += 1;
      this.ids = [...(await this.fresh())];
      return;
    }
    const removed = new Set(answer.removed);
    this.ids = this.ids.filter((id) => !removed.has(id));
    for (const { id, index } of answer.added) this.ids.splice(index, 0, id);
    assert.equal(this.ids.length, answer.total, JSON.stringify(args));
    this.#state = answer.newQueryState;
  }
}

interface Results {
  readonly queryState: string;
  readonly canCalculateChanges: boolean;
}

interface ResultChanges {
  readonly newQueryState: string;
  readonly removed: readonly string[];
  readonly added: readonly { readonly id: string; readonly index: number }[];
}

/** Ids of one type, kept by its changes. */
class Known {
  readonly #client: JmapClient;
  readonly #type: string;
  readonly ids: Set<string>;
  #state: string;

  constructor(client: JmapClient, type: string, ids: Iterable<string>, state: string) {
    this.#client = client;
    this.#type = type;
    this.ids = new Set(ids);
    this.#state = state;
  }

  /** @returns the ids that were reported as changed. */
  async follow(maxChanges: number | null): Promise<Set<string>> {
    const touched = new Set<string>();
    for (let hasMore = true; hasMore;) {
      const args = { sinceState: this.#state, ...(maxChanges !== null && { maxChanges }) };
      const answer = (await this.#client.call(`${this.#type}/changes`, args)) as JmapAnswer & { newState: string };
      assert.equal(answer.type, undefined, JSON.stringify(answer));
      for (const id of answer.destroyed) this.ids.delete(id);
      for (const id of answer.created) this.ids.add(id);
      for (const id of [...answer.created, ...(answer.updated as readonly string[])]) touched.add(id);
      this.#state = answer.newState;
      hasMore = answer.hasMoreChanges;
    }
    return touched;
  }
}

const names = ['INBOX', 'Archive', 'Trash', 'Lists', 'Lists/a'];

/** Makes one random change, as deliveries, clients of IMAP and clients of JMAP make them. */
async function change({ account }: TempStore, client: JmapClient, below: Below, step: number): Promise<void> {
  const name = names[below(names.length)] ?? '';
  const mailbox = await account.mailboxes.byName(name);
  if (mailbox === null) {
    await account.mailboxes.create(name).catch(() => undefined);
    return;
  }
  const uid = 1 + below(Math.max(1, mailbox.uidNext - 1));
  const target = { name: names[below(3)] ?? '' };
  const bits = [SystemFlag.Seen, SystemFlag.Flagged, SystemFlag.Deleted][below(3)] ?? 0;
  switch (below(12)) {
    case 0:
    case 1:
    case 2: {
      const header = [`Message-ID: <${step}@x>`, `In-Reply-To: <${below(step + 1)}@x>`, 'Subject: x'];
      await account.messages.append(target, [newMessage(header, { receivedMs: below(50) })]);
      break;
    }
    case 3:
      await account.messages.store(mailbox.id, [uid], { mode: below(2) === 0 ? 'add' : 'remove', bits, keywords: [] });
      break;
    case 4:
      await account.messages.copy(mailbox.id, [uid], target);
      break;
    case 5:
      await account.messages.move(mailbox.id, [uid], target);
      break;
    case 6:
      await account.messages.remove(mailbox.id, [uid]);
      if (below(2) === 0) await account.messages.eraseExpunged();
      break;
    case 7:
      await account.mailboxes.subscribe(name, below(2) === 0);
      break;
    case 8:
      if (name.startsWith('Lists') && below(2) === 0) await account.mailboxes.delete(name).catch(() => undefined);
      break;
    default:
      await jmapChange(client, below);
  }
}

async function jmapChange(client: JmapClient, below: Below): Promise<void> {
  const { ids } = await client.call('Email/query', {});
  const id = ids[below(ids.length)];
  if (id === undefined) return;
  if (below(4) === 0) await client.call('Email/set', { destroy: [id] });
  else
    await client.call('Email/set', { update: { [id]: { [`keywords/${below(2) === 0 ? '$seen' : 'work'}`]: true } } });
}

const sorts: readonly JsonObject[] = [
  { property: 'receivedAt', isAscending: false },
  { property: 'size', isAscending: true },
  { property: 'hasKeyword', keyword: '$seen', isAscending: false },
  { property: 'someInThreadHaveKeyword', keyword: '$flagged' },
];
const filters = (inbox: string): readonly (JsonObject | null)[] => [
  null,
  { inMailbox: inbox },
  { after: writeUtcDate(20) },
  { notKeyword: '$seen' },
  { operator: 'NOT', conditions: [{ allInThreadHaveKeyword: '$seen' }] },
];

/** Makes caches of many queries. */
async function cachesOf(client: JmapClient, below: Below, inbox: string): Promise<Cache[]> {
  const emails = filters(inbox).flatMap((filter) =>
    [false, true].map((collapseThreads) => {
      const sort = sorts[below(sorts.length)] ?? {};
      return new Cache(client, 'Email', { filter, collapseThreads, sort: [sort] });
    }),
  );
  const mailboxes = [
    { filter: { isSubscribed: true } },
    { sortAsTree: true, filterAsTree: true, filter: { hasAnyRole: false } },
  ].map((query) => new Cache(client, 'Mailbox', query));
  const caches = [...emails, ...mailboxes];
  for (const cache of caches) cache.ids = [...(await cache.fresh())];
  return caches;
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`changes and queryChanges lead from any state to the next, under concurrent changes (seed ${seed})`, async () => {
    await using store = await tempStore();
    const client = new JmapClient(store, { ...jmapLimits, maxConcurrentRequests: 100 });
    const next = seededNumbers(seed);
    const below: Below = (count) => Math.floor(next() * count);
    for (let step = 1; step <= 20; step += 1) await change(store, client, below, step);
    const all = await client.call('Mailbox/get', { properties: ['role'] });
    const inbox = all.list.find(({ role }) => role === 'inbox')?.id ?? assert.fail('no inbox');
    const caches = await cachesOf(client, below, inbox);
    const { state, list } = await client.call('Mailbox/get', {});
    const mailboxes = new Known(
      client,
      'Mailbox',
      list.map(({ id }) => id),
      state,
    );
    const threads = new Known(client, 'Thread', [], '1');
    const seen = new Map(list.map((mailbox) => [mailbox.id, mailbox]));
    const emailsOf = new Map<string, string>();
    for (let round = 0; round < 8; round += 1) {
      // Several clients at once: what happens meanwhile is reported by the next call.
      const work = Array.from({ length: 6 }, (_, i) => change(store, client, below, 20 + round * 6 + i));
      const followed = caches.map((cache) => cache.follow());
      await Promise.all([...work, ...followed]);
      // As after a crash: the log is all that is left.
      if (below(2) === 0) store.account.emails[Symbol.dispose]();
      await store.account.mailboxes.finishDeletions();
      for (const cache of caches) {
        await cache.follow();
        const kept = cache.ids;
        assert.deepEqual(kept, await cache.fresh(), `round ${round}`);
      }
      await checkThreads(client, threads, emailsOf, below(2) === 0 ? 20 : null);
      await checkMailboxes(client, mailboxes, seen);
    }
    const resets = caches.reduce((sum, cache) => sum + cache.resets, 0);
    assert.ok(resets < caches.length * 4, `${resets} queries were made again`);
  });
}

/** A client that fetches changed threads only knows all of them. */
async function checkThreads(
  client: JmapClient,
  threads: Known,
  emailsOf: Map<string, string>,
  most: number | null,
): Promise<void> {
  const touched = await threads.follow(most);
  const read = async (ids: Iterable<string>): Promise<Map<string, string>> => {
    const { list } = await client.call('Thread/get', { ids: [...ids] });
    return new Map(list.map(({ id, ...rest }) => [id, JSON.stringify(rest)]));
  };
  for (const [id, emails] of await read(touched)) emailsOf.set(id, emails);
  for (const id of emailsOf.keys()) if (!threads.ids.has(id)) emailsOf.delete(id);
  const { list } = await client.call('Email/get', {
    ids: (await client.call('Email/query', {})).ids,
    properties: ['threadId'],
  });
  const now = new Set(list.map((email) => (email as unknown as { threadId: string }).threadId));
  assert.deepEqual([...threads.ids].toSorted(), [...now].toSorted());
  assert.deepEqual(emailsOf, await read(emailsOf.keys()));
}

/** Every mailbox that shows anything else than before is reported. */
async function checkMailboxes(client: JmapClient, known: Known, seen: Map<string, unknown>): Promise<void> {
  const touched = await known.follow(null);
  const { list } = await client.call('Mailbox/get', {});
  assert.deepEqual([...known.ids].toSorted(), list.map(({ id }) => id).toSorted());
  for (const mailbox of list) {
    if (!touched.has(mailbox.id)) assert.deepEqual(mailbox, seen.get(mailbox.id));
    seen.set(mailbox.id, mailbox);
  }
}
