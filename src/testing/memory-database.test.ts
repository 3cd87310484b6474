import { contractSchema, databaseContract } from '#ports/database.contract';
import type { Database } from '#ports/database';
import { countingDatabase, FakeLoop } from './fake-loop.ts';
import { MemoryDatabase } from './memory-database.ts';

for (const [name, wrap] of [
  ['MemoryDatabase', (inner: Database) => inner],
  ['countingDatabase', (inner: Database) => countingDatabase(inner, new FakeLoop())],
] as const) {
  databaseContract(name, async () => {
    const database = wrap(new MemoryDatabase([{ sql: contractSchema }]));
    return { database, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
  });
}
