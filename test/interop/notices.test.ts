import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { makeSelfSigned } from '#host/certificates';
import { eventually, freshSubject, messageWith, reportAbout } from './mailbox.ts';
import { startNameServer } from './name-server.ts';
import { startPostfix, type Postfix } from './postfix.ts';
import { describePeer, needsRoot, run, succeed } from './programs.ts';
import { serverYaml } from './relay-world.ts';
import { sampleId, sampleMessage } from './sample-message.ts';
import { account, program, startServe, type ServerUnderTest } from './server-under-test.ts';

const us = 'godwit@godwit.test';

// Postfix takes mail, finds out afterwards that it cannot deliver it, and tells the reverse-path.
describePeer('Postfix tells us what became of our mail', needsRoot('postfix'), () => {
  const net = `127.${randomInt(64, 128)}.${randomInt(1, 255)}`;
  const [ourAddress, theirAddress] = [`${net}.1`, `${net}.2`];
  const running = new AsyncDisposableStack();
  let server: ServerUnderTest;
  let postfix: Postfix;

  before(async () => {
    const now = Date.now();
    const ours = await makeSelfSigned({ names: ['mx.godwit.test'], ips: [ourAddress], days: 2, now });
    const theirs = await makeSelfSigned({ names: ['mx.postfix.test'], ips: [theirAddress], days: 2, now });
    const names = running.use(
      await startNameServer({
        'postfix.test': [{ type: 'MX', name: 'postfix.test', data: { preference: 10, exchange: 'mx.postfix.test' } }],
        'mx.postfix.test': [{ type: 'A', name: 'mx.postfix.test', data: theirAddress }],
      }),
    );
    postfix = running.use(
      await startPostfix({
        address: theirAddress,
        hostname: 'mx.postfix.test',
        domain: 'postfix.test',
        peer: { domain: 'godwit.test', address: ourAddress },
        ...theirs,
        settings: `virtual_alias_maps = inline:{ ${[1, 2, 3].map((n) => `{gone${n}@postfix.test=gone@dead.test}`).join(' ')} }
transport_maps = inline:{ {godwit.test=smtp:[${ourAddress}]} {dead.test=error:5.1.1 this user has left} }
smtpd_discard_ehlo_keywords =
`,
      }),
    );
    server = running.use(
      await startServe({
        host: ourAddress,
        server: serverYaml(ourAddress, names.port),
        domains: `domains: { localhost: {}, godwit.test: {} }
accounts: { godwit: { addresses: [${account.address}, ${us}], fromIds: true } }
`,
        files: { 'cert.pem': ours.certPem, 'key.pem': ours.keyPem },
      }),
    );
  });
  after(() => running.disposeAsync());

  test('its bounce to a From-ID is in the story of the message, suppresses the address, and is in the INBOX', async () => {
    const subject = freshSubject('gone');
    await submit(us, 'gone1@postfix.test', subject);
    const story = await storyWith(subject, /a notice about it came back \(gone1@postfix\.test\)/);
    assert.match(story, /from godwit\+[a-z2-7]{16}@godwit\.test/);
    assert.match(story, /trust: fromId\n\s+action: failed\n\s+status: 5\.1\.1\n/);
    assert.match(story, /final recipient: gone@dead\.test\n/);
    const report = (await messageWith(server, sampleId(subject))).toString();
    assert.match(report, /^Delivered-To: godwit\+[a-z2-7]{16}@godwit\.test\r$/m);
    assert.match(report, /\(Postfix\)/);
    assert.match(await godwit('suppression', 'list'), /gone1@postfix\.test.*this user has left/);
  });

  test('what is suppressed comes back at once', async () => {
    const subject = freshSubject('gone again');
    await submit(us, 'gone1@postfix.test', subject);
    assert.match(
      (await reportAbout(server, sampleId(subject))).toString(),
      /^Action: failed\r$[^]*^Status: 5\.7\.1\r$/m,
    );
  });

  test('its bounce to an address with a detail of its own is known by the Message-ID, and by where it comes from', async () => {
    const subject = freshSubject('gone as well');
    await submit('godwit+news@godwit.test', 'gone2@postfix.test', subject);
    assert.match(await storyWith(subject, /a notice about it/), /trust: messageId\n\s+action: failed\n/);
    assert.match(await godwit('suppression', 'list'), /gone2@postfix\.test/);
  });

  test('a bounce that somebody else forged is told, and suppresses nothing', async () => {
    const subject = freshSubject('not gone');
    await submit('godwit+news@godwit.test', 'known@postfix.test', subject);
    await storyWith(subject, /delivered, at mx\.postfix\.test/);
    const transport = createTransport({ host: ourAddress, port: 25, tls: { rejectUnauthorized: false } });
    await transport.sendMail({
      envelope: { from: '', to: ['godwit+news@godwit.test'] },
      raw: forged(sampleId(subject)),
    });
    await storyWith(subject, /a notice about it/);
    assert.doesNotMatch(await godwit('suppression', 'list'), /known@postfix\.test/);
  });

  test('it says that it delivered, when asked', async () => {
    const subject = freshSubject('delivered?');
    await submit(us, 'known@postfix.test', subject, { id: 'e1', return: 'headers', notify: 'success', recipient: us });
    assert.match(
      await storyWith(subject, /a notice about it/),
      /trust: fromId\n\s+action: delivered\n\s+status: 2\.0\.0\n/,
    );
  });

  async function submit(from: string, to: string, subject: string, dsn?: SendMailOptions['dsn']): Promise<void> {
    const auth = { user: account.address, pass: account.password };
    const { host, ports } = server;
    const tls = { rejectUnauthorized: false };
    const transport = createTransport({ host, port: ports.submissions, secure: true, auth, tls });
    const raw = sampleMessage(subject);
    await transport.sendMail({ envelope: { from, to: [to] }, raw, ...(dsn !== undefined && { dsn }) });
  }

  async function godwit(...args: string[]): Promise<string> {
    return (await succeed(process.execPath, [program, ...args, '--config', server.folder])).stdout;
  }

  /** The story of the message with this subject, once it contains this. */
  async function storyWith(subject: string, wanted: RegExp): Promise<string> {
    let story = '';
    try {
      return await eventually(`${wanted} in the story of ${subject}`, async () => {
        const told = await run(process.execPath, [program, 'why', sampleId(subject), '--config', server.folder]);
        story = told.stdout;
        return wanted.test(story) ? story : null;
      });
    } catch (error) {
      throw new Error(`${story}\n${await postfix.log()}\n${server.log()}`, { cause: error });
    }
  }
});

function forged(messageId: string): string {
  return `From: mailer-daemon@postfix.test
Message-ID: <forged@elsewhere.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.postfix.test

Final-Recipient: rfc822; known@postfix.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: ${messageId}

--b--
`.replaceAll('\n', '\r\n');
}
