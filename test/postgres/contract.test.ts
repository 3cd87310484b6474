import { databasesContract, postgresContractSchema } from '#ports/database.contract';
import { FakeLog } from '#testing/fake-log';
import { PostgresDatabases } from '#testing/postgres/databases';
import { postgresVariable } from '#testing/postgres/variable';

const schema = [{ sql: postgresContractSchema }];
const migrations = { server: schema, account: schema };

databasesContract('PostgresDatabases', async () => {
  const directory = process.env[postgresVariable] ?? '';
  const databases = new PostgresDatabases({ directory, migrations, log: new FakeLog() });
  return { databases, [Symbol.asyncDispose]: () => databases[Symbol.asyncDispose]() };
});
