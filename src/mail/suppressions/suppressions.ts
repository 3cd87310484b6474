import type { Address } from '#lib/address';
import type { AccountId, QueueId } from '#lib/ids';
import { inBatches, inList } from '#mail/schema';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Reader, type Sql, type Tx } from '#ports/database';
import { normalAddress, suppressorsOf } from './normal-address.ts';

/** Source of a suppression: an operator, a host that refused the address, or a notice that came back. */
export type SuppressionSource = 'operator' | 'refused' | 'notice';

/** An address to suppress. */
export interface NewSuppression {
  readonly account: AccountId;
  /** In any form; what is kept is its normal form. */
  readonly address: string;
  readonly source: SuppressionSource;
  /** For people, such as the reply of the host; cut to 1000 characters. */
  readonly reason: string;
  /** Row id of the queued message that led to it, null for none. */
  readonly message: QueueId | null;
}

/** A suppressed address. */
export interface Suppression extends NewSuppression {
  /** Since when, in milliseconds since 1970. */
  readonly createdMs: number;
  /** Until when, likewise; null until an operator removes it. */
  readonly untilMs: number | null;
}

/** A page of suppressions. */
export interface ListedSuppressions {
  /** By account and address. */
  readonly items: readonly Suppression[];
  /** True when more follow the last one. */
  readonly isCut: boolean;
}

/** Dependencies of `Suppressions`. */
export interface SuppressionsDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Clock;
}

const maxReasonChars = 1000;
const maxPage = 1000;
/** Time in ms for which a suppression by a machine counts. Hosts also refuse every address while their directory is out of order; an address gone for good is refused again. */
const machineMs = 30 * 24 * 60 * 60_000;

/** The suppression lists of all accounts. */
export class Suppressions {
  readonly #deps: SuppressionsDeps;

  constructor(deps: SuppressionsDeps) {
    this.#deps = deps;
  }

  /** As `addIn`, in a transaction of its own. */
  async add(suppression: NewSuppression): Promise<boolean> {
    return await this.#deps.db.write((tx) => this.addIn(tx, suppression));
  }

  /**
   * Suppresses an address, within a transaction of the caller on the server's database: for 30 days, or for good when an operator says so. What is
   * suppressed already stays as it is, unless an operator says so now; without a reason the one that is there stays. @returns whether anything changed.
   */
  async addIn(tx: Tx, { account, address, source, reason, message }: NewSuppression): Promise<boolean> {
    const mayReplace = source === 'operator';
    const nowMs = this.#deps.clock.now();
    const key = normalAddress(address);
    await tx.run(
      sql`DELETE FROM suppression WHERE account = ${account} AND address = ${key} AND NOT ${inForce(nowMs)}`,
    );
    const changed = await tx.run(sql`INSERT INTO suppression (account, address, source, reason, message, created_ms)
      VALUES (${account}, ${key}, ${source}, ${reason.slice(0, maxReasonChars)}, ${message}, ${nowMs})
      ON CONFLICT (account, address) DO UPDATE SET source = excluded.source, message = excluded.message,
        reason = CASE excluded.reason WHEN '' THEN suppression.reason ELSE excluded.reason END
      WHERE ${mayReplace} = 1`);
    return changed > 0;
  }

  /** Lets an account send to an address again. @returns false when it was not suppressed. */
  async remove(account: AccountId, address: string): Promise<boolean> {
    const removed = await this.#deps.db.write(
      (tx) => tx.run(sql`DELETE FROM suppression WHERE account = ${account} AND address = ${normalAddress(address)}`),
      'reserve',
    );
    return removed > 0;
  }

  /**
   * The suppressions of an account, or of all.
   * @param page.after  the last one of the page before.
   * @param page.limit  at most 1000.
   */
  async list(
    account: AccountId | null = null,
    page: { readonly after?: Pick<Suppression, 'account' | 'address'>; readonly limit?: number } = {},
  ): Promise<ListedSuppressions> {
    const limit = Math.min(page.limit ?? maxPage, maxPage);
    const whose = account === null ? sql`1 = 1` : sql`account = ${account}`;
    const { after } = page;
    const from =
      after === undefined
        ? sql`1 = 1`
        : sql`(account > ${after.account} OR (account = ${after.account} AND address > ${after.address}))`;
    const items = await this.#deps.db.read((reader) =>
      reader.all<Suppression>(sql`SELECT ${columns} FROM suppression
        WHERE ${whose} AND ${inForce(this.#deps.clock.now())} AND ${from} ORDER BY account, address LIMIT ${limit + 1}`),
    );
    return { items: items.slice(0, limit), isCut: items.length > limit };
  }

  /** Returns those of these addresses that an account does not send to, by the object that was given; what follows a `+` may be left out in the list. */
  async findIn(
    reader: Reader,
    account: AccountId,
    addresses: readonly Address[],
  ): Promise<ReadonlyMap<Address, Suppression>> {
    const given = new Map<string, Address[]>();
    for (const address of addresses) {
      for (const key of suppressorsOf(address)) {
        const same = given.get(key);
        if (same === undefined) given.set(key, [address]);
        else same.push(address);
      }
    }
    const found = new Map<Address, Suppression>();
    for (const batch of inBatches([...given.keys()])) {
      const rows = await reader.all<Suppression>(sql`SELECT ${columns} FROM suppression
        WHERE account = ${account} AND address IN ${inList(batch)} AND ${inForce(this.#deps.clock.now())}`);
      for (const row of rows) for (const address of given.get(row.address) ?? []) found.set(address, row);
    }
    return found;
  }
}

const columns = sql`account, address, source, reason, message, created_ms AS "createdMs",
  CASE WHEN source = 'operator' THEN NULL ELSE created_ms + CAST(${machineMs} AS BIGINT) END AS "untilMs"`;

function inForce(nowMs: number): Sql {
  return sql`(source = 'operator' OR created_ms > ${nowMs - machineMs})`;
}
