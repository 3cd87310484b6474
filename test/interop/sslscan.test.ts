import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { describePeer, needs, succeed } from './programs.ts';
import { startServe, type Ports, type ServerUnderTest } from './server-under-test.ts';

// With a certificate for RSA, where suites of static RSA would be possible.
describePeer('sslscan finds nothing weak', needs('sslscan', 'openssl'), () => {
  let server: ServerUnderTest;
  before(async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await using dir = await tempDir();
    const keyFile = join(dir.path, 'key.pem');
    await writeFile(keyFile, keyPem);
    const request = ['req', '-x509', '-key', keyFile, '-subj', '/CN=mx.godwit.test', '-days', '2'];
    const { stdout: certPem } = await succeed('openssl', request);
    server = await startServe({
      host: '127.0.0.1',
      server: `hostname: mx.godwit.test
postmaster: godwit
${process.getuid?.() === 0 ? 'user: root' : ''}
listeners:
  public:
    addresses: [127.0.0.1]
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    smtp: { port: 0 }
    submission: { port: 0 }
    submissions: { port: 0 }
    imap: { port: 0 }
    imaps: { port: 0 }
`,
      domains: 'domains: { localhost: {} }\naccounts: { godwit: { addresses: [godwit@localhost] } }\n',
      files: { 'cert.pem': certPem, 'key.pem': keyPem },
    });
  });
  after(() => server[Symbol.asyncDispose]());

  const ways: readonly (readonly [keyof Ports, readonly string[]])[] = [
    ['smtp', ['--starttls-smtp']],
    ['submission', ['--starttls-smtp']],
    ['submissions', []],
    ['imap', ['--starttls-imap']],
    ['imaps', []],
  ];
  for (const [port, options] of ways) {
    test(port, async () => {
      const report = join(server.folder, `${port}.xml`);
      await succeed('sslscan', [...options, '--no-colour', `--xml=${report}`, `127.0.0.1:${server.ports[port]}`]);
      const xml = await readFile(report, 'utf8');
      const suites = [...xml.matchAll(/<cipher status="[a-z]+" sslversion="([^"]+)" bits="\d+" cipher="([^"]+)"/g)];
      assert.ok(suites.length > 0, xml);
      for (const [, version = '', name = ''] of suites) {
        assert.match(version, /^TLSv1\.[23]$/);
        assert.match(name, /^(?:ECDHE-|DHE-|TLS_AES_|TLS_CHACHA20_)/);
      }
    });
  }
});
