import type { AccountId } from '#lib/ids';
import { sql, type Reader, type Tx } from '#ports/database';

/** `removing`: the row is kept until nothing of the account is left. */
export type AccountState = 'active' | 'removing';

/** An account's row. */
export interface AccountRow {
  readonly id: AccountId;
  readonly name: string;
  readonly state: AccountState;
  readonly createdMs: number;
}

const columns = sql`id, name, state, created_ms AS "createdMs"`;

/** All accounts by name. */
export async function allAccounts(reader: Reader): Promise<AccountRow[]> {
  return await reader.all<AccountRow>(sql`SELECT ${columns} FROM account ORDER BY name`);
}

/** The account of a normalised name. */
export async function accountByName(reader: Reader, name: string): Promise<AccountRow | null> {
  return (await reader.get<AccountRow>(sql`SELECT ${columns} FROM account WHERE name = ${name}`)) ?? null;
}

/** Adds an account; null when the name is taken. */
export async function insertAccount(tx: Tx, name: string, nowMs: number): Promise<AccountId | null> {
  const row = await tx.get<{ id: AccountId }>(
    sql`INSERT INTO account (name, state, created_ms) VALUES (${name}, 'active', ${nowMs}) ON CONFLICT DO NOTHING RETURNING id`,
  );
  return row?.id ?? null;
}

/** Marks an account as being removed; from now on nobody can open or log in to it. */
export async function markRemoving(tx: Tx, id: AccountId): Promise<void> {
  await tx.run(sql`UPDATE account SET state = 'removing' WHERE id = ${id}`);
  await tx.run(sql`DELETE FROM credential WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM client_key WHERE account = ${id}`);
}

/** Deletes an account's row, and what was said of its outgoing mail. Queued mail stays. */
export async function deleteAccount(tx: Tx, id: AccountId): Promise<void> {
  await tx.run(sql`DELETE FROM suppression WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM queue_hold_rule WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM webhook_outbox WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM account WHERE id = ${id}`);
}
