import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { Files, nodeFileSystem } from '#host/files';
import { accountId } from '#lib/ids';
import { contractSchema, databasesContract } from '#ports/database.contract';
import { sql, StrayAwait, type Databases } from '#ports/database';
import { crashFileSystem } from '#testing/crash-files';
import { windowsFileSystem } from '#testing/fake-files';
import { FakeLog } from '#testing/fake-log';
import { countingDatabases, FakeLoop } from '#testing/fake-loop';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { NewerSchema, openDatabases } from './index.ts';
import type { OpenDatabasesDeps } from './sqlite-databases.ts';

const schema = [{ version: 1, sql: contractSchema }];
const count = sql`SELECT count(*) FROM item`;

function open(directory: string, more: Partial<OpenDatabasesDeps> = {}): Promise<Databases> {
  const migrations = { server: schema, account: schema };
  return openDatabases({ directory, log: new FakeLog(), clock: systemClock, migrations, ...more });
}

for (const [layer, files, wrap] of [
  ['openDatabases', new Files(), null],
  ['openDatabases on Windows', new Files({ system: windowsFileSystem(nodeFileSystem, '/') }), null],
  ['countingDatabases', new Files(), (inner: Databases) => countingDatabases(inner, new FakeLoop())],
] as const) {
  databasesContract(layer, async () => {
    const dir = await tempDir();
    const opened = await open(dir.path, { files });
    const databases = wrap?.(opened) ?? opened;
    return {
      databases,
      async [Symbol.asyncDispose]() {
        await databases[Symbol.asyncDispose]();
        await dir[Symbol.asyncDispose]();
      },
    };
  });
}

test('openDatabases: a stray await is reported with the text of its transaction', async () => {
  await using dir = await tempDir();
  await using databases = await open(dir.path);
  const never = new Promise<void>(() => undefined);
  const stray = databases.server.write(() => never);
  await assert.rejects(stray, (error) => error instanceof StrayAwait && /\(\) => never/.test(error.message));
});

