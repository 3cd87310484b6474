import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBlobs } from '#host/blobs-fs';
import { localBus } from '#host/bus-local';
import { Files } from '#host/files';
import { systemRandom } from '#host/random';
import { openDatabases } from '#host/sqlite';
import { Accounts } from '#mail/accounts';
import { sqliteAccountMigrations, sqliteServerMigrations } from '#mail/schema';
import { sql } from '#ports/database';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { newMessage } from '#testing/temp-store';

const reception = {
  remoteIp: '192.0.2.1',
  helo: null,
  mailFrom: 'bob@far.example',
  rcptTo: 'mara@example.org',
  fromOrgDomain: null,
  validation: null,
};

test('Messages: an account that an older server wrote is read on, and what is deleted from it is remembered', async () => {
  await using dir = await tempDir();
  const files = new Files();
  const [clock, log] = [new FakeClock(), new FakeLog()];
  const blobs = await openBlobs({ directory: files.join(dir.path, 'blobs'), files, random: systemRandom });
  const open = async (serverVersion: number, accountVersion: number) => {
    const server = sqliteServerMigrations.slice(0, serverVersion);
    const migrations = { server, account: sqliteAccountMigrations.slice(0, accountVersion) };
    const databases = await openDatabases({ directory: dir.path, files, clock, log, migrations });
    return { databases, accounts: new Accounts({ databases, blobs, bus: localBus({ log }), clock }) };
  };
  {
    const { databases, accounts } = await open(2, 1);
    await using _databases = databases;
    using _accounts = accounts;
    const { messages } = await accounts.create('mara');
    await messages.append({ name: 'INBOX' }, [newMessage(['Message-ID: <a@x>'], { reception }), newMessage([])]);
  }
  const { databases, accounts } = await open(sqliteServerMigrations.length, sqliteAccountMigrations.length);
  await using _databases = databases;
  using _accounts = accounts;
  const account = await accounts.open('mara');
  assert.ok(account !== null);
  const inbox = await account.mailboxes.byName('INBOX');
  assert.ok(inbox);
  assert.equal((await account.reader.contents(inbox.id, [1, 2], 'all')).length, 2);
  assert.deepEqual((await account.messages.remove(inbox.id, [1])).uids, [1]);
  const gone = await account.db.read((reader) => reader.arrays(sql`SELECT message_id, mail_from FROM departed`));
  assert.deepEqual(gone, [['a@x', 'bob@far.example']]);
});
