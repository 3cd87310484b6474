import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { simpleParser } from 'mailparser';
import { tempDir, type TempDir } from '#testing/temp-dir';
import { freshSubject, messageBySubject, withImap } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

// A terminal program: script(1) gives it a terminal, and `push` presses its keys.
for (const name of ['neomutt', 'mutt'] as const) describeProgram(name);

// Authenticators stay as they are: both choose from what the server offers.
function describeProgram(name: 'neomutt' | 'mutt'): void {
  describePeer(`${name} works with us`, needs(name, 'script'), () => {
    let server: ServerUnderTest;
    let dir: TempDir;
    before(async () => {
      server = await startLocalserve();
    });
    beforeEach(async () => {
      dir = await tempDir();
    });
    after(() => server[Symbol.asyncDispose]());

    test('opens the inbox, flags a message, saves one elsewhere, copies one to a file', async () => {
      const subjects = ['neomutt one', 'neomutt two', 'neomutt three'];
      const mails = subjects.map((subject) => sampleMessage(subject, `${subject} in its body\r\n`));
      await withImap(server, async (client) => {
        for (const mail of mails) await client.append('INBOX', mail);
      });
      await press(
        `<first-entry><flag-message><next-entry><save-message>=Archive<enter><next-entry><copy-message>${dir.path}/local<enter><sync-mailbox><quit>`,
      );
      await withImap(server, async (client) => {
        await client.mailboxOpen('INBOX');
        const left = await client.fetchAll('1:*', { envelope: true, flags: true });
        assert.deepEqual(
          left.map(({ envelope }) => envelope?.subject),
          ['neomutt one', 'neomutt three'],
        );
        assert.ok(left[0]?.flags?.has('\\Flagged'));
      });
      assert.equal((await messageBySubject(server, 'neomutt two', 'Archive')).toString(), mails[1]);
      assert.match(await readFile(join(dir.path, 'local'), 'utf8'), /neomutt three in its body/);
      await dir[Symbol.asyncDispose]();
    });

    test('sends through submission', async () => {
      const subject = freshSubject(`${name} sends`);
      const config = await writeConfig('');
      const args = ['-F', config, '-s', subject, '--', 'friend@example.org'];
      await succeed(name, args, { input: 'Grüße von neomutt\n', env: environment() });
      const { text } = await simpleParser(await messageBySubject(server, subject));
      assert.equal(text?.trim(), 'Grüße von neomutt');
      assert.match(server.log(), /submission\.login .*mechanism=SCRAM-SHA-256\b/);
      await dir[Symbol.asyncDispose]();
    });

    async function press(keys: string): Promise<void> {
      const config = await writeConfig(`push '${keys}'`);
      const command = `${name} -F '${config}' -f imaps://localhost:${server.ports.imaps}/INBOX`;
      await succeed('script', ['-q', '-e', '-c', command, '/dev/null'], { env: environment(), cwd: dir.path });
    }

    function environment(): Record<string, string> {
      return { HOME: dir.path, TERM: 'vt100', EMAIL: account.address };
    }

    async function writeConfig(last: string): Promise<string> {
      const path = join(dir.path, 'neomuttrc');
      const login = encodeURIComponent(account.address);
      await writeFile(
        path,
        `set imap_user = "${account.address}"
set imap_pass = "${account.password}"
set smtp_url = "smtp://${login}:${account.password}@localhost:${server.ports.submission}/"
set folder = "imaps://localhost:${server.ports.imaps}/"
set from = "${account.address}"
set certificate_file = "${join(server.folder, 'localhost.crt')}"
set ssl_force_tls = yes
set quit = yes
set delete = yes
set move = no
set mark_old = no
set ${name === 'mutt' ? 'confirmappend' : 'confirm_append'} = no
set ${name === 'mutt' ? 'confirmcreate' : 'confirm_create'} = no
set wait_key = no
set sleep_time = 0
set mbox_type = mbox
set sort = mailbox-order
set resolve = no
${last}
`,
      );
      return path;
    }
  });
}
