import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('Mailbox/get: counters of emails and threads are those of what is visible, and follow IMAP', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const counts = async (name: string): Promise<unknown> => {
    const { list } = await client.call('Mailbox/get', {});
    const { totalEmails, unreadEmails, totalThreads, unreadThreads } =
      list.find((one) => one.name === name) ?? assert.fail(name);
    return [totalEmails, unreadEmails, totalThreads, unreadThreads];
  };
  const inbox = await store.account.mailboxes.byName('INBOX');
  assert.ok(inbox !== null);
  assert.deepEqual(await counts('Inbox'), [3, 2, 2, 2]);
  await store.account.messages.copy(inbox.id, [2], { name: 'Archive' });
  // Its thread has an unread email, though in another mailbox.
  assert.deepEqual(await counts('Archive'), [1, 0, 1, 1]);
  await store.account.messages.store(inbox.id, [3], { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  assert.deepEqual(await counts('Inbox'), [2, 1, 1, 1]);
  await store.account.messages.store(inbox.id, [1], { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  assert.deepEqual(await counts('Archive'), [1, 0, 1, 0]);
});
