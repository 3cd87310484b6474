import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describePeer, needs, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

const script = fileURLToPath(new URL('python/imap.py', import.meta.url));

describePeer("Python's imaplib reads from us", needs('python3'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const mode of ['login', 'plain', 'cram-md5', 'starttls', 'tls']) {
    test(mode, async () => {
      const port = String(mode === 'tls' ? server.ports.imaps : server.ports.imap);
      const certificate = join(server.folder, 'localhost.crt');
      const input = sampleMessage(`imaplib ${mode}`, 'Zwölf Boxkämpfer\r\n.\r\n');
      await succeed('python3', [script, port, certificate, account.address, account.password, mode], { input });
    });
  }
});
