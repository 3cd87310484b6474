import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { tempDir } from '#testing/temp-dir';
import { freshSubject, messageBySubject, openImap, withImap } from './mailbox.ts';
import { succeed } from './programs.ts';
import { sampleId, sampleMessage } from './sample-message.ts';
import { account, program, setUpLocalserve, startLocalserveIn, type ServerUnderTest } from './server-under-test.ts';

describe('the program stops and starts again', () => {
  test('SIGTERM says goodbye to an idling client and ends with 0; mail and UIDs are the same afterwards', async () => {
    await using dir = await tempDir();
    const folder = join(dir.path, 'godwit');
    await setUpLocalserve(folder);
    const subject = freshSubject('before the stop');
    {
      await using server = await startLocalserveIn(folder);
      await pool(server).sendMail({ envelope: { from: 'a@b.c', to: account.address }, raw: sampleMessage(subject) });
      const client = await openImap(server);
      await client.mailboxOpen('INBOX');
      client.idle().catch(() => {});
      const closed = once(client, 'close');
      assert.equal(await server.kill('SIGTERM'), 0);
      await closed;
    }
    await using again = await startLocalserveIn(folder);
    await messageBySubject(again, subject);
    await withImap(again, async (client) => {
      const { uidNext, exists } = await client.mailboxOpen('INBOX');
      assert.deepEqual([exists, uidNext], [1, 2]);
    });
  });

  test('kill -9 while mail comes in: everything acknowledged is there, and what waited in the queue arrives', async () => {
    await using dir = await tempDir();
    const folder = join(dir.path, 'godwit');
    await setUpLocalserve(folder);
    const acknowledged: string[] = [];
    for (const round of [1, 2, 3]) {
      await using server = await startLocalserveIn(folder);
      const enough = Promise.withResolvers<void>();
      const transport = pool(server);
      const sending = Array.from({ length: 200 }, async (_, n) => {
        const subject = freshSubject(`round ${round} message ${n}`);
        await transport.sendMail({
          envelope: { from: account.address, to: account.address },
          raw: sampleMessage(subject),
        });
        acknowledged.push(sampleId(subject));
        if (acknowledged.length >= round * 40) enough.resolve();
      });
      const all = Promise.allSettled(sending);
      await enough.promise;
      assert.equal(await server.kill('SIGKILL'), null);
      transport.close();
      await all;
    }
    await using server = await startLocalserveIn(folder);
    const { stdout } = await succeed(process.execPath, [program, 'check', '--dir', folder, '--json']);
    assert.deepEqual(JSON.parse(stdout), []);
    const ids = await withImap(server, async (client) => {
      await client.mailboxOpen('INBOX');
      return new Set((await client.fetchAll('1:*', { envelope: true })).map(({ envelope }) => envelope?.messageId));
    });
    assert.deepEqual(
      acknowledged.filter((id) => !ids.has(id)),
      [],
    );
    assert.ok(acknowledged.length >= 120);
  });

  function pool(server: ServerUnderTest) {
    const tls = { rejectUnauthorized: false };
    return createTransport({
      host: server.host,
      port: server.ports.smtp,
      pool: true,
      maxConnections: 8,
      maxMessages: 1000,
      tls,
    });
  }
});
