import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBlobs } from '#host/blobs-fs';
import { localBus } from '#host/bus-local';
import { zstdCompression } from '#host/compression';
import { Files } from '#host/files';
import { systemRandom } from '#host/random';
import { openDatabases } from '#host/sqlite';
import { listTexts } from '#lib/imap';
import { Accounts } from '#mail/accounts';
import { checkStore } from '#mail/check';
import { sqliteAccountMigrations, sqliteServerMigrations } from '#mail/schema';
import { sql } from '#ports/database';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { newMessage } from '#testing/temp-store';
import { writeOldStore } from '#testing/old-store';
import { tempDir } from '#testing/temp-dir';

test('Messages: an account that an older server wrote is read on, and what is deleted from it is remembered', async () => {
  await using dir = await tempDir();
  writeOldStore(dir.path);
  const files = new Files();
  const [clock, log, loop] = [new FakeClock(), new FakeLog(), new FakeLoop()];
  const blobs = await openBlobs({ directory: files.join(dir.path, 'blobs'), files, random: systemRandom });
  const migrations = { server: sqliteServerMigrations, account: sqliteAccountMigrations };
  await using databases = await openDatabases({ directory: dir.path, files, clock, log, loop, migrations });
  using accounts = new Accounts({
    databases,
    blobs,
    bus: localBus({ log }),
    clock,
    loop,
    log,
    compression: zstdCompression,
    listTexts,
  });
  const account = await accounts.open('mara');
  assert.ok(account !== null);
  const inbox = await account.mailboxes.byName('INBOX');
  assert.ok(inbox);
  assert.deepEqual(await checkStore({ accounts, blobs }), []);
  assert.equal((await account.reader.contents(inbox.id, [1, 2], 'all')).length, 2);
  const blocks = account.headers.blocks(inbox.id, Uint32Array.of(1, 2), Uint32Array.of(1, 2), {
    facts: true,
    order: true,
    fields: [],
    isComplete: true,
  });
  const { value } = await blocks.next();
  const wanted = { description: true, oldListed: false, oldTexts: true, sentDay: true };
  await account.messages.append({ name: 'INBOX' }, [newMessage(['To: y', 'Message-ID: <b@x>'])]);
  const rows = await account.reader.rows(inbox.id, [1, 2, 3], wanted);
  const oldTexts = { envelope: '()', body: '()', bodyStructure: '()' };
  assert.deepEqual(
    rows.map((row) => [row.oldTexts, row.description?.root.bodyStart, row.description?.envelope.messageId]),
    [
      [oldTexts, 21, null],
      [oldTexts, 9, null],
      [null, 28, '<b@x>'],
    ],
  );
  const listed = await account.reader.rows(inbox.id, [1, 2, 3], { ...wanted, oldListed: true });
  assert.deepEqual(
    listed.map(({ description }) => [description?.envelope.messageId, description?.envelope.to?.length]),
    [
      ['<a@x>', undefined],
      [null, 1],
      ['<b@x>', 1],
    ],
  );
  assert.deepEqual(await checkStore({ accounts, blobs }), []);
  assert.deepEqual([...(value?.messages.uids ?? [])], [1, 2]);
  assert.deepEqual((await account.messages.remove(inbox.id, [1])).uids, [1]);
  assert.equal(await account.messages.eraseExpunged(), 1);
  const gone = await account.db.read((reader) => reader.arrays(sql`SELECT message_id, mail_from FROM departed`));
  assert.deepEqual(gone, [['a@x', 'bob@far.example']]);
});
