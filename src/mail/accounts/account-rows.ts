import type { AccountId } from '#lib/ids';
import { sql, type Reader, type Tx } from '#ports/database';

/**
 * `new`: its database may not be there yet. `active`: was made before accounts had an identity; becomes `bound` when it is opened.
 * `bound`: its database has its identity, and is never made anew. `removing`: the row is kept until nothing of the account is left.
 */
export type AccountState = 'new' | 'active' | 'bound' | 'removing';

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

/** Ids of accounts whose databases must be there, ascending, after `afterId`. */
export async function boundAfter(reader: Reader, afterId: AccountId | 0, limit: number): Promise<AccountId[]> {
  const rows = await reader.all<{ id: AccountId }>(
    sql`SELECT id FROM account WHERE id > ${afterId} AND state = 'bound' ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(({ id }) => id);
}

/** The account of a normalised name. */
export async function accountByName(reader: Reader, name: string): Promise<AccountRow | null> {
  return (await reader.get<AccountRow>(sql`SELECT ${columns} FROM account WHERE name = ${name}`)) ?? null;
}

/** Adds an account with an id above `aboveId`; null when the name is taken. */
export async function insertAccount(tx: Tx, name: string, nowMs: number, aboveId: number): Promise<AccountId | null> {
  const row = await tx.get<{ id: AccountId }>(
    sql`INSERT INTO account (name, state, created_ms) VALUES (${name}, 'new', ${nowMs}) ON CONFLICT DO NOTHING RETURNING id`,
  );
  if (row === undefined || row.id > aboveId) return row?.id ?? null;
  await tx.run(sql`DELETE FROM account WHERE id = ${row.id}`);
  const id = (aboveId + 1) as AccountId;
  await insertAccountAs(tx, id, name, 'new', nowMs);
  return id;
}

/** Adds an account with a given id that nothing has. */
export async function insertAccountAs(
  tx: Tx,
  id: AccountId,
  name: string,
  state: AccountState,
  nowMs: number,
): Promise<void> {
  await tx.run(sql`INSERT INTO account (id, name, state, created_ms) VALUES (${id}, ${name}, ${state}, ${nowMs})`);
}

/** Marks that an account's database has its identity. */
export async function markBound(tx: Tx, id: AccountId): Promise<void> {
  await tx.run(sql`UPDATE account SET state = 'bound' WHERE id = ${id} AND state IN ('new', 'active')`);
}

/** Marks an account as being removed; from now on it cannot be opened nor logged in to. */
export async function markRemoving(tx: Tx, id: AccountId): Promise<void> {
  await tx.run(sql`UPDATE account SET state = 'removing' WHERE id = ${id}`);
  await tx.run(sql`DELETE FROM credential WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM client_key WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM app_password WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM web_session WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM push_subscription WHERE account = ${id}`);
}

/** Gives what the server has noted about an account, such as its password, to another id. */
export async function replaceAccount(tx: Tx, from: AccountId, to: AccountId): Promise<void> {
  await tx.run(sql`UPDATE credential SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE client_key SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE app_password SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE web_session SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE push_subscription SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE suppression SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE queue_hold_rule SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE webhook_outbox SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE queue_message SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE email_submission SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE email_submission_state SET account = ${to} WHERE account = ${from}`);
  await tx.run(sql`UPDATE email_submission_tombstone SET account = ${to} WHERE account = ${from}`);
}

/** Deletes an account's row, and what was said of its outgoing mail. Queued mail stays. */
export async function deleteAccount(tx: Tx, id: AccountId): Promise<void> {
  await tx.run(sql`DELETE FROM suppression WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM queue_hold_rule WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM webhook_outbox WHERE account = ${id}`);
  const its = sql`SELECT id FROM email_submission WHERE account = ${id}`;
  await tx.run(sql`DELETE FROM email_submission_recipient WHERE submission IN (${its})`);
  await tx.run(sql`DELETE FROM email_submission_notice WHERE submission IN (${its})`);
  await tx.run(sql`DELETE FROM email_submission WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM email_submission_state WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM email_submission_tombstone WHERE account = ${id}`);
  await tx.run(sql`DELETE FROM account WHERE id = ${id}`);
  await tx.run(sql`INSERT INTO removed_account (account) VALUES (${id}) ON CONFLICT DO NOTHING`);
}

/** Deletes an account's row only. */
export async function dropAccountRow(tx: Tx, id: AccountId): Promise<void> {
  await tx.run(sql`DELETE FROM account WHERE id = ${id}`);
}

/** True for an account that was removed with all its mail. */
export async function wasRemoved(reader: Reader, id: AccountId): Promise<boolean> {
  return (await reader.get(sql`SELECT account FROM removed_account WHERE account = ${id}`)) !== undefined;
}

/** The server's identity. */
export async function serverIdentity(reader: Reader): Promise<string> {
  const row = await reader.get<{ server: string }>(sql`SELECT server FROM server_identity`);
  if (row === undefined) throw new Error('the server has no identity');
  return row.server;
}
