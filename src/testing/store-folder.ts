import { openBlobs } from '#host/blobs-fs';
import { localBus } from '#host/bus-local';
import { zstdCompression } from '#host/compression';
import { Files } from '#host/files';
import { systemRandom } from '#host/random';
import { openDatabases } from '#host/sqlite';
import { listTexts } from '#lib/imap';
import { Accounts } from '#mail/accounts';
import { BlobSweeper } from '#mail/content';
import { sqliteAccountMigrations, sqliteServerMigrations } from '#mail/schema';
import type { BlobStore } from '#ports/blobs';
import type { Databases } from '#ports/database';
import { FakeClock } from './fake-clock.ts';
import { FakeLog } from './fake-log.ts';
import { FakeLoop } from './fake-loop.ts';

/** Parts of a store that is open. */
export interface FolderStore {
  readonly accounts: Accounts;
  readonly databases: Databases;
  readonly blobs: BlobStore;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly sweeper: BlobSweeper;
}

/** Differences from a usual start. */
export interface FolderStart {
  /** Time since now on the store's clock. */
  readonly laterMs?: number;
  /** Goes on with a server's database that cannot be opened, as the check does. */
  readonly toleratesDamage?: boolean;
}

/** Opens the SQLite files of a directory, as a start of the server does, and closes them after `body`. They are not checked. */
export async function inStoreFolder<T>(
  directory: string,
  body: (store: FolderStore) => Promise<T>,
  { laterMs = 0, toleratesDamage = false }: FolderStart = {},
): Promise<T> {
  const [clock, log, loop, files] = [new FakeClock(Date.now() + laterMs), new FakeLog(), new FakeLoop(), new Files()];
  const migrations = { server: sqliteServerMigrations, account: sqliteAccountMigrations };
  await using databases = await openDatabases({ directory, files, clock, log, loop, migrations, toleratesDamage });
  const blobs = await openBlobs({ directory: files.join(directory, 'blobs'), files, random: systemRandom });
  const shared = { databases, blobs, clock, log };
  using accounts = new Accounts({ ...shared, bus: localBus({ log }), loop, compression: zstdCompression, listTexts });
  return await body({ ...shared, accounts, sweeper: new BlobSweeper({ blobs, clock, log }) });
}
