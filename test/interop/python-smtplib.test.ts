import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simpleParser } from 'mailparser';
import { freshSubject, messageBySubject } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

const script = fileURLToPath(new URL('python/smtp.py', import.meta.url));

describePeer("Python's smtplib sends to us", needs('python3'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const mode of ['plain', 'login', 'cram-md5', 'starttls', 'tls']) {
    test(mode, async () => {
      const subject = freshSubject(`smtplib ${mode}`);
      const mail = sampleMessage(subject, 'Zwölf Boxkämpfer\r\n.\r\n');
      const port = String(mode === 'tls' ? server.ports.submissions : server.ports.submission);
      // The certificate is checked, with its name.
      const certificate = join(server.folder, 'localhost.crt');
      await succeed('python3', [script, port, certificate, account.address, account.password, mode], { input: mail });
      // Submission has encoded it (decision 10).
      assert.equal((await simpleParser(await messageBySubject(server, subject))).text, 'Zwölf Boxkämpfer\n.\n');
    });
  }
});
