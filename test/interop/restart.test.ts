import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { tempDir } from '#testing/temp-dir';
import { eventually, freshSubject, messageBySubject, openImap, withImap } from './mailbox.ts';
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
      await pool(server, 'smtp').sendMail({
        envelope: { from: 'a@b.c', to: account.address },
        raw: sampleMessage(subject),
      });
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

  for (const port of ['smtp', 'submission'] as const) {
    test(`kill -9 while mail comes in by ${port}: everything acknowledged arrives`, async () => {
      await using dir = await tempDir();
      const folder = join(dir.path, 'godwit');
      await setUpLocalserve(folder);
      const acknowledged: string[] = [];
      for (const round of [1, 2, 3]) await killUnderLoad(folder, port, round, acknowledged);
      await using server = await startLocalserveIn(folder);
      await eventually('all that was acknowledged', async () => {
        const ids = await messageIds(server);
        return acknowledged.every((id) => ids.has(id)) ? ids : null;
      });
      const { stdout } = await succeed(process.execPath, [program, 'check', '--dir', folder, '--json']);
      assert.deepEqual(JSON.parse(stdout), []);
    });
  }
});

/** Sends until some are acknowledged, kills the server, and adds the ids of all acknowledged messages. */
async function killUnderLoad(folder: string, port: Port, round: number, acknowledged: string[]): Promise<void> {
  await using server = await startLocalserveIn(folder);
  const wanted = acknowledged.length + 30;
  const enough = Promise.withResolvers<void>();
  const transport = pool(server, port);
  const sending = Array.from({ length: 200 }, async (_, n) => {
    const subject = freshSubject(`${port} ${round} message ${n}`);
    await transport.sendMail({ envelope: { from: account.address, to: account.address }, raw: sampleMessage(subject) });
    acknowledged.push(sampleId(subject));
    if (acknowledged.length >= wanted) enough.resolve();
  });
  const all = Promise.allSettled(sending);
  await Promise.race([enough.promise, all]);
  assert.equal(await server.kill('SIGKILL'), null);
  transport.close();
  await all;
}

function messageIds(server: ServerUnderTest): Promise<Set<string | undefined>> {
  return withImap(server, async (client) => {
    await client.mailboxOpen('INBOX');
    return new Set((await client.fetchAll('1:*', { envelope: true })).map(({ envelope }) => envelope?.messageId));
  });
}

type Port = 'smtp' | 'submission';

function pool({ host, ports }: ServerUnderTest, port: Port) {
  const login = port === 'smtp' ? {} : { auth: { user: account.address, pass: account.password } };
  const limits = { pool: true, maxConnections: 8, maxMessages: 1000 } as const;
  return createTransport({ host, port: ports[port], ...limits, ...login, tls: { rejectUnauthorized: false } });
}
