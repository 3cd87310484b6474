import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { describePeer, needs, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer('curl reads from us', needs('curl'), () => {
  let server: ServerUnderTest;
  const mail = sampleMessage('curl appends', 'Zwölf Boxkämpfer\r\n.\r\n');
  before(async () => {
    server = await startLocalserve();
    await curl('INBOX', { upload: mail });
  });
  after(() => server[Symbol.asyncDispose]());

  test('LIST', async () => {
    const list = await curl('');
    for (const name of ['INBOX', 'Archive', 'Drafts', 'Sent', 'Trash'])
      assert.match(list, new RegExp(`"?/"? "?${name}`));
    assert.match(list, /\\Sent/);
  });

  test('APPEND, then FETCH by UID and by number', async () => {
    assert.equal(await curl('INBOX;UID=1'), mail);
    assert.equal(await curl('INBOX;MAILINDEX=1'), mail);
    assert.equal(await curl('INBOX;UID=1;SECTION=TEXT'), 'Zwölf Boxkämpfer\r\n.\r\n');
    assert.equal(await curl('INBOX;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)'), 'Subject: curl appends\r\n\r\n');
  });

  test('SEARCH', async () => {
    assert.match(await curl('INBOX?SUBJECT%20appends'), /^\* SEARCH 1\r$/m);
    assert.match(await curl('INBOX?SUBJECT%20nothing'), /^\* SEARCH\r$/m);
  });

  test('EXAMINE, STATUS, STORE, COPY and EXPUNGE by --request', async () => {
    assert.match(await curl('', { options: ['-X', 'EXAMINE INBOX'] }), /^\* 1 EXISTS/m);
    assert.match(await curl('', { options: ['-X', 'STATUS INBOX (MESSAGES UIDNEXT)'] }), /MESSAGES 1 UIDNEXT 2/);
    assert.match(await curl('INBOX', { options: ['-X', 'UID COPY 1 Archive'] }), /^$/);
    assert.equal(await curl('Archive;UID=1'), mail);
    assert.match(
      await curl('Archive', { options: ['-X', 'STORE 1 +FLAGS (\\Deleted)'] }),
      /\* 1 FETCH \(FLAGS \(.*\\Deleted/,
    );
    assert.match(await curl('Archive', { options: ['-X', 'EXPUNGE'] }), /^\* 1 EXPUNGE/m);
  });

  test('an upload of 20 MB comes back the same', async () => {
    const large = sampleMessage('curl large', `${'x'.repeat(98)}\r\n`.repeat(200_000));
    await curl('Archive', { upload: large });
    assert.equal((await curl('Archive;MAILINDEX=1')) === large, true);
  });

  for (const mechanism of ['PLAIN', 'LOGIN', 'CRAM-MD5']) {
    for (const scheme of ['imap', 'imaps'] as const) {
      test(`${scheme} with AUTH=${mechanism}`, async () => {
        const options = ['--login-options', `AUTH=${mechanism}`];
        assert.match(await curl('', { options, scheme }), /INBOX/);
        assert.match(await curl('', { options: ['--sasl-ir', '--ssl-reqd', ...options], scheme }), /INBOX/);
      });
    }
  }

  interface Asked {
    readonly options?: readonly string[];
    readonly upload?: string;
    readonly scheme?: 'imap' | 'imaps';
  }

  async function curl(path: string, { options = [], upload, scheme = 'imap' }: Asked = {}): Promise<string> {
    const url = `${scheme}://127.0.0.1:${server.ports[scheme]}/${path}`;
    const args = ['-sS', '-k', '--user', `${account.address}:${account.password}`, '--url', url, ...options];
    if (upload === undefined) return (await succeed('curl', args)).stdout;
    const file = join(server.folder, '../upload.eml');
    await writeFile(file, upload);
    return (await succeed('curl', [...args, '-T', file])).stdout;
  }
});
