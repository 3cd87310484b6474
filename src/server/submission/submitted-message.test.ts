import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { parseCommand } from '#lib/smtp';
import type { Transaction } from '#proto/smtp-server';
import { openServices } from '#server/assemble';
import { setUpLocalserve } from '#server/localserve';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { SubmittedMessage } from './submitted-message.ts';

// The header's address is Unicode; the body is ASCII.
const message = 'From: godwit@localhost\r\nTo: 用户@例え.jp\r\n\r\nplain\r\n';

test('SubmittedMessage: a pedantic server wants SMTPUTF8 for a Unicode header, and no BODY=8BITMIME besides', async () => {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), join(dir.path, 'config')];
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  const server = join(folder, 'server.yaml');
  await writeFile(server, (await readFile(server, 'utf8')).replace('pedantic: false', 'pedantic: true'));
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files, log, onFatal });
  const account = await services.accounts.create('godwit');
  const facts = {
    id: 'c1',
    kind: 'submission',
    remote: { address: '127.0.0.1', port: 1 },
    local: { address: '127.0.0.1', port: 2 },
    tls: null,
    hello: null,
    identity: null,
    mechanism: null,
  } as const;
  const submit = async (mail: string) => {
    const sink = new SubmittedMessage(
      { ...services, hostname: 'localhost', rules: { takesBareUtf8: false, takesUnclearAuthors: false } },
      { facts, transaction: transactionOf(mail), account: account.id, maySendAs: () => true },
    );
    await sink.write(new TextEncoder().encode(message));
    return await sink.finish();
  };
  await assert.rejects(submit('MAIL FROM:<godwit@localhost>'), /550 5\.6\.7/);
  assert.equal((await submit('MAIL FROM:<godwit@localhost> SMTPUTF8')).code, 250);
  const [queued] = await services.queue.list({}, 10);
  assert.equal(queued?.recipient, 'a@example.org');
});

function transactionOf(mail: string): Transaction {
  const [from, to] = [mail, 'RCPT TO:<a@example.org>'].map((line) => {
    const parsed = parseCommand(line);
    assert.ok(parsed.ok);
    return parsed.value;
  });
  assert.ok(from?.verb === 'MAIL' && to?.verb === 'RCPT');
  return {
    from: from.from,
    parameters: from.parameters,
    senderFacts: undefined,
    recipients: [{ address: to.to, parameters: to.parameters, facts: undefined }],
    chunked: false,
  };
}
