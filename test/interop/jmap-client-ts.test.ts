import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from 'jmap-client-ts';
import { FetchTransport } from 'jmap-client-ts/lib/utils/fetch-transport.js';
import { httpAddress } from './http-address.ts';
import { withImap } from './mailbox.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describe('jmap-client-ts reads and changes our mail', () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  async function openClient(): Promise<Client> {
    const client = new Client({
      sessionUrl: `${httpAddress(server)}/.well-known/jmap`,
      accessToken: 'not used',
      transport: new FetchTransport(fetch),
      // Its transport names no type, without which a request is refused (RFC 8620 §3.6.1).
      httpHeaders: {
        Authorization: `Basic ${btoa(`${account.address}:${account.password}`)}`,
        'Content-Type': 'application/json',
      },
    });
    await client.fetchSession();
    return client;
  }

  test('mailboxes are listed, made, renamed and removed', async () => {
    const client = await openClient();
    const { list, state } = await client.mailbox_get({ accountId: null, ids: null });
    assert.deepEqual(list.flatMap(({ role }) => role ?? []).toSorted(), [
      'archive',
      'drafts',
      'inbox',
      'junk',
      'sent',
      'trash',
    ]);
    const made = await client.mailbox_set({ accountId: null, create: { a: { name: 'Größe & 東京' } } });
    const id = made.created?.['a']?.id ?? '';
    await client.mailbox_set({ accountId: null, update: { [id]: { name: 'neu' } } });
    const changes = await client.mailbox_changes({ accountId: null, sinceState: state });
    assert.deepEqual(changes.created, [id]);
    await withImap(server, async (imap) => assert.ok((await imap.list()).some(({ path }) => path === 'neu')));
    const removed = await client.mailbox_set({ accountId: null, destroy: [id] });
    assert.deepEqual(removed.destroyed, [id]);
  });

  test('emails are queried, read, flagged, moved and destroyed, and IMAP sees it', async () => {
    const client = await openClient();
    const { state } = await client.email_get({ accountId: null, ids: [] });
    const subjects = ['eins', 'zwei', 'drei'];
    await withImap(server, async (imap) => {
      for (const subject of subjects) await imap.append('INBOX', sampleMessage(subject));
    });
    const changes = await client.email_changes({ accountId: null, sinceState: state });
    assert.equal(changes.created.length, 3);
    const sort = [{ property: 'receivedAt', isAscending: true }];
    const { ids } = await client.email_query({ accountId: null, filter: { subject: 'zwei' }, sort });
    const properties = ['id', 'subject', 'from', 'keywords', 'textBody', 'bodyValues'] as const;
    const { list } = await client.email_get({
      accountId: null,
      ids,
      properties: [...properties],
      fetchTextBodyValues: true,
    });
    const [email] = list;
    assert.ok(email !== undefined && list.length === 1);
    assert.deepEqual(email.from, [{ name: 'Godwit', email: account.address }]);
    assert.match(Object.values(email.bodyValues ?? {})[0]?.value ?? '', /^Hello\n/);
    const mailboxes = await client.mailbox_get({ accountId: null, ids: null });
    const archive = mailboxes.list.find(({ role }) => role === 'archive')?.id ?? '';
    const set = await client.email_set({
      accountId: null,
      update: { [email.id]: { 'keywords/$flagged': true, mailboxIds: { [archive]: true } } },
    });
    assert.deepEqual(set.notUpdated ?? null, null);
    await withImap(server, async (imap) => {
      await imap.mailboxOpen('Archive');
      const [found] = await imap.fetchAll('1:*', { flags: true, envelope: true });
      assert.deepEqual([found?.envelope?.subject, [...(found?.flags ?? [])]], ['zwei', ['\\Flagged']]);
    });
    await client.email_set({ accountId: null, destroy: [email.id] });
    const gone = await client.email_changes({ accountId: null, sinceState: changes.newState });
    assert.deepEqual(gone.destroyed, [email.id]);
  });
});
