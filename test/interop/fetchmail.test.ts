import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { assertDelivered, freshSubject, messageBySubject, withImap } from './mailbox.ts';
import { describePeer, needs, run } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer('fetchmail takes mail out of us and brings it back', needs('fetchmail'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  const ways = [
    { name: 'password in TLS', port: 'imaps', options: 'auth password', user: 'options ssl no sslcertck' },
    {
      name: 'CRAM-MD5 in STARTTLS',
      port: 'imap',
      options: 'auth cram-md5',
      user: "options sslproto 'auto' no sslcertck",
    },
    { name: 'any login without TLS', port: 'imap', options: '', user: "options sslproto ''" },
  ] as const;
  for (const { name, port, options, user } of ways) {
    test(`${name}, by IMAP and then SMTP`, async () => {
      await using dir = await tempDir();
      const subjects = [freshSubject('fetchmail one'), freshSubject('fetchmail two')];
      await withImap(server, async (client) => {
        for (const subject of subjects) await client.append('Archive', sampleMessage(subject));
      });
      const config = join(dir.path, 'fetchmailrc');
      await writeFile(
        config,
        `poll localhost service ${server.ports[port]} protocol imap ${options} no dns
  user "${account.address}" password "${account.password}" folder Archive
  smtphost 127.0.0.1/${server.ports.smtp} smtpname ${account.address}
  ${user} fetchall no keep no rewrite
`,
        { mode: 0o600 },
      );
      const ended = await run('fetchmail', ['--nodetach', '--nosyslog', '-v', '-f', config], {
        env: { HOME: dir.path, FETCHMAILHOME: dir.path },
      });
      assert.equal(ended.code, 0, `${ended.stdout}\n${ended.stderr}`);
      for (const subject of subjects) {
        const stored = (await messageBySubject(server, subject)).toString();
        // The program adds a Received field of its own.
        assertDelivered(Buffer.from(stored), sampleMessage(subject));
        assert.match(stored, /with IMAP \(fetchmail-/);
      }
      await withImap(server, async (client) => {
        assert.equal((await client.mailboxOpen('Archive')).exists, 0);
      });
    });
  }
});
