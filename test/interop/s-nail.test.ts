import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { simpleParser } from 'mailparser';
import { tempDir } from '#testing/temp-dir';
import { freshSubject, messageBySubject, withImap } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer('s-nail works with us', needs('s-nail'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  const login = `${encodeURIComponent(account.address)}:${account.password}`;
  for (const mechanism of ['plain', 'login', 'cram-md5']) {
    for (const scheme of ['submission', 'submissions'] as const) {
      test(`sends through ${scheme} with ${mechanism}`, async () => {
        const subject = freshSubject(`s-nail ${scheme} ${mechanism}`);
        const mta = `mta=${scheme}://${login}@localhost:${server.ports[scheme]}`;
        const options = ['-S', mta, '-S', `smtp-config=-all,${mechanism},ehlo,starttls`, '-r', account.address];
        await nail([...options, '-s', subject, 'friend@example.org'], '.\nGrüße von s-nail\n');
        const { text } = await simpleParser(await messageBySubject(server, subject));
        assert.equal(text?.trim(), '.\nGrüße von s-nail');
      });
    }
  }

  test('reads, copies, flags and deletes over IMAP', async () => {
    await withImap(server, async (client) => {
      await client.mailboxCreate('Nail');
      for (const n of [1, 2, 3]) await client.append('Nail', sampleMessage(`nail ${n}`, `body of ${n}\r\n`));
    });
    const place = `imaps://${login}@localhost:${server.ports.imaps}/Nail`;
    const { stdout } = await nail(['-f', place], 'headers\ntype 2\ncopy 2 +/Archive\nflag 3\ndelete 1\nquit\n');
    assert.match(stdout, /nail 1[^]*nail 2[^]*nail 3/);
    assert.match(stdout, /body of 2/);
    await withImap(server, async (client) => {
      await client.mailboxOpen('Nail');
      const left = await client.fetchAll('1:*', { envelope: true, flags: true });
      assert.deepEqual(
        left.map(({ envelope }) => envelope?.subject),
        ['nail 2', 'nail 3'],
      );
      assert.equal(left[0]?.flags?.has('\\Seen'), true);
      assert.equal(left[1]?.flags?.has('\\Flagged'), true);
    });
  });

  async function nail(args: readonly string[], input: string) {
    await using dir = await tempDir();
    const quiet = ['-:/', '-S', 'v15-compat=yes', '-S', 'tls-verify=ignore', '-S', 'ttycharset=utf-8'];
    const folder = ['-S', `folder=imaps://${login}@localhost:${server.ports.imaps}`];
    return await succeed('s-nail', [...quiet, ...folder, ...args], {
      input,
      env: { HOME: dir.path, TMPDIR: dir.path },
    });
  }
});
