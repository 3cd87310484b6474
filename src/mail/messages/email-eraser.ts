import type { AccountId, ContentId } from '#lib/ids';
import { discardBlob } from '#mail/content';
import { inList } from '#mail/schema';
import type { BlobId } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Sql, type Tx } from '#ports/database';
import { messageLimits } from './limits.ts';

/** As long as of mail that was refused (#mail/story). */
const keepDepartedMs = 14 * 86_400_000;

/** Dependencies of `EmailEraser`. */
interface EmailEraserDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly clock: Clock;
}

/**
 * Removes descriptions and bytes of emails that are in no mailbox anymore, but for their threads, which the log of changes needs. The transaction that took the last place away recorded them
 * (`dropPlaces`), so nothing is forgotten when the process ends first.
 */
export class EmailEraser implements Disposable {
  readonly #deps: EmailEraserDeps;
  #timer: Disposable | null = null;
  #running: Promise<number> | null = null;
  #isDisposed = false;

  constructor(deps: EmailEraserDeps) {
    this.#deps = deps;
  }

  /** Erases soon: not before the client that expunged has its reply, and together with what follows shortly. */
  schedule(): void {
    if (this.#timer !== null || this.#isDisposed) return;
    this.#timer = this.#deps.clock.timer(messageLimits.eraseAfterMs, () => {
      this.#timer = null;
      // What fails stays recorded; the sweep tries it again and reports it.
      this.erase().catch(() => undefined);
    });
  }

  /** Erases everything that is recorded by now, in small transactions with room for those of others in between. @returns how many emails went. */
  async erase(): Promise<number> {
    let erased = 0;
    // A run that began earlier may have looked already.
    while (this.#running !== null) await this.#running.catch(() => undefined);
    this.#running = this.#eraseAll();
    try {
      erased = await this.#running;
    } finally {
      this.#running = null;
    }
    return erased;
  }

  /** Stops after the piece at hand; what is left stays recorded. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  async #eraseAll(): Promise<number> {
    const { account, db, clock } = this.#deps;
    let erased = 0;
    while (!this.#isDisposed) {
      const ids = await db.read((reader) => nextPiece(reader, account));
      if (ids.length === 0) break;
      erased += ids.length;
      // Frees space, so it works on a full disk, too.
      await db.write((tx) => eraseEmails(tx, account, ids, clock.now()), 'reserve');
    }
    return erased;
  }
}

/** The next emails to erase: few enough for one short transaction. */
async function nextPiece(reader: Pick<Tx, 'arrays'>, account: AccountId): Promise<ContentId[]> {
  const rows = await reader.arrays(
    sql`SELECT x.id, c.size_bytes FROM expunged_email AS x
      LEFT JOIN content AS c ON c.account = x.account AND c.id = x.id AND c.bytes IS NOT NULL
      WHERE x.account = ${account} ORDER BY x.id LIMIT ${messageLimits.eraseEmails}`,
  );
  const ids: ContentId[] = [];
  let bytes = 0;
  for (const [id, size] of rows) {
    bytes += Number(size ?? 0);
    if (ids.length > 0 && bytes > messageLimits.eraseBytes) break;
    ids.push(Number(id) as ContentId);
  }
  return ids;
}

async function eraseEmails(tx: Tx, account: AccountId, ids: readonly ContentId[], nowMs: number): Promise<void> {
  const list = inList(ids);
  const blobs = await tx.all<{ blob: BlobId }>(
    sql`SELECT blob_id AS blob FROM content WHERE account = ${account} AND id IN ${list} AND blob_id IS NOT NULL`,
  );
  for (const { blob } of blobs) await discardBlob(tx, account, blob, nowMs);
  await rememberDeparted(tx, account, list, nowMs);
  await tx.run(
    sql`INSERT INTO erased_email (account, id, thread) SELECT account, id, thread FROM email
      WHERE account = ${account} AND id IN ${list} ON CONFLICT DO NOTHING`,
  );
  await tx.run(sql`DELETE FROM content WHERE account = ${account} AND id IN ${list}`);
  await tx.run(sql`DELETE FROM email WHERE account = ${account} AND id IN ${list}`);
  await tx.run(sql`DELETE FROM expunged_email WHERE account = ${account} AND id IN ${list}`);
}

/** Mail that others sent is remembered for a while: for its story, not for its content. */
async function rememberDeparted(tx: Tx, account: AccountId, ids: Sql, nowMs: number): Promise<void> {
  await tx.run(sql`DELETE FROM departed WHERE account = ${account} AND gone_ms < ${nowMs - keepDepartedMs}`);
  await tx.run(sql`INSERT INTO departed (account, gone_ms, email, message_id, size_bytes, received_ms,
      remote_ip, mail_from, rcpt_to, validation)
    SELECT x.account, x.gone_ms, x.id, e.message_id, e.size_bytes, e.received_ms, e.remote_ip, e.mail_from, e.rcpt_to, e.validation
    FROM expunged_email AS x JOIN email AS e ON e.account = x.account AND e.id = x.id
    WHERE x.account = ${account} AND x.id IN ${ids} AND e.mail_from IS NOT NULL`);
}
