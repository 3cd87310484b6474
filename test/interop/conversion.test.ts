import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simpleParser } from 'mailparser';
import { freshSubject } from './mailbox.ts';
import { startPostfixRelay } from './postfix-relay.ts';
import { describePeer, needsRoot, succeed } from './programs.ts';
import { startRelayWorld, type RelayWorld } from './relay-world.ts';
import { program } from './server-under-test.ts';

const script = fileURLToPath(new URL('python/dkim_verify.py', import.meta.url));
const domain = 'seven.example';

describePeer('mail for a host without 8BITMIME and SMTPUTF8', needsRoot('postfix', 'dovecot', 'dkimverify'), () => {
  let world: RelayWorld;
  let records: readonly string[];

  before(async () => {
    world = await startRelayWorld({
      domain,
      ways: { plain: { kind: 'smtp' } },
      start: (settings) => startPostfixRelay(settings, 'smtpd_discard_ehlo_keywords = 8bitmime, smtputf8, chunking\n'),
    });
    // The server writes key and domains.yaml as the user it serves as.
    await chmod(world.server.folder, 0o777);
    await chmod(join(world.server.folder, 'domains.yaml'), 0o666);
    await godwit('add', 'godwit.test', 'test', '--algorithm', 'both');
    const listed = JSON.parse((await godwit('list', '--json')).stdout) as {
      key: { name: string; record: string } | null;
    }[];
    records = listed.map(({ key }) => `${key?.name}=${key?.record}`);
  });
  after(() => world[Symbol.asyncDispose]());

  const godwit = (...args: string[]) =>
    succeed(process.execPath, [program, 'dkim', ...args, '--config', world.server.folder]);

  /** Sends a message, and reads what the host stored; its signatures are verified on the way. */
  async function sent(title: string, fields: readonly string[], body: string) {
    const subject = freshSubject(title);
    const header = ['From: Jürgen <godwit@godwit.test>', `To: known@plain.${domain}`, `Subject: ${subject}`, ...fields];
    await world.submit([`known@plain.${domain}`], `${header.join('\r\n')}\r\n\r\n${body}`);
    const stored = await world.received('known', subject);
    const { stdout } = await succeed('/usr/bin/python3', [script, ...records], { input: stored });
    assert.equal(stdout, 'rsa-sha256 godwit.test pass\ned25519-sha256 godwit.test pass\n', stored);
    assert.match(stored, /^[\t\r\n\x20-\x7e]*$/);
    assert.ok(stored.split('\r\n').every(({ length }) => length <= 998));
    return { stored, parsed: await simpleParser(stored) };
  }

  test('8-bit text (field case H3)', async () => {
    const mime = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'];
    const { stored, parsed } = await sent('eight', mime, 'Grüße\r\n');
    assert.equal(parsed.text, 'Grüße\n');
    assert.equal(parsed.from?.value[0]?.name, 'Jürgen');
    assert.equal(stored.match(/^Content-Transfer-Encoding: /gm)?.length, 1);
  });

  test('a text without MIME fields, with a long line', async () => {
    const line = 'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. '.repeat(40);
    const { parsed } = await sent('no MIME', [], `${line}\r\n`);
    assert.equal(parsed.text, `${line}\n`);
  });

  test('parts of 8 bits and of binary octets, with names beyond ASCII', async () => {
    const mime = ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', 'Content-Transfer-Encoding: 8bit'];
    const body = [
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>Grüße</p>',
      '--b',
      'Content-Type: application/octet-stream; name="größe.bin"',
      'Content-Disposition: attachment; filename="größe.bin"',
      '',
      'ÄÖÜ',
      '--b--',
      '',
    ].join('\r\n');
    const { parsed } = await sent('parts', mime, body);
    assert.equal(parsed.html, '<p>Grüße</p>');
    assert.equal(parsed.attachments[0]?.filename, 'größe.bin');
    assert.equal(parsed.attachments[0]?.content.toString(), 'ÄÖÜ');
  });

  test('an ASCII message that the client marks SMTPUTF8 (field case H1)', async () => {
    const subject = freshSubject('marked');
    // smtplib says SMTPUTF8 whenever it is asked to.
    const { submission } = world.server.ports;
    const to = `known@plain.${domain}`;
    await succeed('/usr/bin/python3', ['-c', marked, world.server.host, String(submission), to, subject]);
    assert.match(await world.received('known', subject), /marked without need/);
  });
});

const marked = `
import smtplib, ssl, sys
host, port, to, subject = sys.argv[1:]
tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE
with smtplib.SMTP(host, int(port)) as client:
    client.starttls(context=tls)
    client.login("godwit@localhost", "godwitgodwit")
    message = f"From: godwit@godwit.test\\r\\nTo: {to}\\r\\nSubject: {subject}\\r\\n\\r\\nmarked without need\\r\\n"
    client.sendmail("godwit@godwit.test", [to], message.encode(), mail_options=["SMTPUTF8", "BODY=8BITMIME"])
`;
