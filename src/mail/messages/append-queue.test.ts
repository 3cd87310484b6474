import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newMessage, tempStore } from '#testing/temp-store';

const inbox = { name: 'INBOX' };

test('Messages.append: calls at one time share transactions and keep their order', async () => {
  await using store = await tempStore();
  const { account } = store;
  const before = await account.changes.modSeq();
  const appended = await Promise.all(
    Array.from({ length: 20 }, (_, n) => account.messages.append(inbox, [newMessage([`Subject: ${n}`])])),
  );
  assert.deepEqual(
    appended.map(({ uids }) => uids),
    Array.from({ length: 20 }, (_, n) => [n + 1]),
  );
  const transactions = (await account.changes.modSeq()) - before;
  assert.equal(transactions, 2, 'the first went alone, the others waited for its flush');
});

test('Messages.append: one that fails takes nobody else’s message with it', async () => {
  await using store = await tempStore();
  const { messages } = store.account;
  const results = await Promise.allSettled([
    messages.append(inbox, [newMessage(['Subject: first'])]),
    messages.append(inbox, [newMessage(['Subject: good'])]),
    messages.append(inbox, [newMessage(['Subject: bad'], { receivedMs: Number.NaN })]),
    messages.append(inbox, [newMessage(['Subject: good, too'])]),
    messages.append({ name: 'nowhere' }, [newMessage(['Subject: nowhere'])]),
    messages.append({ name: 'Sent' }, [newMessage(['Subject: elsewhere'])]),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
  const mailboxes = await store.account.mailboxes.byNames(['INBOX', 'Sent']);
  assert.deepEqual(
    mailboxes.map((mailbox) => mailbox?.messages),
    [3, 1],
  );
});

test('Messages.append: a batch is bounded', async () => {
  await using store = await tempStore();
  const { account } = store;
  const before = await account.changes.modSeq();
  await Promise.all(Array.from({ length: 200 }, () => account.messages.append(inbox, [newMessage([])])));
  assert.equal((await account.changes.modSeq()) - before, 5, '1, then 64 at a time');
});
