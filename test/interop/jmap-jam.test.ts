import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import JamClient from 'jmap-jam';
import { httpAddress } from './http-address.ts';
import { eventually, messageBySubject, withImap } from './mailbox.ts';
import { succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, program, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describe('jmap-jam uses us with a bearer token', () => {
  let server: ServerUnderTest;
  let jam: JamClient;
  let accountId: string;
  before(async () => {
    server = await startLocalserve();
    const add = [program, 'app-password', 'add', account.name, 'jam', '--config', server.folder];
    const { stdout } = await succeed(process.execPath, add);
    const bearerToken = /^ +([a-z0-9]+(?:-[a-z0-9]+)+)$/m.exec(stdout)?.[1] ?? assert.fail(stdout);
    jam = new JamClient({ sessionUrl: `${httpAddress(server)}/.well-known/jmap`, bearerToken });
    accountId = await jam.getPrimaryAccount();
  });
  after(() => server[Symbol.asyncDispose]());

  async function mailboxOf(role: string): Promise<string> {
    const [{ list }] = await jam.api.Mailbox.get({ accountId });
    return list.find((one) => one.role === role)?.id ?? assert.fail(`no mailbox ${role}`);
  }

  test('queries and reads in one request, with a result reference', async () => {
    await withImap(server, (imap) => imap.append('INBOX', sampleMessage('jam reads')));
    const inMailbox = await mailboxOf('inbox');
    const [{ emails, threads }] = await jam.requestMany((b) => {
      const query = b.Email.query({ accountId, filter: { inMailbox }, limit: 10 });
      const emails = b.Email.get({
        accountId,
        ids: query.$ref('/ids'),
        properties: ['id', 'subject', 'threadId', 'preview', 'from'],
      });
      const threads = b.Thread.get({ accountId, ids: emails.$ref('/list/*/threadId') });
      return { query, emails, threads };
    });
    const [email] = emails.list;
    assert.deepEqual([email?.subject, email?.from], ['jam reads', [{ name: 'Godwit', email: account.address }]]);
    assert.match(email?.preview ?? '', /^Hello/);
    assert.deepEqual(threads.list[0]?.emailIds, [email?.id]);
  });

  test('writes a draft with an attachment that it uploaded, and IMAP sees it', async () => {
    const bytes = new Uint8Array(100_000).map((_, i) => i % 251);
    const { blobId, size } = await jam.uploadBlob(accountId, bytes);
    assert.equal(size, bytes.length);
    const drafts = await mailboxOf('drafts');
    const subject = 'Größe & 東京';
    const [{ created, notCreated }] = await jam.api.Email.set({
      accountId,
      create: {
        draft: {
          mailboxIds: { [drafts]: true },
          keywords: { $draft: true },
          from: [{ name: 'Zoë', email: account.address }],
          to: [{ name: null, email: 'bob@example.org' }],
          subject,
          bodyValues: { 1: { value: 'naïve text\n', isEncodingProblem: false, isTruncated: false } },
          textBody: [{ partId: '1', type: 'text/plain' }],
          attachments: [{ blobId, type: 'application/octet-stream', name: 'data.bin', disposition: 'attachment' }],
        },
      },
    });
    assert.equal(notCreated ?? null, null);
    const id = created?.['draft']?.id ?? assert.fail();
    const message = (await messageBySubject(server, subject, 'Drafts')).toString('latin1');
    assert.match(message, /^MIME-Version: 1\.0\r$/m);
    const [{ list }] = await jam.api.Email.get({ accountId, ids: [id], properties: ['attachments', 'hasAttachment'] });
    const [attachment] = list[0]?.attachments ?? [];
    assert.equal(attachment?.name, 'data.bin');
    const options = {
      accountId,
      blobId: attachment.blobId,
      mimeType: 'application/octet-stream',
      fileName: 'data.bin',
    };
    const response = await jam.downloadBlob(options);
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
  });

  test('flags, moves and destroys, with changes in step', async () => {
    await withImap(server, (imap) => imap.append('INBOX', sampleMessage('jam changes')));
    const [{ ids }] = await jam.api.Email.query({ accountId, filter: { subject: '"jam changes"' } });
    const id = ids[0] ?? assert.fail();
    const [{ state }] = await jam.api.Email.get({ accountId, ids: [] });
    const archive = await mailboxOf('archive');
    const update = { [id]: { 'keywords/$flagged': true, mailboxIds: { [archive]: true } } };
    await jam.api.Email.set({ accountId, update });
    const [changes] = await jam.api.Email.changes({ accountId, sinceState: state });
    assert.deepEqual([changes.updated, changes.destroyed], [[id], []]);
    await withImap(server, async (imap) => {
      await imap.mailboxOpen('Archive');
      await eventually(
        'the moved message',
        async () => ((await imap.search({ flagged: true })) || []).length === 1 || null,
      );
    });
    await jam.api.Email.set({ accountId, destroy: [id] });
    const [after] = await jam.api.Email.changes({ accountId, sinceState: changes.newState });
    assert.deepEqual(after.destroyed, [id]);
  });

  test('is refused what the account does not have, with the error of the standard', async () => {
    await assert.rejects(jam.api.Mailbox.get({ accountId: 'A999' }), { type: 'accountNotFound' });
  });
});
