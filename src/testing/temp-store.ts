import assert from 'node:assert/strict';
import { openBlobs } from '#host/blobs-fs';
import { localBus } from '#host/bus-local';
import { zstdCompression } from '#host/compression';
import { Files } from '#host/files';
import { systemRandom } from '#host/random';
import { listTexts } from '#lib/imap';
import { MimeIndexer } from '#lib/mime';
import { Accounts, type Account } from '#mail/accounts';
import { checkStore } from '#mail/check';
import { BlobSweeper, bodyOfBytes } from '#mail/content';
import { describeMessage, type NewMessage } from '#mail/messages';
import type { BlobStore } from '#ports/blobs';
import type { Bus } from '#ports/bus';
import type { Database, Databases } from '#ports/database';
import type { SearchIndexes } from '#ports/search-index';
import { FakeClock } from './fake-clock.ts';
import { FakeLog } from './fake-log.ts';
import { FakeLoop } from './fake-loop.ts';
import { storeDatabases } from './store-databases.ts';
import { tempDir } from './temp-dir.ts';

/** A store on real files with one account, `mara`. Disposal checks its consistency, closes and removes it. */
export interface TempStore extends AsyncDisposable {
  readonly databases: Databases;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly loop: FakeLoop;
  readonly accounts: Accounts;
  readonly account: Account;
  readonly sweeper: BlobSweeper;
}

/**
 * Opens a fresh store; `wrap` may stand between the services and each account's database. `loop` gives a pause at each question unless another is given. An index
 * is fed by `Account.search.catchUp`, or as the clock advances.
 */
export async function tempStore(
  wrap: (db: Database) => Database = (db) => db,
  loop = new FakeLoop(),
  searchIndexes?: SearchIndexes,
): Promise<TempStore> {
  const dir = await tempDir();
  const clock = new FakeClock();
  const log = new FakeLog();
  const files = new Files();
  const databases = await storeDatabases({ directory: dir.path, files, clock, log, loop });
  const blobs = await openBlobs({ directory: files.join(dir.path, 'blobs'), files, random: systemRandom });
  const bus = localBus({ log });
  const wrapped: Databases = {
    server: databases.server,
    account: async (id, mustExist) => wrap(await databases.account(id, mustExist)),
    accountIds: () => databases.accountIds(),
    integrity: (id) => databases.integrity(id),
    peek: (id, statement) => databases.peek(id, statement),
    drop: (id) => databases.drop(id),
    [Symbol.asyncDispose]: () => databases[Symbol.asyncDispose](),
  };
  const accounts = new Accounts({
    databases: wrapped,
    blobs,
    bus,
    clock,
    loop,
    log,
    compression: zstdCompression,
    listTexts,
    ...(searchIndexes !== undefined && { searchIndexes }),
  });
  const account = await accounts.create('mara');
  const sweeper = new BlobSweeper({ blobs, clock, log });
  return {
    databases,
    blobs,
    bus,
    clock,
    log,
    loop,
    accounts,
    account,
    sweeper,
    async [Symbol.asyncDispose]() {
      try {
        assert.deepEqual(await checkStore({ accounts, blobs }), []);
      } finally {
        accounts[Symbol.dispose]();
        await databases[Symbol.asyncDispose]();
        await dir[Symbol.asyncDispose]();
      }
    },
  };
}

/** A small message as the store takes it. Lines of `header` end without CRLF. */
export function newMessage(
  header: readonly string[],
  options: Partial<NewMessage> = {},
  text = 'Hello\r\n',
): NewMessage {
  const bytes = new TextEncoder().encode(`${header.map((line) => `${line}\r\n`).join('')}\r\n${text}`);
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  return {
    body: bodyOfBytes(bytes),
    prefix: new Uint8Array(0),
    described: describeMessage(indexer.finish()),
    flags: 0,
    keywords: [],
    receivedMs: Date.UTC(2026, 0, 1),
    reception: null,
    preview: null,
    ...options,
  };
}
