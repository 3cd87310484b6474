import assert from 'node:assert/strict';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { withImap } from './mailbox.ts';
import { describePeer, needsRoot, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

// How people move from and to Dovecot: its own synchronisation, over its own IMAP client.
describePeer('doveadm backup moves accounts from us and to us', needsRoot('doveadm'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  test('everything arrives there, and comes back after we lost it', async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o755);
    await mkdir(join(dir.path, 'home'));
    const [uid, gid] = await Promise.all(['-u', '-g'].map((option) => succeed('id', [option, 'mail'])));
    await chown(join(dir.path, 'home'), Number(uid?.stdout), Number(gid?.stdout));
    const config = join(dir.path, 'dovecot.conf');
    await writeFile(config, dovecotConf(dir.path, server));
    const doveadm = async (...args: string[]): Promise<string> =>
      (await succeed('doveadm', ['-c', config, ...args], { env: { USER: 'bird', HOME: join(dir.path, 'home') } }))
        .stdout;

    const mails = Array.from({ length: 120 }, (_, n) =>
      sampleMessage(`doveadm ${n}`, `Größe ${'z'.repeat(n * 40)}\r\n`),
    );
    const folder = 'Archive/Jahr & 2026';
    await withImap(server, async (client) => {
      await client.mailboxCreate(folder);
      for (const [n, mail] of mails.entries()) {
        const date = new Date(Date.UTC(2026, 0, 1, 0, n));
        await client.append(n % 3 === 0 ? folder : 'INBOX', mail, n % 2 === 0 ? ['\\Seen', '$work'] : [], date);
      }
    });

    await doveadm('backup', '-R', 'imapc:');
    assert.match(await doveadm('mailbox', 'status', 'messages unseen', 'INBOX'), /messages=80 unseen=40/);
    assert.match(await doveadm('mailbox', 'status', 'messages unseen', folder), /messages=40 unseen=20/);
    const fetched = await doveadm('fetch', 'text', 'mailbox', 'INBOX', 'subject', 'doveadm 119');
    assert.equal(fetched.replaceAll(/\r?\n/g, '\r\n').includes(mails[119] ?? ''), true);
    assert.match(await doveadm('fetch', 'flags', 'mailbox', 'INBOX', 'keyword', '$work'), /\\Seen/);

    await withImap(server, async (client) => {
      await client.mailboxDelete(folder);
    });
    await doveadm('backup', 'imapc:');
    await withImap(server, async (client) => {
      await client.mailboxOpen(folder);
      const messages = await client.fetchAll('1:*', { source: true, flags: true, internalDate: true });
      assert.equal(messages.length, 40);
      for (const [at, message] of messages.entries()) {
        assert.equal(message.source?.toString(), mails[at * 3]);
        assert.equal(message.flags?.has('$work'), (at * 3) % 2 === 0);
        assert.equal(
          new Date(message.internalDate ?? 0).toISOString(),
          new Date(Date.UTC(2026, 0, 1, 0, at * 3)).toISOString(),
        );
      }
      assert.equal((await client.mailboxOpen('INBOX')).exists, 80);
    });
  });
});

function dovecotConf(folder: string, { ports }: ServerUnderTest): string {
  return `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols =
ssl_client_require_valid_cert = no
ssl = yes
mail_location = mdbox:${folder}/home/mdbox
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_home = ${folder}/home
namespace {
  inbox = yes
  separator = /
}
imapc_host = 127.0.0.1
imapc_port = ${ports.imaps}
imapc_ssl = imaps
imapc_ssl_verify = no
imapc_user = ${account.address}
imapc_password = ${account.password}
imapc_features = rfc822.size fetch-headers
mail_prefetch_count = 20
`;
}
