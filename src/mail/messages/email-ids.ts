import type { AccountId, MailboxId } from '#lib/ids';
import { allPages, pageRows } from '#mail/schema';
import type { Clock } from '#ports/clock';
import { sql, type Database } from '#ports/database';

/** Dependencies of `EmailIds`. */
interface EmailIdsDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly clock: Clock;
}

/** Ids of the emails of a mailbox, at the positions of their UIDs, which ascend. */
interface Column {
  uids: Uint32Array;
  ids: Float64Array;
}

/** Time in ms for which they are kept after their last use. */
const keepMs = 60_000;

/** The emails behind the UIDs of mailboxes, kept in memory for a while: which message a UID stands for never changes. */
export class EmailIds implements Disposable {
  readonly #deps: EmailIdsDeps;
  readonly #columns = new Map<MailboxId, Column>();
  #idle: Disposable | null = null;

  constructor(deps: EmailIdsDeps) {
    this.#deps = deps;
  }

  /** Returns the id of the email of each UID among ascending `uids`; 0 for those that are gone. */
  async of(mailbox: MailboxId, uids: Uint32Array): Promise<Float64Array> {
    const column = await this.#column(mailbox, uids.at(-1) ?? 0);
    const ids = new Float64Array(uids.length);
    let at = 0;
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] ?? 0;
      while (at < column.uids.length && (column.uids[at] ?? 0) < uid) at++;
      if (column.uids[at] === uid) ids[i] = column.ids[at] ?? 0;
    }
    return ids;
  }

  [Symbol.dispose](): void {
    this.#idle?.[Symbol.dispose]();
    this.#idle = null;
    this.#columns.clear();
  }

  /** The column up to a UID at least: what is missing at its end is read. */
  async #column(mailbox: MailboxId, lastUid: number): Promise<Column> {
    const { account, db, clock } = this.#deps;
    this.#idle?.[Symbol.dispose]();
    this.#idle = clock.timer(keepMs, () => this[Symbol.dispose]());
    const known = this.#columns.get(mailbox) ?? { uids: new Uint32Array(0), ids: new Float64Array(0) };
    const from = known.uids.at(-1) ?? 0;
    if (from >= lastUid) return known;
    const rows = await db.read((reader) =>
      allPages(
        reader,
        (behind) => sql`SELECT uid, email FROM message
          WHERE account = ${account} AND mailbox = ${mailbox} AND uid > ${behind?.[0] ?? from} ORDER BY uid LIMIT ${pageRows}`,
      ),
    );
    await db.durable();
    const uids = new Uint32Array(known.uids.length + rows.length);
    const ids = new Float64Array(uids.length);
    uids.set(known.uids);
    ids.set(known.ids);
    for (const [i, [uid, email]] of rows.entries()) {
      uids[known.uids.length + i] = Number(uid);
      ids[known.uids.length + i] = Number(email);
    }
    const column = { uids, ids };
    this.#columns.set(mailbox, column);
    return column;
  }
}
