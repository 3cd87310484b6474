import { sql, type Reader, type Tx } from '#ports/database';
import type { DerivedSecrets } from './derive.ts';

/** Stored secrets of an account, by its name. */
export interface CredentialRow extends DerivedSecrets {
  readonly account: number;
  readonly changedMs: number;
}

/** Returns the secrets of the active account of a name; null when there is no such account or it has none. */
export async function credentialOf(reader: Reader, name: string): Promise<CredentialRow | null> {
  const row = await reader.get<CredentialRow>(
    sql`SELECT a.id AS account, c.changed_ms AS "changedMs", c.password_hash AS "passwordHash", c.scram_sha1 AS "scramSha1",
      c.scram_sha256 AS "scramSha256", c.cram_md5 AS "cramMd5"
      FROM account AS a JOIN credential AS c ON c.account = a.id WHERE a.name = ${name} AND a.state <> 'removing'`,
  );
  return row ?? null;
}

/** Returns the id of the active account of a name; null when there is none. */
export async function activeAccount(reader: Reader, name: string): Promise<number | null> {
  const row = await reader.get<{ id: number }>(
    sql`SELECT id FROM account WHERE name = ${name} AND state <> 'removing'`,
  );
  return row?.id ?? null;
}

/** Stores or replaces an account's secrets. */
export async function putCredential(tx: Tx, account: number, secrets: DerivedSecrets, nowMs: number): Promise<void> {
  const { passwordHash, scramSha1, scramSha256, cramMd5 } = secrets;
  await tx.run(
    sql`INSERT INTO credential (account, changed_ms, password_hash, scram_sha1, scram_sha256, cram_md5)
      VALUES (${account}, ${nowMs}, ${passwordHash}, ${scramSha1}, ${scramSha256}, ${cramMd5})
      ON CONFLICT (account) DO UPDATE SET changed_ms = excluded.changed_ms, password_hash = excluded.password_hash,
      scram_sha1 = excluded.scram_sha1, scram_sha256 = excluded.scram_sha256, cram_md5 = excluded.cram_md5`,
  );
}

/** A row of `client_key`, with its account's name. */
export interface ClientKeyRow {
  readonly fingerprint: Uint8Array;
  readonly account: string;
  readonly login: string;
  readonly label: string;
  readonly createdMs: number;
}

/** Returns the key with a fingerprint; null when there is none or its account is not active. */
export async function clientKeyOf(reader: Reader, fingerprint: Uint8Array): Promise<ClientKeyRow | null> {
  const row = await reader.get<ClientKeyRow>(
    sql`SELECT k.fingerprint, a.name AS account, k.login, k.label, k.created_ms AS "createdMs"
      FROM client_key AS k JOIN account AS a ON a.id = k.account WHERE k.fingerprint = ${fingerprint} AND a.state <> 'removing'`,
  );
  return row ?? null;
}

/** Returns all keys of an account, oldest first. */
export async function clientKeysOf(reader: Reader, account: number): Promise<ClientKeyRow[]> {
  return await reader.all<ClientKeyRow>(
    sql`SELECT k.fingerprint, a.name AS account, k.login, k.label, k.created_ms AS "createdMs"
      FROM client_key AS k JOIN account AS a ON a.id = k.account WHERE k.account = ${account} ORDER BY k.created_ms`,
  );
}

/** Adds a key. @returns false when it is in use already. */
export async function insertClientKey(
  tx: Tx,
  account: number,
  key: { readonly fingerprint: Uint8Array; readonly login: string; readonly label: string; readonly createdMs: number },
): Promise<boolean> {
  const { fingerprint, login, label, createdMs } = key;
  const added = await tx.run(
    sql`INSERT INTO client_key (fingerprint, account, login, label, created_ms)
      VALUES (${fingerprint}, ${account}, ${login}, ${label}, ${createdMs}) ON CONFLICT DO NOTHING`,
  );
  return added > 0;
}

/** Removes a key. */
export async function deleteClientKey(tx: Tx, fingerprint: Uint8Array): Promise<void> {
  await tx.run(sql`DELETE FROM client_key WHERE fingerprint = ${fingerprint}`);
}

/** Returns the server's secret of a name; stores `fresh` as the secret at first use. */
export async function serverSecret(tx: Tx, name: string, fresh: Uint8Array): Promise<Uint8Array> {
  await tx.run(sql`INSERT INTO server_secret (name, value) VALUES (${name}, ${fresh}) ON CONFLICT DO NOTHING`);
  const row = await tx.get<{ value: Uint8Array }>(sql`SELECT value FROM server_secret WHERE name = ${name}`);
  return row?.value ?? fresh;
}
