import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { assertDelivered, eventually, freshSubject, openImap, withImap } from './mailbox.ts';
import { sampleId, sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describe('imapflow reads from us', () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  test('mailboxes: special use, create, rename, subscribe, delete', async () => {
    await withImap(server, async (client) => {
      const bySpecialUse = new Map((await client.list()).map(({ specialUse, path }) => [specialUse, path]));
      for (const use of ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash']) assert.ok(bySpecialUse.has(use), use);
      await client.mailboxCreate(['Ordner', 'Größe & 東京']);
      await client.mailboxRename('Ordner/Größe & 東京', 'Ordner/neu');
      assert.ok((await client.list()).some(({ path }) => path === 'Ordner/neu'));
      await client.mailboxUnsubscribe('Ordner/neu');
      assert.notEqual((await client.list()).find(({ path }) => path === 'Ordner/neu')?.subscribed, true);
      await client.mailboxDelete('Ordner/neu');
      assert.ok(!(await client.list()).some(({ path }) => path === 'Ordner/neu'));
    });
  });

  test('append, flags, copy, move, search and expunge', async () => {
    await withImap(server, async (client) => {
      await client.mailboxCreate('Werk');
      await client.mailboxCreate('Ziel');
      const subjects = ['eins', 'zwei', 'drei'];
      for (const subject of subjects) {
        const date = new Date('2020-02-29T12:34:56Z');
        const done = await client.append('Werk', sampleMessage(subject), ['\\Seen', '$label1'], date);
        assert.ok(done !== false && done.uid !== undefined);
      }
      await client.mailboxOpen('Werk');
      const all = await client.fetchAll('1:*', { flags: true, envelope: true, internalDate: true, size: true });
      assert.deepEqual(
        all.map(({ envelope }) => envelope?.subject),
        subjects,
      );
      assert.deepEqual(
        all.map(({ size }) => size),
        subjects.map((subject) => sampleMessage(subject).length),
      );
      assert.deepEqual([...(all[0]?.flags ?? [])].toSorted(), ['$label1', '\\Seen']);
      assert.equal(new Date(all[0]?.internalDate ?? 0).toISOString(), '2020-02-29T12:34:56.000Z');
      await client.messageFlagsAdd('2', ['\\Flagged']);
      await client.messageFlagsRemove('1', ['\\Seen']);
      assert.deepEqual(await client.search({ flagged: true }), [2]);
      assert.deepEqual(await client.search({ seen: false }), [1]);
      assert.deepEqual(await client.search({ or: [{ subject: 'eins' }, { subject: 'drei' }] }), [1, 3]);
      assert.deepEqual(await client.search({ before: '2020-03-01', body: 'two dots', keyword: '$label1' }), [1, 2, 3]);
      const copied = await client.messageCopy('1:2', 'Ziel');
      assert.ok(copied !== false);
      assert.deepEqual([...(copied.uidMap?.keys() ?? [])], [1, 2]);
      const moved = await client.messageMove('3', 'Ziel');
      assert.ok(moved !== false);
      assert.equal(moved.uidMap?.get(3), 3);
      await client.messageDelete('1');
      assert.equal((await client.fetchAll('1:*', { uid: true })).length, 1);
      const status = await client.status('Ziel', { messages: true, unseen: true, uidNext: true });
      assert.ok(status !== false);
      assert.deepEqual([status.messages, status.unseen, status.uidNext], [3, 1, 4]);
    });
  });

  test('download of attachments by part', async () => {
    const content = randomBytes(200_000);
    const subject = freshSubject('imapflow attachment');
    const transport = createTransport({
      host: server.host,
      port: server.ports.smtp,
      tls: { rejectUnauthorized: false },
    });
    await transport.sendMail({
      from: 'a@example.org',
      to: account.address,
      subject,
      text: 'Grüße',
      attachments: [{ filename: 'ö.bin', content }],
    });
    await withImap(server, async (client) => {
      await client.mailboxOpen('INBOX');
      const [number] = (await client.search({ subject })) || [];
      const message = await client.fetchOne(String(number), { bodyStructure: true });
      assert.ok(message !== false);
      const [text, attachment] = message.bodyStructure?.childNodes ?? [];
      assert.deepEqual([text?.type, attachment?.type], ['text/plain', 'application/octet-stream']);
      assert.equal(attachment?.dispositionParameters?.['filename'], 'ö.bin');
      const download = await client.download(String(number), attachment?.part ?? '');
      const chunks: Buffer[] = [];
      assert.ok(download.content !== undefined);
      for await (const chunk of download.content) chunks.push(chunk as Buffer);
      assert.deepEqual(Buffer.concat(chunks), content);
    });
  });

  test('IDLE tells of a delivery, of flags and of an expunge by another client at once', async () => {
    const watcher = await openImap(server);
    try {
      await watcher.mailboxCreate('Watched');
      await watcher.mailboxOpen('INBOX');
      const idling = watcher.idle();
      const exists = once(watcher, 'exists');
      const subject = freshSubject('imapflow idle');
      const mail = sampleMessage(subject);
      const transport = createTransport({
        host: server.host,
        port: server.ports.smtp,
        tls: { rejectUnauthorized: false },
      });
      await transport.sendMail({ envelope: { from: 'a@example.org', to: account.address }, raw: mail });
      const [{ count }] = (await exists) as [{ count: number }];
      const message = await watcher.fetchOne(String(count), { source: true });
      await idling;
      assert.ok(message !== false && message.source !== undefined);
      assertDelivered(message.source, mail);

      const secondIdle = watcher.idle();
      const flags = once(watcher, 'flags');
      const expunge = once(watcher, 'expunge');
      await withImap(server, async (other) => {
        await other.mailboxOpen('INBOX');
        await other.messageFlagsAdd(String(count), ['\\Flagged']);
        const [flagged] = (await flags) as [{ seq: number; flags: Set<string> }];
        assert.equal(flagged.seq, count);
        assert.ok(flagged.flags.has('\\Flagged'));
        await other.messageDelete(String(count));
        const [gone] = (await expunge) as [{ seq: number }];
        assert.equal(gone.seq, count);
      });
      await watcher.noop();
      await secondIdle;
    } finally {
      await watcher.logout();
    }
  });

  test('a reply through submission arrives, and both are one thread by their references', async () => {
    const subject = freshSubject('imapflow reply');
    const auth = { user: account.address, pass: account.password };
    const transport = createTransport({
      host: server.host,
      port: server.ports.submission,
      auth,
      tls: { rejectUnauthorized: false },
    });
    await transport.sendMail({
      from: account.address,
      to: 'friend@example.org',
      subject: `Re: ${subject}`,
      inReplyTo: sampleId(subject),
      references: sampleId(subject),
      text: 'yes',
    });
    await withImap(server, async (client) => {
      await client.mailboxOpen('INBOX');
      await eventually('the reply', async () => {
        await client.noop();
        const found = await client.search({ header: { references: sampleId(subject) } });
        return Array.isArray(found) && found.length === 1 ? found : null;
      });
    });
  });

  test('a wrong password is refused, and the server goes on', async () => {
    const client = new ImapFlow({
      host: server.host,
      port: server.ports.imaps,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: account.address, pass: 'wrong' },
      logger: false,
    });
    await assert.rejects(client.connect(), { authenticationFailed: true });
    await withImap(server, (other) => other.noop());
  });
});
