import type { Answer, RecordType, Records, Resolver } from '#ports/resolver';

/** Zone of a `FakeResolver`: by lower-case name, the records of each type. */
export type FakeZone = Readonly<Record<string, { readonly [K in RecordType]?: readonly Records[K][] }>>;

/** Reason why a faked query fails. */
export type FakeFailure = Extract<Answer<never>, { kind: 'failed' }>['why'];

/** Deviations of a `FakeResolver` from plain, unsigned answers. */
export interface FakeResolverOptions {
  /** `name` or `TYPE name` of queries that fail, and how. */
  readonly failures?: Readonly<Record<string, FakeFailure>>;
  /** Names whose answers are DNSSEC-authentic; `*` for all. */
  readonly authentic?: readonly string[];
}

/**
 * DNS from a table, for tests. Follows CNAMEs of the zone; names that are absent from it do not exist.
 * `queries` lists what was asked as `TYPE name`, in order.
 */
export class FakeResolver implements Resolver {
  readonly queries: string[] = [];
  readonly #zone: FakeZone;
  readonly #options: FakeResolverOptions;

  constructor(zone: FakeZone = {}, options: FakeResolverOptions = {}) {
    this.#zone = zone;
    this.#options = options;
  }

  async query<K extends RecordType>(name: string, type: K, signal?: AbortSignal): Promise<Answer<Records[K]>> {
    signal?.throwIfAborted();
    let at = name.toLowerCase().replace(/\.$/, '');
    this.queries.push(`${type} ${at}`);
    await Promise.resolve();
    signal?.throwIfAborted();
    let authentic = true;
    for (let hops = 0; hops < 10; hops++) {
      const why = this.#options.failures?.[`${type} ${at}`] ?? this.#options.failures?.[at];
      if (why !== undefined) return { kind: 'failed', why };
      authentic &&= this.#isAuthentic(at);
      const node = this.#zone[at];
      if (node === undefined) return { kind: 'absent', why: 'nxdomain', authentic, ttlS: 60 };
      const records: readonly Records[K][] | undefined = node[type];
      if (records !== undefined && records.length > 0) {
        return { kind: 'found', records, authentic, ttlS: 300, canonicalName: at };
      }
      const alias = node.CNAME?.[0];
      if (alias === undefined) return { kind: 'absent', why: 'nodata', authentic, ttlS: 60 };
      at = alias.toLowerCase();
    }
    return { kind: 'failed', why: 'servfail' };
  }

  #isAuthentic(name: string): boolean {
    const names = this.#options.authentic ?? [];
    return names.includes('*') || names.includes(name);
  }
}
