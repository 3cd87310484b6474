import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withImap } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { account, program, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer("Postfix's smtp-source sends much at once", needs('smtp-source'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  const loads = [
    { name: '50 connections of their own for each message', options: ['-s', '50', '-m', '500', '-l', '3000'] },
    { name: '10 connections that are kept', options: ['-d', '-s', '10', '-m', '500', '-l', '20000'] },
    { name: 'large messages', options: ['-s', '4', '-m', '12', '-l', '3000000'] },
    { name: 'many recipients, one account', options: ['-d', '-s', '5', '-m', '50', '-r', '20'] },
  ];
  for (const { name, options } of loads) {
    test(name, async () => {
      const existing = await count();
      const args = [...options, '-f', 'a@example.org', '-t', account.address, `inet:127.0.0.1:${server.ports.smtp}`];
      await succeed('smtp-source', args);
      assert.equal((await count()) - existing, Number(options[options.indexOf('-m') + 1]));
    });
  }

  test('the store is whole afterwards', async () => {
    const { stdout } = await succeed(process.execPath, [program, 'check', '--dir', server.folder, '--json']);
    assert.deepEqual(JSON.parse(stdout), []);
  });

  function count(): Promise<number> {
    return withImap(server, async (client) => (await client.mailboxOpen('INBOX')).exists);
  }
});
