import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { makeSelfSigned } from '#host/certificates';
import { freshSubject, messageBySubject } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { account, program, startServe, type ServerUnderTest } from './server-under-test.ts';

const script = fileURLToPath(new URL('python/dkim_verify.py', import.meta.url));
const us = 'godwit@godwit.test';

/** Output of `godwit dkim list --json`. */
interface Listed {
  readonly key: { readonly name: string; readonly record: string } | null;
}

describePeer('dkimpy verifies what we sign', needs('dkimverify'), () => {
  let server: ServerUnderTest;
  let records: readonly string[];

  before(async () => {
    const tls = await makeSelfSigned({ names: ['mx.godwit.test'], ips: ['127.0.0.1'], days: 2, now: Date.now() });
    server = await startServe({
      host: '127.0.0.1',
      server: serverYaml,
      domains: `domains: { localhost: {}, godwit.test: {} }\naccounts: { godwit: { addresses: [${account.address}, ${us}] } }\n`,
      files: { 'cert.pem': tls.certPem, 'key.pem': tls.keyPem },
    });
    await godwit('add', 'godwit.test', 'test', '--algorithm', 'both');
    const listed = JSON.parse((await godwit('list', '--json')).stdout) as Listed[];
    records = listed.map(({ key }) => `${key?.name}=${key?.record}`);
  });
  after(() => server[Symbol.asyncDispose]());

  const godwit = (...args: string[]) =>
    succeed(process.execPath, [program, 'dkim', ...args, '--config', server.folder]);

  test('godwit dkim record prints the record as strings of a zone file', async () => {
    const { stdout } = await godwit('record', 'godwit.test', 'test-rsa');
    const [line = ''] = stdout.split('\n\n');
    assert.match(line, /^test-rsa\._domainkey\.godwit\.test\. IN TXT \( "v=DKIM1; k=rsa; p=/);
    const strings = [...line.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text);
    assert.ok(strings.every(({ length }) => length <= 255));
    assert.ok(records.includes(`test-rsa._domainkey.godwit.test=${strings.join('')}`));
  });

  const messages: readonly (readonly [string, SendMailOptions])[] = [
    ['a short message', { text: 'Hello \t world  \r\n\r\n\r\n' }],
    ['a message without text', { text: '' }],
    ['a message in Unicode', { text: 'Zwölf Boxkämpfer\r\n', replyTo: 'Jürgen <j@example.org>' }],
    [
      'a large message',
      { html: '<p>x</p>', attachments: [{ filename: 'größe.bin', content: Buffer.alloc(300_000, 'godwit') }] },
    ],
  ];
  for (const [title, content] of messages) {
    test(title, async () => {
      const subject = freshSubject(title);
      const transport = createTransport({
        host: server.host,
        port: server.ports.submission,
        auth: { user: account.address, pass: account.password },
        tls: { rejectUnauthorized: false },
      });
      await transport.sendMail({ from: `Jürgen <${us}>`, to: us, subject, ...content });
      const stored = await messageBySubject(server, subject);
      const { stdout } = await succeed('/usr/bin/python3', [script, ...records], { input: stored });
      assert.equal(stdout, 'rsa-sha256 godwit.test pass\ned25519-sha256 godwit.test pass\n');
      const changed = stored.toString('latin1').replace('Subject: ', 'Subject: Re: ');
      const refused = await succeed('/usr/bin/python3', [script, ...records], {
        input: Buffer.from(changed, 'latin1'),
      });
      assert.equal(refused.stdout, 'rsa-sha256 godwit.test fail\ned25519-sha256 godwit.test fail\n');
    });
  }
});

const serverYaml = `hostname: mx.godwit.test
postmaster: godwit
user: root
listeners:
  public:
    addresses: [127.0.0.1]
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    smtp: { port: 0 }
    submission: { port: 0 }
    submissions: { port: 0 }
    imap: { port: 0 }
    imaps: { port: 0 }
`;
