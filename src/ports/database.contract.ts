import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId } from '#lib/ids';
import { sql, StrayAwait, type Databases, type Reader } from './database.ts';

/** Databases for one test, whose server and account schemas are both `contractSchema`; disposing them cleans up. */
export interface OpenedDatabases extends AsyncDisposable {
  readonly databases: Databases;
}

/** The schema that the contract works on. */
export const contractSchema = 'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER, body BLOB)';

/** Tests what every `Databases` must do; `name` begins the titles. */
export function databasesContract(name: string, open: () => Promise<OpenedDatabases>): void {
  valuesAndAtomicity(name, open);
  turns(name, open);
  strays(name, open);
}

async function names(reader: Reader): Promise<unknown[]> {
  return (await reader.arrays(sql`SELECT name FROM item ORDER BY id`)).map(([value]) => value);
}

function valuesAndAtomicity(name: string, open: () => Promise<OpenedDatabases>): void {
  test(`${name}: values come back as they were bound`, async () => {
    await using opened = await open();
    const { server } = opened.databases;
    const body = Uint8Array.from({ length: 10_000 }, (_, i) => i & 0xff);
    const big = Number.MAX_SAFE_INTEGER;
    const changed = await server.write((tx) =>
      tx.run(
        sql`INSERT INTO item (id, name, size, body) VALUES (${1}, ${"o'x;--é"}, ${big}, ${body}), (${2}, ${null}, ${true}, ${null})`,
      ),
    );
    assert.equal(changed, 2);
    const rows = await server.read((reader) => reader.arrays(sql`SELECT id, name, size, body FROM item ORDER BY id`));
    assert.deepEqual(rows[0]?.slice(0, 3), [1, "o'x;--é", big]);
    assert.deepEqual(rows[0]?.[3], body);
    assert.deepEqual(rows[1], [2, null, 1, null]);
    const part = sql`WHERE name = ${"o'x;--é"}`;
    const row = await server.read((reader) => reader.get<{ size: number }>(sql`SELECT size FROM item ${part}`));
    assert.equal(row?.size, big);
    assert.equal(await server.read((reader) => reader.get(sql`SELECT 1 FROM item WHERE id = ${99}`)), undefined);
    assert.equal((await server.read((reader) => reader.all(sql`SELECT id FROM item`))).length, 2);
  });

  test(`${name}: a failing body changes nothing, its callbacks do not run, the database goes on`, async () => {
    await using opened = await open();
    const { server } = opened.databases;
    await assert.rejects(
      server.write(async (tx) => {
        tx.afterCommit(() => assert.fail('never committed'));
        await tx.run(sql`INSERT INTO item (name) VALUES (${'lost'})`);
        throw new Error('changed my mind');
      }),
      /changed my mind/,
    );
    await server.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${'kept'})`));
    await assert.rejects(
      server.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${'kept'})`)),
      /UNIQUE|unique/,
    );
    assert.deepEqual(await server.read(names), ['kept']);
  });
}

function turns(name: string, open: () => Promise<OpenedDatabases>): void {
  test(`${name}: callbacks run once, in order, before write resolves`, async () => {
    await using opened = await open();
    const heard: string[] = [];
    const result = await opened.databases.server.write(async (tx) => {
      tx.afterCommit(() => heard.push('first'));
      tx.afterCommit(() => {
        throw new Error('a bad callback harms nobody');
      });
      tx.afterCommit(() => heard.push('second'));
      assert.deepEqual(heard, []);
      return 5;
    });
    assert.equal(result, 5);
    assert.deepEqual(heard, ['first', 'second']);
  });

  test(`${name}: many writers at once take turns, none is lost`, async () => {
    await using opened = await open();
    const database = await opened.databases.account(accountId(1));
    await database.write((tx) => tx.run(sql`INSERT INTO item (id, size) VALUES (1, 0)`));
    await Promise.all(
      Array.from({ length: 200 }, () =>
        database.write(async (tx) => {
          const row = await tx.get<{ size: number }>(sql`SELECT size FROM item WHERE id = 1`);
          await tx.run(sql`UPDATE item SET size = ${(row?.size ?? 0) + 1} WHERE id = 1`);
        }),
      ),
    );
    assert.deepEqual(await database.read((reader) => reader.arrays(sql`SELECT size FROM item`)), [[200]]);
    await database.durable();
  });

  test(`${name}: accounts are apart, and a dropped one is empty`, async () => {
    await using opened = await open();
    const { databases } = opened;
    for (const n of [1, 2]) {
      const database = await databases.account(accountId(n));
      await database.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${`account ${n}`})`));
    }
    await databases.drop(accountId(1));
    await databases.drop(accountId(3));
    assert.deepEqual(await (await databases.account(accountId(1))).read(names), []);
    assert.deepEqual(await (await databases.account(accountId(2))).read(names), ['account 2']);
    assert.deepEqual(await databases.server.read(names), []);
  });
}

function strays(name: string, open: () => Promise<OpenedDatabases>): void {
  test(`${name}: a body that awaits something else is rolled back, and holds nobody up`, async () => {
    await using opened = await open();
    const { server } = opened.databases;
    const never = Promise.withResolvers<void>();
    const late = Promise.withResolvers<unknown>();
    const stray = server.write(async (tx) => {
      await tx.run(sql`INSERT INTO item (name) VALUES (${'stray'})`);
      await never.promise;
      await tx.run(sql`INSERT INTO item (name) VALUES (${'late'})`).catch(late.resolve);
    });
    const next = server.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${'next'})`));
    await assert.rejects(stray, (error) => error instanceof StrayAwait && /never\.promise/.test(error.message));
    await next;
    never.resolve();
    assert.ok((await late.promise) instanceof StrayAwait);
    await assert.rejects(
      server.read(() => server.read(names)),
      StrayAwait,
    );
    assert.deepEqual(await server.read(names), ['next']);
  });

  for (const [start, from] of [
    ['a tick', (fn: () => void) => process.nextTick(fn)],
    ['an immediate', (fn: () => void) => setImmediate(fn)],
    ['a timer', (fn: () => void) => setTimeout(fn, 0)],
    ['a microtask', (fn: () => void) => queueMicrotask(fn)],
  ] as const) {
    test(`${name}: a long body of its own statements, begun in ${start}, is no stray`, async () => {
      await using opened = await open();
      const { server } = opened.databases;
      const done = Promise.withResolvers<unknown>();
      from(() => {
        const write = server.write(async (tx) => {
          for (let i = 0; i < 500; i += 1) await tx.run(sql`INSERT INTO item (size) VALUES (${i})`);
        });
        write.then(done.resolve, done.reject);
      });
      await done.promise;
      assert.deepEqual(await server.read((reader) => reader.arrays(sql`SELECT count(*) FROM item`)), [[500]]);
    });
  }
}
