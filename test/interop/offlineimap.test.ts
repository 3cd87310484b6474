import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { withImap } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer('offlineimap synchronises with us', needs('offlineimap'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  test('messages, flags and deletions in both directions', async () => {
    await using dir = await tempDir();
    const sync = () => offlineimap(dir.path);
    const mail = sampleMessage('offlineimap first', 'plain\r\n.\r\n');
    await withImap(server, (client) => client.append('INBOX', mail, ['\\Seen', '$Forwarded']));
    await sync();
    const inbox = join(dir.path, 'mail/INBOX/cur');
    const [name = ''] = await readdir(inbox);
    assert.match(name, /:2,Sa$/);
    assert.equal(await readFile(join(inbox, name), 'utf8'), mail.replaceAll('\r\n', '\n'));

    const pushed = sampleMessage('offlineimap pushed', 'from here\r\n');
    await writeFile(join(dir.path, 'mail/Archive/cur/1700000000.1.client:2,FS'), pushed.replaceAll('\r\n', '\n'));
    await withImap(server, async (client) => {
      await client.mailboxOpen('INBOX');
      await client.messageFlagsAdd('1', ['\\Flagged']);
    });
    await sync();
    assert.match((await readdir(inbox))[0] ?? '', /:2,FSa$/);
    await withImap(server, async (client) => {
      await client.mailboxOpen('Archive');
      const [message] = await client.fetchAll('1:*', { source: true, flags: true });
      // The program adds a field of its own where the server has no UIDPLUS; we have it.
      assert.equal(message?.source?.toString(), pushed);
      assert.deepEqual([...(message?.flags ?? [])].toSorted(), ['\\Flagged', '\\Seen']);
    });

    await rm(join(inbox, (await readdir(inbox))[0] ?? ''));
    await sync();
    await withImap(server, async (client) => {
      assert.equal((await client.mailboxOpen('INBOX')).exists, 0);
    });
  });

  async function offlineimap(folder: string): Promise<void> {
    await mkdir(join(folder, 'mail'), { recursive: true });
    const config = join(folder, 'offlineimaprc');
    await writeFile(
      config,
      `[general]
accounts = godwit
metadata = ${folder}/metadata
ui = basic

[Account godwit]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${folder}/mail
# Compared with case.
customflag_a = $Forwarded

[Repository far]
type = IMAP
remotehost = localhost
remoteport = ${server.ports.imaps}
ssl = yes
sslcacertfile = ${join(server.folder, 'localhost.crt')}
remoteuser = ${account.address}
remotepass = ${account.password}
`,
    );
    await succeed('offlineimap', ['-o', '-c', config], { env: { HOME: folder } });
  }
});
