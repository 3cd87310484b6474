import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { Files } from '#host/files';
import { isWindows } from '#host/process';
import { accountId } from '#lib/ids';
import { ConditionError } from '#ports/conditions';
import { sql, type Database } from '#ports/database';
import { crashFileSystem } from '#testing/crash-files';
import { stepFileSystem } from '#testing/crash-steps';
import { FakeLog } from '#testing/fake-log';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { openDatabases, type ShrinkableDatabases } from './index.ts';

const skip = isWindows ? 'Windows does not let open files be removed or replaced' : false;
const schema = [{ version: 1, sql: 'CREATE TABLE item (id INTEGER PRIMARY KEY, bytes BLOB)' }];
const seven = accountId(7);

interface Opened extends AsyncDisposable {
  readonly databases: ShrinkableDatabases;
  readonly kinds: string[];
  readonly log: FakeLog;
}

async function open(directory: string, files = new Files()): Promise<Opened> {
  const kinds: string[] = [];
  const log = new FakeLog();
  const databases = await openDatabases({
    directory,
    files,
    log,
    clock: systemClock,
    migrations: { server: schema, account: schema },
    conditions: { note: ({ kind }) => kinds.push(kind) },
    limits: { checkpointBytes: 16 * 4096, writesPerLook: 1 },
  });
  return { databases, kinds, log, [Symbol.asyncDispose]: () => databases[Symbol.asyncDispose]() };
}

async function add(db: Database, count = 1): Promise<void> {
  for (let i = 0; i < count; i += 1)
    await db.write((tx) => tx.run(sql`INSERT INTO item (bytes) VALUES (zeroblob(3000))`));
}

async function countIn(db: Database): Promise<unknown> {
  return (await db.read((reader) => reader.arrays(sql`SELECT count(*) FROM item`)))[0]?.[0];
}

/** Counts what a later start of the server finds. */
async function countLater(directory: string): Promise<unknown> {
  await using later = await open(directory);
  return await countIn(await later.databases.account(seven, true));
}

/** Makes a database with two rows, and a copy of its file. */
async function backedUp(directory: string): Promise<{ readonly path: string; readonly backup: string }> {
  const [path, backup] = [join(directory, 'accounts', '7', 'account.db'), join(directory, 'backup')];
  {
    await using opened = await open(directory);
    await add(await opened.databases.account(seven), 2);
  }
  cpSync(path, backup);
  return { path, backup };
}

function isKind(kind: string): (error: unknown) => boolean {
  return (error) => error instanceof ConditionError && error.kind === kind;
}

