import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { tempDir, type TempDir } from '#testing/temp-dir';
import { withImap } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer('mbsync synchronises with us', needs('mbsync'), () => {
  let server: ServerUnderTest;
  let dir: TempDir;
  before(async () => {
    server = await startLocalserve();
  });
  beforeEach(async () => {
    dir = await tempDir();
  });
  after(() => server[Symbol.asyncDispose]());

  test('all mailboxes, new messages, flags and deletions, in both directions', async () => {
    const first = sampleMessage('mbsync first', 'Grüße\r\n.\r\n');
    const large = sampleMessage('mbsync large', `${'y'.repeat(76)}\r\n`.repeat(20_000));
    await withImap(server, async (client) => {
      await client.mailboxCreate('Projekte/Größe & Gewicht');
      // Known to the program in this spelling only.
      await client.append('INBOX', first, ['\\Seen', '$Forwarded']);
      await client.append('Projekte/Größe & Gewicht', large, ['\\Flagged']);
    });

    await mbsync();
    const inbox = join(dir.path, 'mail/INBOX');
    // This version leaves names as they were on the wire.
    const folder = join(dir.path, 'mail/Projekte/Gr&APYA3w-e &- Gewicht');
    assert.deepEqual(await flagsOf(inbox), ['PS']);
    assert.deepEqual(await flagsOf(folder), ['F']);
    assert.equal(await content(inbox), first.replaceAll('\r\n', '\n'));
    assert.equal(await content(folder), large.replaceAll('\r\n', '\n'));

    // Here: a new message, a flag more, a new mailbox. There: a flag less.
    const pushed = sampleMessage('mbsync pushed').replaceAll('\r\n', '\n');
    await writeFile(join(inbox, 'new/1700000000.1.client'), pushed);
    const [old = ''] = await readdir(join(inbox, 'cur'));
    await rename(join(inbox, 'cur', old), join(inbox, 'cur', old.replace(/PS$/, 'PRS')));
    for (const name of ['cur', 'new', 'tmp']) await mkdir(join(dir.path, 'mail/Lokal', name), { recursive: true });
    await writeFile(join(dir.path, 'mail/Lokal/cur/1700000001.1.client:2,S'), pushed);
    await withImap(server, async (client) => {
      await client.mailboxOpen('Projekte/Größe & Gewicht');
      await client.messageFlagsRemove('1', ['\\Flagged']);
    });
    await mbsync();
    assert.deepEqual(await flagsOf(folder), ['']);
    await withImap(server, async (client) => {
      await client.mailboxOpen('INBOX');
      const messages = await client.fetchAll('1:*', { flags: true, source: true });
      assert.deepEqual([...(messages[0]?.flags ?? [])].toSorted(), ['$Forwarded', '\\Answered', '\\Seen']);
      const source = withoutTuid(messages[1]?.source?.toString() ?? '');
      assert.equal(source, pushed.replaceAll('\n', '\r\n'));
      const status = await client.status('Lokal', { messages: true, unseen: true });
      assert.ok(status !== false);
      assert.deepEqual([status.messages, status.unseen], [1, 0]);
    });

    // Deletions: one here, one there.
    const gone = (await readdir(join(inbox, 'cur'))).find((name) => name.endsWith('PRS')) ?? '';
    await rm(join(inbox, 'cur', gone));
    await withImap(server, async (client) => {
      await client.mailboxOpen('Projekte/Größe & Gewicht');
      await client.messageDelete('1');
    });
    await mbsync();
    assert.deepEqual(await flagsOf(folder), []);
    await withImap(server, async (client) => {
      await client.mailboxOpen('INBOX');
      const subjects = (await client.fetchAll('1:*', { envelope: true })).map(({ envelope }) => envelope?.subject);
      assert.deepEqual(subjects, ['mbsync pushed']);
    });
    await mbsync();
    await dir[Symbol.asyncDispose]();
  });

  for (const mechanism of ['PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-1', 'SCRAM-SHA-256']) {
    for (const tls of ['None', 'STARTTLS', 'IMAPS']) {
      test(`login with ${mechanism}, TLS ${tls}`, async () => {
        await mbsync(['--list'], mechanism, tls);
        await dir[Symbol.asyncDispose]();
      });
    }
  }

  async function mbsync(options: readonly string[] = [], mechanism = '*', tls = 'IMAPS'): Promise<void> {
    const config = join(dir.path, 'mbsyncrc');
    await mkdir(join(dir.path, 'mail'), { recursive: true });
    await writeFile(
      config,
      `IMAPAccount godwit
Host localhost
Port ${tls === 'IMAPS' ? server.ports.imaps : server.ports.imap}
User ${account.address}
Pass ${account.password}
AuthMechs ${mechanism}
SSLType ${tls}
SystemCertificates no
CertificateFile ${join(server.folder, 'localhost.crt')}

IMAPStore far
Account godwit

MaildirStore near
Path ${dir.path}/mail/
Inbox ${dir.path}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
Remove Both
Sync All
SyncState ${dir.path}/state-
`,
    );
    await succeed('mbsync', ['-c', config, ...options, 'all']);
  }
});

/** Letters of the flags of every message in a maildir. */
async function flagsOf(maildir: string): Promise<string[]> {
  const names = [...(await readdir(join(maildir, 'cur'))), ...(await readdir(join(maildir, 'new')))];
  return names.map((name) => name.split(':2,')[1] ?? '').toSorted();
}

/** The only message of a maildir: unread mail is in `new`. */
async function content(maildir: string): Promise<string> {
  const places = await Promise.all(
    ['cur', 'new'].map(async (place) =>
      (await readdir(join(maildir, place))).map((name) => join(maildir, place, name)),
    ),
  );
  const [path = ''] = places.flat();
  return withoutTuid(await readFile(path, 'utf8'));
}

/** The program adds a field of its own to find a message again. */
function withoutTuid(message: string): string {
  return message.replace(/^X-TUID: .*\r?\n/m, '');
}
