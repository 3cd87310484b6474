import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStore } from '#mail/check';
import { sql } from '#ports/database';
import { newMessage } from '#testing/temp-store';
import { writeOldStore } from '#testing/old-store';
import { inStoreFolder } from '#testing/store-folder';
import { tempDir } from '#testing/temp-dir';

test('Messages: an account that an older server wrote is read on, and what is deleted from it is remembered', async () => {
  await using dir = await tempDir();
  writeOldStore(dir.path);
  await inStoreFolder(dir.path, async ({ accounts, blobs }) => {
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
});