test('openDatabases: migrations are applied in order, once; a newer schema is refused', async () => {
  await using dir = await tempDir();
  const second = { version: 2, sql: 'ALTER TABLE item ADD COLUMN note TEXT; CREATE INDEX item_note ON item (note)' };
  {
    await using databases = await open(dir.path);
    await databases.server.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${'old'})`));
  }
  {
    await using databases = await open(dir.path, { migrations: { server: [...schema, second], account: schema } });
    await databases.server.write((tx) => tx.run(sql`UPDATE item SET note = ${'new'}`));
  }
  await assert.rejects(
    open(dir.path),
    (error) => error instanceof NewerSchema && /version 2.*up to 1/.test(error.message),
  );
  const broken = { version: 3, sql: 'CREATE TABLE other (id); nonsense' };
  await assert.rejects(
    open(dir.path, { migrations: { server: [...schema, second, broken], account: [] } }),
    /nonsense/,
  );
  await using databases = await open(dir.path, { migrations: { server: [...schema, second], account: schema } });
  assert.deepEqual(await databases.server.read((r) => r.arrays(sql`SELECT name, note FROM item`)), [['old', 'new']]);
  assert.deepEqual(
    await databases.server.read((r) => r.arrays(sql`SELECT 1 FROM sqlite_schema WHERE name = ${'other'}`)),
    [],
  );
});

test('openDatabases: migrations with gaps are refused', async () => {
  await using dir = await tempDir();
  await assert.rejects(
    open(dir.path, { migrations: { server: [{ version: 2, sql: 'SELECT 1' }], account: [] } }),
    RangeError,
  );
});

test('Databases.account: the least recently used are closed and come back by themselves', async () => {
  await using dir = await tempDir();
  await using databases = await open(dir.path, { limits: { maxOpenAccounts: 3 } });
  const all = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => databases.account(accountId(n))));
  for (let round = 1; round <= 3; round += 1) {
    for (const database of all) await database.write((tx) => tx.run(sql`INSERT INTO item (size) VALUES (${round})`));
  }
  for (const database of all) assert.deepEqual(await database.read((r) => r.arrays(count)), [[3]]);
  let open1 = 0;
  for (let n = 1; n <= 8; n += 1)
    open1 += Number((await new Files().facts(join(dir.path, `accounts/${n}/account.db-wal`))) !== null);
  assert.ok(open1 <= 4, `${open1} logs`);
});

test('Database.write: a failed flush is fatal, and nothing is acknowledged any more', async () => {
  await using dir = await tempDir();
  let isBroken = false;
  const system = {
    ...nodeFileSystem,
    async openForSync(path: string) {
      const handle = await nodeFileSystem.openForSync(path);
      return {
        datasync: (done: (error: Error | null) => void) =>
          isBroken ? setImmediate(done, new Error('EIO')) : handle.datasync(done),
        linkCount: () => handle.linkCount(),
        head: (maxBytes: number) => handle.head(maxBytes),
        close: () => handle.close(),
      };
    },
  };
  const fatal: Error[] = [];
  const log = new FakeLog();
  await using databases = await open(dir.path, {
    files: new Files({ system }),
    log,
    onFatal: (error) => fatal.push(error),
  });
  const insert = (): Promise<number> => databases.server.write((tx) => tx.run(sql`INSERT INTO item (size) VALUES (1)`));
  await insert();
  isBroken = true;
  await assert.rejects(insert(), /EIO/);
  isBroken = false;
  await assert.rejects(insert(), /EIO/);
  await assert.rejects(databases.server.durable(), /EIO/);
  assert.deepEqual(fatal.map(String), ['Error: EIO']);
  assert.deepEqual(
    log.events.map(({ event }) => event),
    ['sqlite.flushFailed'],
  );
});

test('openDatabases: a database that another process uses is refused, and ours is closed to others', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'server.db');
  {
    await using databases = await open(dir.path);
    await databases.server.write((tx) => tx.run(sql`INSERT INTO item (size) VALUES (1)`));
    const other = new DatabaseSync(path);
    assert.throws(() => other.exec('INSERT INTO item (size) VALUES (2)'), /locked/);
    other.close();
    assert.deepEqual(await databases.server.read((r) => r.arrays(count)), [[1]]);
  }
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE; INSERT INTO item (size) VALUES (2)');
  await assert.rejects(open(dir.path), /another process uses .*server\.db/);
  other.exec('COMMIT');
  other.close();
});

test('Tx.run: a last rowid beyond 2^53 is no failure', async () => {
  await using dir = await tempDir();
  await using databases = await open(dir.path);
  for (let i = 0n; i < 3n; i += 1n) {
    const changed = await databases.server.write((tx) => tx.run(sql`INSERT INTO item (id) VALUES (${2n ** 60n + i})`));
    assert.equal(changed, 1);
  }
  const changed = await databases.server.write((tx) => tx.run(sql`UPDATE item SET size = 7`));
  assert.equal(changed, 3);
});

test('Database.write: the log is emptied and reused', async () => {
  await using dir = await tempDir();
  const log = new FakeLog();
  await using databases = await open(dir.path, {
    log,
    limits: { checkpointBytes: 256 * 1024 },
  });
  const body = new Uint8Array(20_000).fill(1);
  for (let i = 0; i < 300; i += 1)
    await databases.server.write((tx) => tx.run(sql`INSERT INTO item (body) VALUES (${body})`));
  assert.ok((await stat(join(dir.path, 'server.db-wal'))).size < 3 * 1024 * 1024);
  assert.ok((await stat(join(dir.path, 'server.db'))).size > 3 * 1024 * 1024);
  assert.deepEqual(await databases.server.read((r) => r.arrays(count)), [[300]]);
  assert.deepEqual(await databases.server.read((r) => r.arrays(sql`PRAGMA integrity_check`)), [['ok']]);
  assert.deepEqual(log.events, []);
});

test('Database.write: the file shrinks after a mass deletion, while others go on', async () => {
  await using dir = await tempDir();
  const log = new FakeLog();
  const limits = { checkpointBytes: 256 * 1024, writesPerLook: 1, giveBackPages: 64 };
  await using databases = await open(dir.path, { log, limits });
  const { server } = databases;
  const body = new Uint8Array(20_000).fill(1);
  await server.write(async (tx) => {
    for (let i = 0; i < 400; i += 1) await tx.run(sql`INSERT INTO item (body) VALUES (${body})`);
  });
  await server.write((tx) => tx.run(sql`DELETE FROM item WHERE id > 40`));
  const pages = async (): Promise<number> =>
    Number((await server.read((r) => r.arrays(sql`PRAGMA page_count`)))[0]?.[0]);
  const before = await pages();
  let writes = 0;
  while ((await pages()) > before / 4) {
    writes += 1;
    assert.ok(writes < 2000, 'nothing is given back');
    await server.write((tx) => tx.run(sql`UPDATE item SET name = ${String(writes)} WHERE id = 1`));
  }
  assert.ok(writes > 5, 'others were not served in between');
  assert.deepEqual(await server.read((r) => r.arrays(count)), [[40]]);
  assert.deepEqual(await server.read((r) => r.arrays(sql`PRAGMA integrity_check`)), [['ok']]);
  assert.deepEqual(log.events, []);
});

test('Database.write: whatever was acknowledged survives a power cut, whole', async () => {
  await using dir = await tempDir();
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  await Promise.all([mkdir(root), mkdir(shadows)]);
  const system = crashFileSystem(root, shadows);
  const databases = await open(root, { files: new Files({ system }) });
  const random = seededNumbers(11);
  const acknowledged: number[] = [];
  const promisedAt: number[][] = [];
  const crash = (): void => {
    system.imageAfterPowerLoss(join(dir.path, `image${promisedAt.length}`), random);
    promisedAt.push([...acknowledged]);
  };
  crash();
  const account = await databases.account(accountId(1));
  crash();
  await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      for (let turns = n % 7; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
      await account.write(async (tx) => {
        await tx.run(sql`INSERT INTO item (id, body) VALUES (${2 * n + 1}, ${new Uint8Array(3000).fill(n)})`);
        await tx.run(sql`INSERT INTO item (id) VALUES (${2 * n + 2})`);
      });
      acknowledged.push(n);
      if (n % 3 === 0) crash();
    }),
  );
  await databases[Symbol.asyncDispose]();
  // SQLite moved the log itself.
  for (let i = 0; i < 10; i += 1) crash();
  for (const [i, promised] of promisedAt.entries()) {
    await using after = await open(join(dir.path, `image${i}`));
    const database = await after.account(accountId(1));
    const found = new Set((await database.read((r) => r.arrays(sql`SELECT id FROM item`))).map(([id]) => Number(id)));
    for (const n of promised) assert.ok(found.has(2 * n + 1), `image ${i} lost ${n}`);
    for (let n = 0; n < 30; n += 1)
      assert.equal(found.has(2 * n + 1), found.has(2 * n + 2), `image ${i} has half of ${n}`);
    assert.deepEqual(await database.read((r) => r.arrays(sql`PRAGMA integrity_check`)), [['ok']]);
  }
});

test('Database.read: a reader that never waits for anything lets others run', async () => {
  await using dir = await tempDir();
  const loop = new FakeLoop(20);
  await using databases = countingDatabases(await open(dir.path, { loop }), loop);
  const account = await databases.account(accountId(1));
  loop.longest = 0;
  for (let n = 0; n < 100; n += 1) await account.read((reader) => reader.arrays(count));
  assert.ok(loop.longest <= 22, `${loop.longest} statements and rows without a pause`);
});

test('Database.write: a long transaction lets others run between its statements, and stays atomic for its database', async () => {
  await using dir = await tempDir();
  const loop = new FakeLoop(20);
  await using databases = countingDatabases(await open(dir.path, { loop }), loop);
  const [account, other] = [await databases.account(accountId(1)), await databases.account(accountId(2))];
  await other.write((tx) => tx.run(sql`INSERT INTO item (id) VALUES (1)`));
  loop.longest = 0;
  const order: string[] = [];
  const long = account.write(async (tx) => {
    for (let n = 1; n <= 500; n += 1) await tx.run(sql`INSERT INTO item (id) VALUES (${n})`);
    order.push('long');
  });
  await new Promise(setImmediate);
  const same = account
    .read((reader) => reader.arrays(count))
    .then((rows) => {
      order.push('same database');
      assert.deepEqual(rows, [[500]]);
    });
  await other.read((reader) => reader.arrays(count));
  order.push('other database');
  await Promise.all([long, same]);
  assert.deepEqual(order, ['other database', 'long', 'same database']);
  assert.ok(loop.longest <= 22, `${loop.longest} statements and rows without a pause`);
});

test('Database.write: a stray await is found behind a pause, and statements keep their order over one', async () => {
  await using dir = await tempDir();
  await using databases = await open(dir.path, { loop: new FakeLoop() });
  const { server } = databases;
  const stray = server.write(async (tx) => {
    for (let n = 1; n <= 5; n += 1) await tx.run(sql`INSERT INTO item (id) VALUES (${n})`);
    await new Promise(setImmediate);
  });
  await assert.rejects(stray, StrayAwait);
  const failing = server.write(async (tx) => {
    await Promise.all([
      ...[1, 2, 3, 4].map((n) => tx.run(sql`INSERT INTO item (id) VALUES (${n})`)),
      Promise.reject(new Error('trouble')),
    ]);
  });
  await assert.rejects(failing, /trouble/);
  await server.write((tx) =>
    Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => tx.run(sql`INSERT INTO item (name) VALUES (${name})`)),
    ),
  );
  const names = await server.read((reader) => reader.arrays(sql`SELECT group_concat(name, '') FROM item ORDER BY id`));
  assert.deepEqual(names, [['abcdefg']]);
});
