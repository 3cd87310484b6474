import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

test('godwit why: a developer learns what happened to test mail, while the server runs and after it', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'local');
  const first = await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  assert.equal(first.code, 0, first.errors);
  const file = join(folder, 'server.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/port: \d+/g, 'port: 0'));
  const why = async (...args: readonly string[]): Promise<string> => {
    const { code, output, errors } = await godwit(['why', ...args, '--dir', folder]);
    assert.equal(errors, '');
    assert.equal(code, /^(?:No|Nothing|The queue has no) /.test(output) ? 1 : 0, output);
    return output;
  };
  {
    await using server = await startGodwit(['localserve', '--dir', folder], /Stop with Ctrl-C/);
    const port = Number(/^ +submission +\S+:(\d+) /m.exec(server.greeting)?.[1]);
    const auth = { user: 'godwit@localhost', pass: 'godwitgodwit' };
    const transport = createTransport({ host: '127.0.0.1', port, auth, tls: { rejectUnauthorized: false } });
    const mail = { from: auth.user, subject: 'test', text: 'hello', messageId: '<test@e2e>' };
    await transport.sendMail({ ...mail, to: 'queue451@example.net' });
    await assert.rejects(transport.sendMail({ ...mail, to: 'permerror@example.net' }), /550/);
    transport.close();
    const refused = await why('--to', 'permerror@example.net', '--since', '1h');
    assert.match(refused, /refused at DATA: 550 5\.0\.0 permanent failure asked for by the address\n/);
    assert.match(
      await why('1'),
      /^Outgoing message 1 of the account godwit: from godwit@localhost to queue451@example\.net\n/,
    );
    await godwit(['stop', '--dir', folder]);
    await server.ended;
  }
  const text = await why('test@e2e');
  assert.match(
    text,
    /\n {2}\S+ \S+ [+-]\d\d:\d\d {2}accepted from a user by submission on 127\.0\.0\.1:\d+\n {6}client 127\.0\.0\.1, EHLO .*, TLSv1\.3 /,
  );
  assert.match(text, /attempt 1 for queue451@example\.net: deferred, .*\n[^]* {6}451 4\.0\.0 /);
  assert.match(text, /\n {2}Now queue451@example\.net: waits for attempt 2, due at .*; given up at /);
  const [story] = JSON.parse(await why('<test@e2e>', '--json')) as { readonly kind: string; readonly id: number }[];
  assert.deepEqual([story?.kind, story?.id], ['outgoing', 1]);
  assert.match(
    await why('--from', 'nobody@example.org'),
    /^Nothing is known of mail from nobody@example\.org within 7d: /,
  );
  assert.match(await why('99'), /^The queue has no message 99\.\n/);
  const unclear = await godwit(['why', '--dir', folder]);
  assert.deepEqual([unclear.code, unclear.output], [1, '']);
  assert.match(unclear.errors, /^godwit: name a message by its id or Message-ID, or write --from ADDRESS/);
});
