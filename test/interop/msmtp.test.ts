import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertDelivered, freshSubject, messageBySubject } from './mailbox.ts';
import { describePeer, needs, run } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer('msmtp sends to us', needs('msmtp'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  const mechanisms = ['plain', 'login', 'cram-md5', 'scram-sha-1', 'scram-sha-256', 'on'];
  const securities = [
    { name: 'without TLS', port: 'submission', options: ['--tls=off'] },
    { name: 'with STARTTLS', port: 'submission', options: ['--tls=on', '--tls-starttls=on', '--tls-certcheck=off'] },
    { name: 'with TLS', port: 'submissions', options: ['--tls=on', '--tls-starttls=off', '--tls-certcheck=off'] },
  ] as const;
  for (const { name, port, options } of securities) {
    for (const mechanism of mechanisms) {
      // The program itself never chooses a mechanism that shows the password without TLS.
      test(`auth ${mechanism} ${name}`, async () => {
        const subject = freshSubject(`msmtp ${mechanism} ${name}`);
        const mail = sampleMessage(subject);
        const ended = await send(server.ports[port], mechanism, options, account.password, mail);
        assert.equal(ended.code, 0, ended.stderr);
        assertDelivered(await messageBySubject(server, subject), mail);
      });
    }
  }

  for (const mechanism of mechanisms) {
    test(`auth ${mechanism} with a wrong password is 535`, async () => {
      const ended = await send(server.ports.submission, mechanism, ['--tls=off'], 'wrong', sampleMessage('none'));
      assert.equal(ended.code, 77);
      assert.match(ended.stderr, /535 5\.7\.8/);
    });
  }

  test('--serverinfo reads our greeting and what we offer', async () => {
    const args = ['--serverinfo', '--host=127.0.0.1', `--port=${server.ports.submission}`, '--tls=off'];
    const { stdout } = await run('msmtp', args);
    assert.match(stdout, /^ *SIZE 104857600/m);
    assert.match(stdout, /^ *PIPELINING/m);
    assert.match(stdout, /^ *DSN/m);
    assert.match(stdout, /SCRAM-SHA-256/);
  });
});

function send(port: number, mechanism: string, options: readonly string[], password: string, mail: string) {
  const connection = ['--file=/dev/null', '--host=127.0.0.1', `--port=${port}`, ...options];
  const login = [`--auth=${mechanism}`, `--user=${account.address}`, `--passwordeval=echo ${password}`];
  return run('msmtp', [...connection, ...login, `--from=${account.address}`, '--', account.address], { input: mail });
}
