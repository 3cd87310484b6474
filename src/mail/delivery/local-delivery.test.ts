import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer } from '#lib/mime';
import { bodyOfBytes } from '#mail/content';
import { tempStore } from '#testing/temp-store';
import { LocalDelivery } from './index.ts';

test('LocalDelivery stores the preview of a message that comes as plain text, for each recipient', async () => {
  await using store = await tempStore();
  const { account, accounts, blobs, log } = store;
  const delivery = new LocalDelivery({ accounts, blobs, log });
  const bytes = new TextEncoder().encode('Subject: lunch\r\n\r\nSoup at noon?\r\n');
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  const message = {
    body: bodyOfBytes(bytes),
    index: indexer.finish(),
    receivedMs: 0,
    reception: { remoteIp: null, mailFrom: '', validation: null },
  };
  const prefix = new TextEncoder().encode('Return-Path: <>\r\n');
  const recipient = { account: account.name, prefix };
  assert.deepEqual(
    await delivery.deliver(message, [
      { ...recipient, address: 'mara@example.org' },
      { ...recipient, address: 'm@example.org' },
    ]),
    [{ kind: 'delivered' }, { kind: 'delivered' }],
  );
  const emails = (await account.emails.view()).newestFirst.map(({ id }) => id);
  assert.deepEqual([...(await account.reader.previews(emails)).values()], ['Soup at noon?', 'Soup at noon?']);
});
