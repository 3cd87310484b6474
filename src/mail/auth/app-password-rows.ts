import { appPasswordScopes, type AppPasswordScope } from '#lib/sasl';
import { sql, type Reader, type Tx } from '#ports/database';
import { activeAccount } from './credential-rows.ts';
import { saltsOf, type DerivedSecrets, type ScramSalts } from './derive.ts';

/** Use of an app password. */
export interface AppPasswordUse {
  readonly atMs: number;
  /** Protocol of the login: `imap`, `submission` or `http`. */
  readonly protocol: string;
  /** IP address of the client. */
  readonly address: string;
}

/** An app password without its secrets. */
export interface AppPassword {
  readonly id: number;
  /** Name of its account. */
  readonly account: string;
  readonly name: string;
  readonly scopes: readonly AppPasswordScope[];
  readonly createdMs: number;
  /** Null for never. */
  readonly expiresMs: number | null;
  /** Null when no login used it yet. */
  readonly lastUse: AppPasswordUse | null;
}

/** Stored secrets of an app password. */
export interface AppPasswordSecrets extends Omit<DerivedSecrets, 'passwordHash'> {
  /** SHA-256: fast, since the password is random and long. */
  readonly digest: Uint8Array;
}

/** The parts of an app password that a login needs. */
export interface AppPasswordProof extends AppPasswordSecrets {
  readonly id: number;
  readonly scopes: readonly AppPasswordScope[];
  /** Null for never. */
  readonly expiresMs: number | null;
}

interface Row {
  readonly id: number;
  readonly account: string;
  readonly name: string;
  readonly scopes: string;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly lastUsedMs: number | null;
  readonly lastUsedProtocol: string | null;
  readonly lastUsedAddress: string | null;
}

/** Returns what proves the app passwords of an account that have not expired. */
export async function appPasswordProofs(reader: Reader, account: number, nowMs: number): Promise<AppPasswordProof[]> {
  const rows = await reader.all<Omit<AppPasswordProof, 'scopes'> & { readonly scopes: string }>(
    sql`SELECT id, scopes, expires_ms AS "expiresMs", digest, scram_sha1 AS "scramSha1", scram_sha256 AS "scramSha256", cram_md5 AS "cramMd5"
      FROM app_password WHERE account = ${account} AND (expires_ms IS NULL OR expires_ms > ${nowMs})`,
  );
  return rows.map((row) => ({ ...row, scopes: readScopes(row.scopes) }));
}

/** Returns the name of the active account that has an app password with this digest; null when there is none. */
export async function accountOfDigest(reader: Reader, digest: Uint8Array): Promise<string | null> {
  const row = await reader.get<{ readonly account: string }>(
    sql`SELECT a.name AS account FROM app_password AS p JOIN account AS a ON a.id = p.account
      WHERE p.digest = ${digest} AND a.state <> 'removing' LIMIT 1`,
  );
  return row?.account ?? null;
}

/** Returns the salts that the app passwords of an account share, by the account's name; null when it has none. */
export async function appPasswordSalts(reader: Reader, account: string): Promise<ScramSalts | null> {
  const id = await activeAccount(reader, account);
  if (id === null) return null;
  const row = await reader.get<Pick<AppPasswordSecrets, 'scramSha1' | 'scramSha256'>>(
    sql`SELECT scram_sha1 AS "scramSha1", scram_sha256 AS "scramSha256" FROM app_password WHERE account = ${id} LIMIT 1`,
  );
  return row === undefined ? null : saltsOf(row);
}

/** Returns the app passwords of an account, oldest first. */
export async function appPasswordsOf(reader: Reader, account: number): Promise<AppPassword[]> {
  const rows = await reader.all<Row>(
    sql`SELECT p.id, a.name AS account, p.name, p.scopes, p.created_ms AS "createdMs", p.expires_ms AS "expiresMs",
      p.last_used_ms AS "lastUsedMs", p.last_used_protocol AS "lastUsedProtocol", p.last_used_address AS "lastUsedAddress"
      FROM app_password AS p JOIN account AS a ON a.id = p.account WHERE p.account = ${account} ORDER BY p.id`,
  );
  return rows.map(appPasswordOf);
}

/** Adds an app password. @returns its id; null when the account has one of that name. */
export async function insertAppPassword(
  tx: Tx,
  account: number,
  { name, scopes, createdMs, expiresMs }: Pick<AppPassword, 'name' | 'scopes' | 'createdMs' | 'expiresMs'>,
  { digest, scramSha1, scramSha256, cramMd5 }: AppPasswordSecrets,
): Promise<number | null> {
  const row = await tx.get<{ readonly id: number }>(
    sql`INSERT INTO app_password (account, name, scopes, created_ms, expires_ms, digest, scram_sha1, scram_sha256, cram_md5)
      VALUES (${account}, ${name}, ${scopes.join(' ')}, ${createdMs}, ${expiresMs}, ${digest}, ${scramSha1}, ${scramSha256}, ${cramMd5})
      ON CONFLICT DO NOTHING RETURNING id`,
  );
  return row?.id ?? null;
}

/** Removes an app password of an account by its name. @returns false when there is none. */
export async function deleteAppPassword(tx: Tx, account: number, name: string): Promise<boolean> {
  return (await tx.run(sql`DELETE FROM app_password WHERE account = ${account} AND name = ${name}`)) > 0;
}

/** Notes a login. */
export async function putAppPasswordUse(
  tx: Tx,
  id: number,
  { atMs, protocol, address }: AppPasswordUse,
): Promise<void> {
  await tx.run(
    sql`UPDATE app_password SET last_used_ms = ${atMs}, last_used_protocol = ${protocol}, last_used_address = ${address}
      WHERE id = ${id}`,
  );
}

function appPasswordOf(row: Row): AppPassword {
  const { lastUsedMs, lastUsedProtocol, lastUsedAddress, scopes, ...rest } = row;
  const lastUse =
    lastUsedMs === null ? null : { atMs: lastUsedMs, protocol: lastUsedProtocol ?? '', address: lastUsedAddress ?? '' };
  return { ...rest, scopes: readScopes(scopes), lastUse };
}

const known: ReadonlySet<string> = new Set(appPasswordScopes);

/** Reads stored scopes. A word of a later version permits nothing here. */
function readScopes(text: string): AppPasswordScope[] {
  return text.split(' ').filter((word): word is AppPasswordScope => known.has(word));
}
