import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { describePeer, needs, run } from './programs.ts';
import { startLocalserveWithStartTls, type Ports, type ServerUnderTest } from './server-under-test.ts';

describePeer('openssl s_client makes TLS with us', needs('openssl'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserveWithStartTls();
  });
  after(() => server[Symbol.asyncDispose]());

  const ways: readonly { port: keyof Ports; options: readonly string[]; quit: string; answer: RegExp }[] = [
    { port: 'smtp', options: ['-starttls', 'smtp'], quit: 'QUIT\r\n', answer: /^221 2\.0\.0/m },
    { port: 'submission', options: ['-starttls', 'smtp'], quit: 'QUIT\r\n', answer: /^221 2\.0\.0/m },
    { port: 'submissions', options: [], quit: 'QUIT\r\n', answer: /^221 2\.0\.0/m },
    { port: 'imap', options: ['-starttls', 'imap'], quit: 'a LOGOUT\r\n', answer: /^a OK/m },
    { port: 'imaps', options: [], quit: 'a LOGOUT\r\n', answer: /^a OK/m },
  ];
  for (const { port, options, quit, answer } of ways) {
    for (const version of ['-tls1_2', '-tls1_3']) {
      test(`${port} ${version}`, async () => {
        const { stdout, stderr } = await client(port, [...options, version], quit);
        assert.match(stdout, /^ *Verify return code: 0 \(ok\)/im, stderr);
        assert.match(stdout, answer);
      });
    }
    test(`${port} refuses TLS 1.1`, async () => {
      const ended = await client(port, [...options, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0'], quit);
      assert.match(`${ended.stdout}${ended.stderr}`, /alert protocol version|Cipher is \(NONE\)/);
      assert.doesNotMatch(ended.stdout, answer);
    });
  }

  for (const { port, options, quit, answer } of ways) {
    test(`${port} has no static RSA (RFC 9325 §4.1)`, async () => {
      const ended = await client(port, [...options, '-tls1_2', '-cipher', 'kRSA:@SECLEVEL=0'], quit);
      assert.match(`${ended.stdout}${ended.stderr}`, /Cipher is \(NONE\)|handshake failure/);
      assert.doesNotMatch(ended.stdout, answer);
    });
  }

  function client(port: keyof Ports, options: readonly string[], input: string) {
    const place = ['-connect', `127.0.0.1:${server.ports[port]}`, '-servername', 'localhost'];
    const trust = ['-CAfile', join(server.folder, 'localhost.crt'), '-verify_hostname', 'localhost'];
    return run('openssl', ['s_client', '-ign_eof', ...place, ...trust, ...options], { input });
  }
});
