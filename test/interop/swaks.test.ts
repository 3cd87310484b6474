import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertDelivered, freshSubject, messageBySubject } from './mailbox.ts';
import { describePeer, needs, run, succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, startLocalserveWithStartTls, type Ports, type ServerUnderTest } from './server-under-test.ts';

describePeer('swaks sends to us', needs('swaks'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserveWithStartTls();
  });
  after(() => server[Symbol.asyncDispose]());

  const login = ['--auth-user', account.address, '--auth-password', account.password];
  const ways: readonly { readonly name: string; readonly port: keyof Ports; readonly options: readonly string[] }[] = [
    { name: 'plain', port: 'smtp', options: [] },
    { name: 'STARTTLS', port: 'smtp', options: ['--tls'] },
    { name: 'pipelined', port: 'smtp', options: ['--pipeline'] },
    { name: 'pipelined in TLS', port: 'submission', options: ['--pipeline', '--tls', '--auth', 'PLAIN', ...login] },
    { name: 'HELO', port: 'smtp', options: ['--protocol', 'SMTP'] },
    { name: 'AUTH PLAIN', port: 'submission', options: ['--auth', 'PLAIN', ...login] },
    { name: 'AUTH LOGIN', port: 'submission', options: ['--auth', 'LOGIN', ...login] },
    { name: 'AUTH CRAM-MD5', port: 'submission', options: ['--auth', 'CRAM-MD5', ...login] },
    { name: 'AUTH PLAIN in STARTTLS', port: 'submission', options: ['--tls', '--auth', 'PLAIN', ...login] },
    { name: 'TLS from the start', port: 'submissions', options: ['--tlsc', '--auth', 'LOGIN', ...login] },
  ];
  for (const { name, port, options } of ways) {
    test(name, async () => {
      const subject = freshSubject(name);
      const mail = lines(sampleMessage(subject));
      await swaks(server.ports[port], [...options, '--data', withoutLastLineEnd(mail)]);
      assertDelivered(await messageBySubject(server, subject), mail);
    });
  }

  test('a large message', async () => {
    const subject = freshSubject('large');
    const mail = lines(sampleMessage(subject, '.'.repeat(70).concat('\r\n').repeat(100_000)));
    const file = join(server.folder, '../large.eml');
    await writeFile(file, withoutLastLineEnd(mail));
    await swaks(server.ports.smtp, ['--data', `@${file}`]);
    assertDelivered(await messageBySubject(server, subject), mail);
  });

  test('several recipients of one account are one message', async () => {
    const subject = freshSubject('several');
    await swaks(server.ports.smtp, [
      '--to',
      'a@example.org,b@example.org',
      '--data',
      lines(sampleMessage(subject, 'x')),
    ]);
    assert.match((await messageBySubject(server, subject)).toString(), /x\r\n$/);
  });

  test('a wrong password is 535', async () => {
    const args = ['--auth', 'PLAIN', '--auth-user', account.address, '--auth-password', 'wrong'];
    const ended = await run('swaks', ['--server', `127.0.0.1:${server.ports.submission}`, '--to', 'a@b.c', ...args]);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stdout, /^<\*\* +535 5\.7\.8/m);
  });

  test('submission without a login is 530', async () => {
    const ended = await run('swaks', ['--server', `127.0.0.1:${server.ports.submission}`, '--to', 'a@b.c']);
    assert.match(ended.stdout, /^<\*\* +530 5\.7\.0/m);
  });

  const failures = [
    { to: 'temperror@example.org', reply: /^<\*\* +451 4\.0\.0/m, at: 'after DATA', exit: 26 },
    { to: 'permerror@example.org', reply: /^<\*\* +550 5\.0\.0/m, at: 'after DATA', exit: 26 },
    { to: 'full452@example.org', reply: /^<\*\* +452 4\.0\.0/m, at: 'after DATA', exit: 26 },
    { to: 'x554@example.org', reply: /^<\*\* +554 5\.0\.0/m, at: 'after DATA', exit: 26 },
    { to: 'rcpttotemperror@example.org', reply: /^<\*\* +451 4\.0\.0/m, at: 'RCPT TO', exit: 24 },
    { to: 'rcptto553@example.org', reply: /^<\*\* +553 5\.0\.0/m, at: 'RCPT TO', exit: 24 },
  ];
  for (const { to, reply, at, exit } of failures) {
    test(`${to} fails at ${at}`, async () => {
      const ended = await run('swaks', ['--server', `127.0.0.1:${server.ports.smtp}`, '--from', 'a@b.c', '--to', to]);
      assert.match(ended.stdout, reply);
      assert.equal(ended.code, exit);
    });
  }

  test('mailfrompermerror@ fails at MAIL FROM', async () => {
    const from = 'mailfrompermerror@example.org';
    const ended = await run('swaks', ['--server', `127.0.0.1:${server.ports.smtp}`, '--from', from, '--to', 'a@b.c']);
    assert.match(ended.stdout, /^ -> MAIL FROM.*\n<\*\* +550 5\.0\.0/m);
    assert.equal(ended.code, 23);
  });
});

/** Command line options given later win. */
function swaks(port: number, options: readonly string[]): Promise<unknown> {
  return succeed('swaks', [
    '--server',
    `127.0.0.1:${port}`,
    '--from',
    account.address,
    '--to',
    account.address,
    ...options,
  ]);
}

/** The program takes text with line feeds. */
function lines(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

/** The program ends its data with a line end of its own. */
function withoutLastLineEnd(text: string): string {
  return text.slice(0, -1);
}
