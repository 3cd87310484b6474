import { modSeq, uidValidity, type AccountId, type ModSeq, type UidValidity } from '#lib/ids';
import { sql, type Reader, type Tx } from '#ports/database';

/** Numbers for a write: its MODSEQ, and the first of the row ids that it took. */
export interface Advance {
  readonly modSeq: ModSeq;
  readonly firstId: number;
}

/** The bus topic of an account's changes. */
export function accountTopic(account: AccountId): string {
  return `account:${account}`;
}

/**
 * Takes the next MODSEQ of the account, and `ids` fresh row ids. On PostgreSQL its row lock makes writers of one account follow each other,
 * so that MODSEQs become visible in order (invariant 3).
 */
export async function advance(tx: Tx, account: AccountId, ids = 0): Promise<Advance> {
  const [row] = await tx.arrays(
    sql`UPDATE account_state SET modseq = modseq + 1, next_id = next_id + ${ids} WHERE account = ${account} RETURNING modseq, next_id`,
  );
  if (row === undefined) throw new Error(`account ${account} has no state`);
  return { modSeq: Number(row[0]) as ModSeq, firstId: Number(row[1]) - ids };
}

/** Takes `count` fresh row ids for a write that has its MODSEQ. @returns the first. */
export async function takeIds(tx: Tx, account: AccountId, count: number): Promise<number> {
  const row = await tx.get<{ next: number }>(
    sql`UPDATE account_state SET next_id = next_id + ${count} WHERE account = ${account} RETURNING next_id AS next`,
  );
  if (row === undefined) throw new Error(`account ${account} has no state`);
  return row.next - count;
}

/** Takes a UIDVALIDITY that no mailbox of the account ever had. */
export async function takeUidValidity(tx: Tx, account: AccountId): Promise<UidValidity> {
  const row = await tx.get<{ next: number }>(
    sql`UPDATE account_state SET next_uidvalidity = next_uidvalidity + 1 WHERE account = ${account} RETURNING next_uidvalidity AS next`,
  );
  if (row === undefined) throw new Error(`account ${account} has no state`);
  return uidValidity(row.next - 1);
}

/** MODSEQ of the account's last change; null before `initializeState`. */
export async function currentModSeq(reader: Reader, account: AccountId): Promise<ModSeq | null> {
  const row = await reader.get<{ modseq: number }>(sql`SELECT modseq FROM account_state WHERE account = ${account}`);
  return row === undefined ? null : modSeq(row.modseq);
}

/**
 * Adds the state of a new account. UIDVALIDITY begins with the time in seconds, so that an account made anew under an old name
 * does not give what clients may remember (RFC 9051 §2.3.1.1).
 * @returns whether it was missing.
 */
export async function initializeState(tx: Tx, account: AccountId, nowMs: number): Promise<boolean> {
  const seconds = Math.max(1, Math.floor(nowMs / 1000));
  const added = await tx.run(
    sql`INSERT INTO account_state (account, modseq, next_id, next_uidvalidity) VALUES (${account}, 1, 1, ${seconds}) ON CONFLICT DO NOTHING`,
  );
  return added > 0;
}
