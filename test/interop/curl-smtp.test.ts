import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertDelivered, freshSubject, messageBySubject } from './mailbox.ts';
import { describePeer, needs, run, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserveWithStartTls, type Ports, type ServerUnderTest } from './server-under-test.ts';

describePeer('curl sends to us', needs('curl'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserveWithStartTls();
  });
  after(() => server[Symbol.asyncDispose]());

  const login = ['--user', `${account.address}:${account.password}`];
  const envelope = ['--mail-from', account.address, '--mail-rcpt', account.address];
  const ways: readonly { name: string; port: keyof Ports; scheme: 'smtp' | 'smtps'; options: readonly string[] }[] = [
    { name: 'smtp', port: 'smtp', scheme: 'smtp', options: [] },
    { name: 'smtp with STARTTLS', port: 'smtp', scheme: 'smtp', options: ['--ssl-reqd'] },
    { name: 'submission, its own choice', port: 'submission', scheme: 'smtp', options: login },
    {
      name: 'submission with PLAIN',
      port: 'submission',
      scheme: 'smtp',
      options: ['--ssl-reqd', ...login, '--login-options', 'AUTH=PLAIN'],
    },
    {
      name: 'submission with an initial response',
      port: 'submission',
      scheme: 'smtp',
      options: ['--sasl-ir', ...login, '--login-options', 'AUTH=PLAIN'],
    },
    {
      name: 'submission with LOGIN',
      port: 'submission',
      scheme: 'smtp',
      options: [...login, '--login-options', 'AUTH=LOGIN'],
    },
    {
      name: 'submission with CRAM-MD5',
      port: 'submission',
      scheme: 'smtp',
      options: [...login, '--login-options', 'AUTH=CRAM-MD5'],
    },
    { name: 'smtps', port: 'submissions', scheme: 'smtps', options: login },
  ];
  for (const { name, port, scheme, options } of ways) {
    test(name, async () => {
      const subject = freshSubject(`curl ${name}`);
      const mail = sampleMessage(subject);
      const url = `${scheme}://127.0.0.1:${server.ports[port]}/client.example`;
      await succeed('curl', ['-sS', '-k', '--url', url, ...envelope, ...options, '-T', '-'], { input: mail });
      assertDelivered(await messageBySubject(server, subject), mail);
    });
  }

  test('an upload of 20 MB', async () => {
    const subject = freshSubject('curl large');
    const mail = sampleMessage(subject, `${'x'.repeat(98)}\r\n`.repeat(200_000));
    const url = `smtp://127.0.0.1:${server.ports.smtp}`;
    await succeed('curl', ['-sS', '--url', url, ...envelope, '-T', '-'], { input: mail });
    assertDelivered(await messageBySubject(server, subject), mail);
  });

  test('VRFY and HELP are answered', async () => {
    const url = `smtp://127.0.0.1:${server.ports.smtp}`;
    assert.match((await run('curl', ['-sS', '--url', url, '--mail-rcpt', 'godwit'])).stdout, /^252 /m);
    assert.match((await run('curl', ['-sS', '--url', url, '--request', 'HELP'])).stdout, /^214/m);
  });

  test('a wrong password ends with exit code 67', async () => {
    const url = `smtp://127.0.0.1:${server.ports.submission}`;
    const wrong = ['--user', `${account.address}:wrong`];
    const { code } = await run('curl', ['-sS', '--url', url, ...envelope, ...wrong, '-T', '-'], { input: 'x' });
    assert.equal(code, 67);
  });
});
