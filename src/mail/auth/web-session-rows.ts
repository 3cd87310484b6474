import { sql, type Reader, type Tx } from '#ports/database';

/** A session of pages. */
export interface WebSession {
  readonly id: number;
  /** Name of its account. */
  readonly account: string;
  /** Login name that was used. */
  readonly login: string;
  /** Browser and system in words, such as `Firefox on Linux`. */
  readonly device: string;
  readonly createdMs: number;
  /** To the minute. */
  readonly lastUsedMs: number;
  /** IP address of the last use. */
  readonly lastAddress: string;
}

/** Times from which sessions are still good: of their last use, and of their login. */
export interface SessionFloor {
  readonly usedMs: number;
  readonly createdMs: number;
}

const columns = sql`s.id, a.name AS account, s.login, s.device, s.created_ms AS "createdMs", s.last_used_ms AS "lastUsedMs",
  s.last_address AS "lastAddress"`;

/** Returns the session with this digest of an active account; null when there is none, or none that is still good. */
export async function webSessionOf(
  reader: Reader,
  digest: Uint8Array,
  floor: SessionFloor,
): Promise<WebSession | null> {
  const row = await reader.get<WebSession>(
    sql`SELECT ${columns} FROM web_session AS s JOIN account AS a ON a.id = s.account
      WHERE s.digest = ${digest} AND a.state <> 'removing' AND s.last_used_ms > ${floor.usedMs} AND s.created_ms > ${floor.createdMs}`,
  );
  return row ?? null;
}

/** Returns the sessions of an account that are still good, the latest login first. */
export async function webSessionsOf(reader: Reader, account: number, floor: SessionFloor): Promise<WebSession[]> {
  return await reader.all<WebSession>(
    sql`SELECT ${columns} FROM web_session AS s JOIN account AS a ON a.id = s.account
      WHERE s.account = ${account} AND s.last_used_ms > ${floor.usedMs} AND s.created_ms > ${floor.createdMs} ORDER BY s.id DESC`,
  );
}

/** Adds a session. @returns its id. */
export async function insertWebSession(
  tx: Tx,
  account: number,
  digest: Uint8Array,
  { login, device, createdMs, lastAddress }: Pick<WebSession, 'login' | 'device' | 'createdMs' | 'lastAddress'>,
): Promise<number> {
  const row = await tx.get<{ readonly id: number }>(
    sql`INSERT INTO web_session (account, login, digest, device, created_ms, last_used_ms, last_address)
      VALUES (${account}, ${login}, ${digest}, ${device}, ${createdMs}, ${createdMs}, ${lastAddress}) RETURNING id`,
  );
  if (row === undefined) throw new Error('a session was not stored');
  return row.id;
}

/** Notes a use. */
export async function putWebSessionUse(tx: Tx, id: number, atMs: number, address: string): Promise<void> {
  await tx.run(sql`UPDATE web_session SET last_used_ms = ${atMs}, last_address = ${address} WHERE id = ${id}`);
}

/** Removes one session of an account. @returns false when there is none. */
export async function deleteWebSession(tx: Tx, account: number, id: number): Promise<boolean> {
  return (await tx.run(sql`DELETE FROM web_session WHERE account = ${account} AND id = ${id}`)) > 0;
}

/** Removes the sessions of an account but one. @returns how many. */
export async function deleteWebSessions(tx: Tx, account: number, except: number | null = null): Promise<number> {
  return await tx.run(sql`DELETE FROM web_session WHERE account = ${account} AND id <> ${except ?? 0}`);
}

/** Removes the sessions of an account that are no longer good, and the oldest of those beyond `most`. */
export async function trimWebSessions(tx: Tx, account: number, floor: SessionFloor, most: number): Promise<void> {
  await tx.run(
    sql`DELETE FROM web_session WHERE account = ${account} AND (last_used_ms <= ${floor.usedMs} OR created_ms <= ${floor.createdMs})`,
  );
  await tx.run(
    sql`DELETE FROM web_session WHERE account = ${account} AND id NOT IN
      (SELECT id FROM web_session WHERE account = ${account} ORDER BY last_used_ms DESC, id DESC LIMIT ${most})`,
  );
}