for (const [what, names] of [
  ['the database', ['account.db']],
  ['the database and its log', ['account.db', 'account.db-wal']],
  ['the log', ['account.db-wal']],
] as const) {
  test(`Database.write: ${what} removed under the server is put back before the write resolves`, { skip }, async () => {
    await using dir = await tempDir();
    const folder = join(dir.path, 'accounts', '7');
    {
      await using opened = await open(dir.path);
      const db = await opened.databases.account(seven);
      await add(db, 3);
      for (const name of names) rmSync(join(folder, name));
      await Promise.all([add(db), add(db), add(db)]);
      assert.ok(existsSync(join(folder, 'account.db')));
      assert.deepEqual([...new Set(opened.kinds)], ['fileRemoved']);
      await add(db, 40);
      // What a power cut would leave now.
      cpSync(dir.path, `${dir.path}-cut`, { recursive: true });
      assert.equal(await countIn(db), 46);
    }
    assert.equal(await countLater(dir.path), 46);
    assert.equal(await countLater(`${dir.path}-cut`), 46);
    rmSync(`${dir.path}-cut`, { recursive: true });
    assert.equal(statSync(join(folder, 'account.db')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['account.db']);
  });
}

test(
  'Databases.lookAtFiles: a folder that was removed comes back with its database, without any write',
  { skip },
  async () => {
    await using dir = await tempDir();
    {
      await using opened = await open(dir.path);
      await add(await opened.databases.account(seven), 3);
      rmSync(join(dir.path, 'accounts'), { recursive: true });
      await opened.databases.lookAtFiles();
      assert.ok(existsSync(join(dir.path, 'accounts', '7', 'account.db')));
      await opened.databases.lookAtFiles();
      assert.deepEqual(opened.kinds, ['fileRemoved']);
    }
    assert.equal(await countLater(dir.path), 3);
  },
);

test('Databases: what was removed just before the stop is put back at the stop', { skip }, async () => {
  await using dir = await tempDir();
  {
    await using opened = await open(dir.path);
    await add(await opened.databases.account(seven), 3);
    for (const name of ['server.db', 'server.db-wal', 'accounts']) rmSync(join(dir.path, name), { recursive: true });
  }
  assert.equal(await countLater(dir.path), 3);
});

test(
  'Database.write: when the whole data directory is removed it comes back with its databases before the write resolves',
  { skip },
  async () => {
    await using dir = await tempDir();
    const data = join(dir.path, 'data');
    {
      await using opened = await open(data);
      const db = await opened.databases.account(seven);
      await add(db, 3);
      rmSync(data, { recursive: true });
      await add(db);
      assert.equal(statSync(data).mode & 0o777, 0o700);
      await opened.databases.lookAtFiles();
      assert.ok(existsSync(join(data, 'server.db')));
    }
    assert.equal(await countLater(data), 4);
  },
);

test(
  'Database.write: with the folder around the data gone as well nothing is acknowledged until it is made again',
  { skip },
  async () => {
    await using dir = await tempDir();
    const [around, data] = [join(dir.path, 'around'), join(dir.path, 'around', 'data')];
    {
      await using opened = await open(data);
      const db = await opened.databases.account(seven);
      await add(db, 3);
      rmSync(around, { recursive: true });
      await assert.rejects(add(db), isKind('fileRemoved'));
      await assert.rejects(add(db), isKind('fileRemoved'));
      assert.equal(existsSync(around), false);
      // The first was committed, and not acknowledged.
      assert.equal(await countIn(db), 4);
      mkdirSync(around);
      await opened.databases.lookAtFiles();
      await add(db);
    }
    assert.equal(await countLater(data), 5);
  },
);

test('Databases.missingFile names the database of an account that is gone and not open', { skip }, async () => {
  await using dir = await tempDir();
  const { path } = await backedUp(dir.path);
  await using opened = await open(dir.path);
  const { databases } = opened;
  assert.equal(await databases.missingFile(seven), null);
  rmSync(path);
  assert.equal(await databases.missingFile(seven), path);
  // One that is open is put back.
  const eight = accountId(8);
  const db = await databases.account(eight);
  await add(db);
  rmSync(join(dir.path, 'accounts', '8'), { recursive: true });
  assert.equal(await databases.missingFile(eight), null);
  await databases.lookAtFiles();
  assert.equal(await databases.missingFile(eight), null);
  assert.equal(await countIn(db), 1);
});

test(
  'Database.write: files that were moved are not made a second time; they are used again when they are back',
  { skip },
  async () => {
    await using dir = await tempDir();
    const folder = join(dir.path, 'accounts', '7');
    {
      await using opened = await open(dir.path);
      const db = await opened.databases.account(seven);
      await add(db, 3);
      renameSync(folder, join(dir.path, 'elsewhere'));
      await assert.rejects(add(db), isKind('fileRemoved'));
      assert.equal(existsSync(folder), false);
      renameSync(join(dir.path, 'elsewhere'), folder);
      await opened.databases.lookAtFiles();
      await add(db);
    }
    assert.equal(await countLater(dir.path), 5);
  },
);

test(
  'Database.write: a file in place of the database is left alone, and nothing is acknowledged',
  { skip },
  async () => {
    await using dir = await tempDir();
    const { path, backup } = await backedUp(dir.path);
    {
      await using opened = await open(dir.path);
      const db = await opened.databases.account(seven);
      await add(db, 3);
      rmSync(path);
      cpSync(backup, path);
      await assert.rejects(add(db), isKind('fileReplaced'));
      await assert.rejects(countIn(db), isKind('fileReplaced'));
      await add(opened.databases.server);
    }
    rmSync(`${path}-wal`, { force: true });
    assert.equal(await countLater(dir.path), 2);
  },
);

test(
  'Database.write: a backup copied into the open file is noticed; a new time alone is nothing',
  { skip },
  async () => {
    await using dir = await tempDir();
    const { path, backup } = await backedUp(dir.path);
    await using opened = await open(dir.path);
    const db = await opened.databases.account(seven);
    // Several checkpoints of our own are nothing to be noticed.
    await add(db, 60);
    utimesSync(path, 1, 1);
    await add(db);
    assert.deepEqual(opened.kinds, []);
    cpSync(backup, path);
    await assert.rejects(add(db), isKind('fileReplaced'));
    rmSync(path);
  },
);

test('Database.write: what is acknowledged after the database was put back survives power cuts', { skip }, async () => {
  await using dir = await tempDir();
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  for (const folder of [root, shadows]) mkdirSync(folder);
  const system = crashFileSystem(root, shadows);
  const random = seededNumbers(11);
  const images: { readonly path: string; readonly acknowledged: number }[] = [];
  {
    await using opened = await open(root, new Files({ system }));
    const db = await opened.databases.account(seven);
    await add(db, 3);
    rmSync(join(root, 'accounts', '7', 'account.db'));
    for (let acknowledged = 4; acknowledged < 34; acknowledged += 1) {
      await add(db);
      const path = join(dir.path, `image${acknowledged}`);
      system.imageAfterPowerLoss(path, random);
      images.push({ path, acknowledged });
    }
    assert.ok(opened.log.events.some(({ event }) => event === 'sqlite.putBack'));
  }
  for (const { path, acknowledged } of images) assert.equal(await countLater(path), acknowledged);
});

for (const [what, names] of [
  ['database', ['account.db']],
  ['database with its log', ['account.db', 'account.db-wal']],
  ['folder', ['']],
] as const) {
  test(
    `Database.write: a power cut at any step of putting a removed ${what} back loses nothing acknowledged since`,
    { skip },
    async () => {
      const found = { whole: 0, absent: 0 };
      for (const seed of [1, 2, 3, 4]) {
        await using dir = await tempDir();
        const images = await imagesOfPutBack(dir.path, names, seed);
        for (const { path, label, acknowledged } of images) {
          if (existsSync(join(path, 'accounts', '7', 'account.db'))) {
            const count = Number(await countLater(path));
            assert.ok(count >= acknowledged && count <= 6, `${label}: ${count}`);
            found.whole += 1;
          } else {
            // Nothing was acknowledged since the operator removed it: the account is refused.
            assert.notEqual(label, 'acknowledged');
            await assert.rejects(countLater(path));
            found.absent += 1;
          }
        }
      }
      assert.ok(found.whole >= 12 && found.absent >= 12, JSON.stringify(found));
    },
  );
}

interface PutBackImage {
  readonly path: string;
  readonly label: string;
  readonly acknowledged: number;
}

/** Removes `names` from the folder of an account that is open, writes a row, and takes an image at each step until that is acknowledged. */
async function imagesOfPutBack(directory: string, names: readonly string[], seed: number): Promise<PutBackImage[]> {
  const [root, shadows] = [join(directory, 'root'), join(directory, 'shadows')];
  for (const folder of [root, shadows]) mkdirSync(folder);
  const system = crashFileSystem(root, shadows);
  const random = seededNumbers(seed);
  const images: PutBackImage[] = [];
  let acknowledged = 3;
  let isCutting = false;
  const onStep = (label: string): void => {
    if (!isCutting) return;
    const path = join(directory, `image${images.length}`);
    system.imageAfterPowerLoss(path, random);
    images.push({ path, label, acknowledged });
  };
  await using opened = await open(root, new Files({ system: stepFileSystem(system, onStep) }));
  const db = await opened.databases.account(seven);
  await add(db, acknowledged);
  isCutting = true;
  for (const name of names) rmSync(join(root, 'accounts', '7', name), { recursive: true });
  await add(db);
  acknowledged += 1;
  onStep('acknowledged');
  await add(db, 2);
  isCutting = false;
  return images;
}
