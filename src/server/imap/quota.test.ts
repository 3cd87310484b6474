import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentMemory } from '#mail/content';
import { No, type AppendHead } from '#proto/imap-server';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { AccountGlue } from './account-glue.ts';

function glue({ account, bus, clock }: TempStore, quotaBytes: number): AccountGlue {
  const contentMemory = new ContentMemory(0);
  return new AccountGlue({ account, bus, clock, contentMemory, appendLimitBytes: 10_000, quotaBytes, storedBy: '{}' });
}

async function append(to: AccountGlue, sizeBytes: number): Promise<void> {
  const head: AppendHead = { flagBits: 0, keywords: [], internalDateMs: null, sizeBytes };
  await using batch = await to.append('INBOX');
  const sink = await batch.message(head);
  await sink.write(new TextEncoder().encode(`Subject: x\r\n\r\n${'x'.repeat(sizeBytes - 14)}`));
  await sink.finish();
  await batch.commit();
}

const overQuota = (error: unknown): boolean => error instanceof No && error.code === 'OVERQUOTA';

test('AccountGlue: APPEND and COPY stop at the quota, MOVE does not count', async () => {
  await using store = await tempStore();
  const account = glue(store, 250);
  await append(account, 100);
  await assert.rejects(append(account, 151), overQuota);
  await append(account, 50);
  await using inbox = await account.select('INBOX', false);
  await assert.rejects(inbox.copy(Uint32Array.of(1, 2), 'Archive'), overQuota);
  assert.deepEqual((await inbox.copy(Uint32Array.of(1), 'Archive')).to, [1]);
  await assert.rejects(inbox.copy(Uint32Array.of(2), 'Archive'), overQuota);
  assert.deepEqual((await inbox.move(Uint32Array.of(2), 'Archive')).to, [2]);
  assert.deepEqual((await inbox.copy(Uint32Array.of(99), 'Archive')).to, []);
});

test('AccountGlue: without a quota nothing is asked', async () => {
  await using store = await tempStore();
  const account = glue(store, 0);
  await append(account, 5000);
  await using inbox = await account.select('INBOX', false);
  assert.deepEqual((await inbox.copy(Uint32Array.of(1), 'Archive')).to, [1]);
});

test('AccountGlue: COPY adds up the sizes of any number of messages', async () => {
  await using store = await tempStore();
  const account = glue(store, 100_000);
  const messages = Array.from({ length: 1100 }, () => newMessage([], {}, ''));
  await store.account.messages.append({ name: 'INBOX' }, messages);
  await using inbox = await account.select('INBOX', false);
  const uids = Uint32Array.from(messages, (_, i) => i + 1);
  // Each of 2 bytes: a copy of all takes 2,200.
  await using tight = await glue(store, 4399).select('INBOX', false);
  await assert.rejects(tight.copy(uids, 'Archive'), overQuota);
  assert.equal((await inbox.copy(uids, 'Archive')).to.length, 1100);
});
