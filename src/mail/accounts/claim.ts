import type { AccountId } from '#lib/ids';
import { currentModSeq, initializeState } from '#mail/changes';
import { ConditionError } from '#ports/conditions';
import { DatabaseMissing, sql, type Database, type Databases, type Reader, type Sql, type Tx } from '#ports/database';
import type { AccountRow } from './account-rows.ts';
import { addInitialMailboxes } from './account.ts';

/** Reason why the mail of an account is not served. */
export type RefusalReason =
  /** Its database file is gone or empty. */
  | 'missing'
  /** Its database holds nothing, or says that it belongs to another account or server. */
  | 'foreign'
  /** The server does not know the account, and there is data that may be its. */
  | 'unclaimed';

/** An account whose stored data is not certainly its own: it is refused until the operator decides. Nothing of it was changed. */
export class AccountUnavailable extends ConditionError {
  override readonly name = 'AccountUnavailable';
  readonly reason: RefusalReason;
  readonly problem: string;
  /** Remedy for the operator, as a sentence. */
  readonly remedy: string;

  constructor(account: string, reason: RefusalReason, problem: string, remedy: string) {
    super('accountRefused', `account ${account}`, { message: `${problem}; ${remedy}` });
    this.problem = problem;
    this.reason = reason;
    this.remedy = remedy;
  }
}

/** Owner of the data in a database, as stored. */
export interface StoredIdentity {
  readonly account: AccountId;
  readonly server: string;
  readonly name: string;
  /** When an operator took it over, null when it was made for the account. */
  readonly adoptedMs: number | null;
}

/**
 * Returns the statement for the identity in an account's database. In a file of its own any row counts, because the file may be another
 * account's; where all accounts share tables, only its own does.
 */
export function identityStatement(id: AccountId, dialect: Database['dialect']): Sql {
  const whose = dialect === 'sqlite' ? sql`LIMIT 1` : sql`WHERE account = ${id}`;
  return sql`SELECT account, server, name, adopted_ms AS "adoptedMs" FROM account_identity ${whose}`;
}

/** Returns the identity in the database of account `id`; null when it has none. */
export async function storedIdentity(
  reader: Reader,
  id: AccountId,
  dialect: Database['dialect'],
): Promise<StoredIdentity | null> {
  return (await reader.get<StoredIdentity>(identityStatement(id, dialect))) ?? null;
}

/** Reports whether a database says that it holds the data of an account's row. */
export function isOwnIdentity(identity: StoredIdentity, { id, name }: AccountRow, server: string): boolean {
  return identity.account === id && identity.server === server && identity.name === name;
}

/** Writes whose data a database holds. */
export async function writeIdentity(
  tx: Tx,
  { account, server, name, adoptedMs }: StoredIdentity,
  dialect: Database['dialect'],
): Promise<void> {
  await tx.run(sql`DELETE FROM account_identity ${dialect === 'sqlite' ? sql`` : sql`WHERE account = ${account}`}`);
  await tx.run(
    sql`INSERT INTO account_identity (account, server, name, adopted_ms) VALUES (${account}, ${server}, ${name}, ${adoptedMs})`,
  );
}

/** An account's database that is certainly its own. */
export interface ClaimedDatabase {
  readonly db: Database;
  readonly adoptedMs: number | null;
}

/**
 * Opens the database of an account's row and makes sure that it is the account's: a new one gets identity and first mailboxes in one transaction,
 * one from before there were identities gets its own once, any other must have it. @throws AccountUnavailable.
 */
export async function claimDatabase(
  databases: Databases,
  row: AccountRow,
  server: string,
  nowMs: number,
): Promise<ClaimedDatabase> {
  const { id, name, state } = row;
  const isNew = state === 'new';
  const db = await databases.account(id, !isNew);
  const { identity, hasState } = await readDatabase(db, row);
  if (identity !== null) {
    const isOwn = isOwnIdentity(identity, row, server);
    if (isOwn && hasState) return { db, adoptedMs: identity.adoptedMs };
    throw foreign(row, isOwn ? 'has lost its beginning' : describe(identity, server), identity.account);
  }
  if (isNew !== hasState && state !== 'bound') {
    const writing = db.write(async (tx) => {
      if (isNew && (await initializeState(tx, id, nowMs))) await addInitialMailboxes(tx, id);
      await writeIdentity(tx, { account: id, server, name, adoptedMs: null }, db.dialect);
    });
    await writing.catch((error: unknown) => {
      // A full disk does not keep mail from being read that is there: the next opening tries again.
      if (isNew || !(error instanceof ConditionError)) throw error;
    });
    return { db, adoptedMs: null };
  }
  throw foreign(row, hasState ? 'does not say whose mail it holds' : 'holds nothing');
}

async function readDatabase(
  db: Database,
  row: AccountRow,
): Promise<{ readonly identity: StoredIdentity | null; readonly hasState: boolean }> {
  try {
    return await db.read(async (reader) => ({
      identity: await storedIdentity(reader, row.id, db.dialect),
      hasState: (await currentModSeq(reader, row.id)) !== null,
    }));
  } catch (error) {
    if (!(error instanceof DatabaseMissing)) throw error;
    const remedy = `restore accounts/${row.id} from a backup, or start the account afresh with "godwit account recreate ${row.name}"`;
    throw new AccountUnavailable(row.name, 'missing', `the database of account ${row.name}, ${error.message}`, remedy);
  }
}

function describe({ account, server, name }: StoredIdentity, ownServer: string): string {
  if (server !== ownServer)
    return `belongs to account ${name} of another server, or of this one before its server.db was lost`;
  return `belongs to account ${name} (accounts/${account})`;
}

/** @param place  Number of the folder that the database says it belongs into. */
function foreign({ id, name }: AccountRow, problem: string, place: AccountId = id): AccountUnavailable {
  const afresh = `start the account afresh with "godwit account recreate ${name}"`;
  // Rows of another number would not be found, so that only the folder can be put back.
  const remedy =
    place === id
      ? `take the data over with "godwit account adopt ${name}", or restore accounts/${id} and blobs/${id} from a backup, or ${afresh}`
      : `stop the server and put the folders back: what is in accounts/${id} belongs into accounts/${place}, and blobs/${id} into blobs/${place} if they were moved together; or ${afresh}`;
  const what = `accounts/${id}/account.db, the database of account ${name}, ${problem}`;
  return new AccountUnavailable(name, 'foreign', what, remedy);
}
