import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { accountId } from '#lib/ids';
import { ConditionError } from '#ports/conditions';
import { sql } from '#ports/database';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { openDatabases, type ShrinkableDatabases } from './index.ts';
import type { OpenDatabasesDeps } from './sqlite-databases.ts';

const table = { version: 1, sql: 'CREATE TABLE item (id INTEGER PRIMARY KEY, bytes BLOB)' };
/** A database that can have so many pages while it stays open: SQLite answers as on a full disk. */
const fullAt = (pages: number) => [table, { version: 2, sql: `PRAGMA max_page_count=${pages}` }];
const bytes = new Uint8Array(20_000);

/** A reserve of one piece that notes what becomes of it. */
class FakeReserve {
  isShort = false;
  pieces = 1;

  async release(): Promise<boolean> {
    if (this.pieces === 0) return false;
    this.pieces -= 1;
    this.isShort = true;
    return true;
  }

  look(): Promise<null> {
    return Promise.resolve(null);
  }
}

class Noted {
  readonly kinds: string[] = [];

  note(error: ConditionError): void {
    this.kinds.push(error.kind);
  }
}

async function open(
  directory: string,
  pages: number,
  more: Partial<OpenDatabasesDeps> = {},
): Promise<ShrinkableDatabases> {
  const deps = { directory, log: new FakeLog(), clock: systemClock };
  // A new file is made by a connection of its own, to which the bound on its pages would apply.
  await (await openDatabases({ ...deps, migrations: { server: [table], account: [table] } }))[Symbol.asyncDispose]();
  return openDatabases({ ...deps, migrations: { server: fullAt(pages), account: [table] }, ...more });
}

const isFull = (error: unknown): boolean => error instanceof ConditionError && error.kind === 'diskFull';

test('Database.write: a full disk is a condition; the transaction is undone, and what is there can be read and deleted', async () => {
  await using dir = await tempDir();
  const conditions = new Noted();
  await using databases = await open(dir.path, 40, { conditions });
  const { server } = databases;
  let stored = 0;
  await assert.rejects(async () => {
    for (; stored < 100; stored += 1) {
      await server.write(async (tx) => {
        await tx.run(sql`INSERT INTO item (bytes) VALUES (x'00')`);
        await tx.run(sql`INSERT INTO item (bytes) VALUES (${bytes})`);
      });
    }
  }, isFull);
  assert.ok(stored > 2 && stored < 100);
  assert.deepEqual(conditions.kinds, ['diskFull']);
  const count = sql`SELECT count(*) FROM item`;
  assert.deepEqual(await server.read((reader) => reader.arrays(count)), [[2 * stored]]);
  await server.write((tx) => tx.run(sql`DELETE FROM item WHERE id <= 4`), 'reserve');
  await server.write((tx) => tx.run(sql`INSERT INTO item (bytes) VALUES (${bytes})`));
});

test('Database.write: what frees space takes the reserve and is tried again, once; everything else must wait then', async () => {
  await using dir = await tempDir();
  const reserve = new FakeReserve();
  await using databases = await open(dir.path, 10, { reserve });
  const { server } = databases;
  const tooMuch = new Uint8Array(200_000);
  await assert.rejects(
    server.write((tx) => tx.run(sql`INSERT INTO item (bytes) VALUES (${tooMuch})`)),
    isFull,
  );
  assert.equal(reserve.pieces, 1);
  let runs = 0;
  const needsRoom = server.write(async (tx) => {
    runs += 1;
    return await tx.run(sql`INSERT INTO item (bytes) VALUES (${runs === 1 ? tooMuch : bytes})`);
  }, 'reserve');
  assert.equal(await needsRoom, 1);
  assert.equal(runs, 2);
  assert.equal(reserve.isShort, true);
  await assert.rejects(
    server.write((tx) => tx.run(sql`INSERT INTO item (bytes) VALUES (x'00')`)),
    isFull,
  );
  assert.equal(await server.write((tx) => tx.run(sql`DELETE FROM item`), 'reserve'), 1);
  // The reserve is gone: a second time nothing is tried again.
  await assert.rejects(
    server.write((tx) => {
      runs += 1;
      return tx.run(sql`INSERT INTO item (bytes) VALUES (${tooMuch})`);
    }, 'reserve'),
    isFull,
  );
  assert.equal(runs, 3);
});

test('Database.write: an error that is no condition is thrown as it is, and the reserve is kept', async () => {
  await using dir = await tempDir();
  const reserve = new FakeReserve();
  await using databases = await open(dir.path, 100, { reserve });
  const bug = new TypeError('bug');
  await assert.rejects(
    databases.server.write(() => Promise.reject(bug), 'reserve'),
    (error) => error === bug,
  );
  assert.equal(reserve.pieces, 1);
});

test('Databases.shrink gives the space of deleted rows back to the file system', async () => {
  await using dir = await tempDir();
  await using databases = await open(dir.path, 10_000);
  const { server } = databases;
  const size = async (): Promise<number> => {
    const [[pages] = []] = await server.read((reader) => reader.arrays(sql`SELECT page_count FROM pragma_page_count`));
    return Number(pages);
  };
  await server.write(async (tx) => {
    for (let i = 0; i < 300; i += 1) await tx.run(sql`INSERT INTO item (bytes) VALUES (${bytes})`);
  });
  const before = await size();
  await server.write((tx) => tx.run(sql`DELETE FROM item`), 'reserve');
  await databases.shrink();
  assert.ok((await size()) < before / 20);
});

test('Databases.account: a damaged database is a condition of its own account only', async () => {
  await using dir = await tempDir();
  const conditions = new Noted();
  await using databases = await open(dir.path, 1000, { conditions });
  const folder = join(dir.path, 'accounts', '1');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'account.db'), 'this is no database, whatever its name says'.repeat(200));
  const insert = sql`INSERT INTO item (bytes) VALUES (${bytes})`;
  const damaged = await databases.account(accountId(1));
  for (let i = 0; i < 2; i += 1) {
    await assert.rejects(
      damaged.write((tx) => tx.run(insert)),
      (error) => error instanceof ConditionError && error.kind === 'damaged' && error.subject.includes('account.db'),
    );
  }
  assert.deepEqual(conditions.kinds, ['damaged', 'damaged']);
  const whole = await databases.account(accountId(2));
  assert.equal(await whole.write((tx) => tx.run(insert)), 1);
  await databases.drop(accountId(1));
});
