import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#lib/jmap';
import { writeReception } from '#mail/story';
import { JmapClient } from '#testing/jmap-client';
import { newMessage, tempStore } from '#testing/temp-store';

const using = ['urn:ietf:params:jmap:core', 'urn:x-godwit:params:jmap:why'];

interface Told {
  readonly type: string;
  readonly list: readonly { readonly id: string; readonly text: string; readonly stories: readonly JsonObject[] }[];
  readonly notFound: readonly string[];
}

test('Email/why: how an email came, in words and as data, and where it is', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const by = {
    service: 'smtp',
    local: '192.0.2.25:25',
    remoteIp: '203.0.113.5',
    hello: 'EHLO far.example',
    tls: null,
    login: null,
    cid: 'c8',
  };
  const facts = {
    remoteIp: '203.0.113.5',
    mailFrom: 'bob@far.example',
    rcptTo: 'mara@example.org',
    validation: writeReception({ by, checks: [] }),
  };
  const receivedMs = clock.now();
  await account.messages.append({ name: 'INBOX' }, [
    newMessage(['Message-ID: <1@x>'], { receivedMs, reception: facts }),
  ]);
  const client = new JmapClient(store);
  const tell = async (args: JsonObject): Promise<Told> => {
    const methodCalls = [['Email/why', { accountId: `A${account.id}`, ...args }, '0']];
    const { body } = await client.post(JSON.stringify({ using, methodCalls }));
    return (body as unknown as { methodResponses: [[string, Told, string]] }).methodResponses[0][1];
  };
  const [id = ''] = (await client.call('Email/query', {})).ids;
  const { list, notFound } = await tell({ ids: [id, 'E99', 'x'] });
  assert.deepEqual(notFound, ['E99', 'x']);
  const [{ text, stories } = assert.fail('no story')] = list;
  assert.match(
    text,
    new RegExp(`^Message in the account mara\n<1@x>, .*\n\n  ${new Date(receivedMs).toISOString().slice(0, 19)}Z  `),
  );
  assert.match(text, /client 203\.0\.113\.5, EHLO far\.example/);
  assert.match(text, /\n {2}Now in INBOX, UID 1, unread$/);
  assert.equal(stories.length, 1);
  const { kind, sender, places } = stories[0] ?? {};
  assert.deepEqual([kind, sender, places], ['incoming', 'bob@far.example', [{ mailbox: 'INBOX', uid: 1, flags: [] }]]);
  assert.equal((await tell({ ids: null })).type, 'requestTooLarge');
  assert.equal((await tell({ ids: Array.from({ length: 51 }, (_, i) => `E${i}`) })).type, 'requestTooLarge');
  assert.equal((await tell({ ids: [], accountId: 'A99' })).type, 'accountNotFound');
  assert.equal((await client.call('Email/why', { ids: [] })).type, 'unknownMethod');
});

test('Email/why: an email that a client made tells of the client', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const accountId = `A${store.account.id}`;
  const upload = await client.send(`/jmap/upload/${accountId}`, { method: 'POST', body: 'Subject: x\r\n\r\nx\r\n' });
  const { blobId } = (await upload.json()) as { readonly blobId: string };
  const [inbox = ''] = (await client.call('Mailbox/query', { filter: { role: 'inbox' } })).ids;
  const mailboxIds = { [inbox]: true };
  await client.call('Email/set', { create: { made: { mailboxIds, subject: 'made' } } });
  await client.call('Email/import', { emails: { taken: { blobId, mailboxIds } } });
  const { ids } = await client.call('Email/query', {});
  assert.equal(ids.length, 2);
  const methodCalls = [['Email/why', { accountId, ids }, '0']];
  const { body } = await client.post(JSON.stringify({ using, methodCalls }));
  const [[, told]] = (body as unknown as { methodResponses: [[string, Told]] }).methodResponses;
  for (const { text } of told.list) {
    assert.match(
      text,
      /Z {2}stored by a mail program \(JMAP\)\n {6}client \S+, .*\n {6}logged in as mara@example\.org\n/,
    );
    const [, cid] = /\n {6}connection (\S+) in the log\n/.exec(text) ?? [];
    assert.ok(store.log.events.some(({ fields }) => fields?.['cid'] === cid));
  }
});
