import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { makeSelfSigned } from '#host/certificates';
import { assertDelivered, eventually, freshSubject, messageBySubject, reportAbout } from './mailbox.ts';
import { startNameServer, type NameServer } from './name-server.ts';
import { startPostfix, type Postfix } from './postfix.ts';
import { describePeer, needsRoot, succeed } from './programs.ts';
import { sampleId, sampleMessage } from './sample-message.ts';
import { account, program, startServe, type ServerUnderTest } from './server-under-test.ts';

const tls = { rejectUnauthorized: false };
const us = 'godwit@godwit.test';

// Mail between servers goes to port 25, so both have addresses of their own on loopback; nothing leaves this machine.
// We start as root and serve as another user.
describePeer('Postfix and we exchange mail', needsRoot('postfix', 'curl'), () => {
  const net = `127.${randomInt(64, 128)}.${randomInt(1, 255)}`;
  const [ourAddress, theirAddress] = [`${net}.1`, `${net}.2`];
  const running = new AsyncDisposableStack();
  let server: ServerUnderTest;
  let postfix: Postfix;

  before(async () => {
    const now = Date.now();
    const ourTls = await makeSelfSigned({ names: ['mx.godwit.test'], ips: [ourAddress], days: 2, now });
    const theirTls = await makeSelfSigned({ names: ['mx.postfix.test'], ips: [theirAddress], days: 2, now });
    const names = running.use(await startNameServer(zone(ourAddress, theirAddress)));
    postfix = running.use(
      await startPostfix({
        address: theirAddress,
        hostname: 'mx.postfix.test',
        domain: 'postfix.test',
        peer: { domain: 'godwit.test', address: ourAddress },
        ...theirTls,
      }),
    );
    server = running.use(
      await startServe({
        host: ourAddress,
        server: serverYaml(ourAddress, names),
        domains: `domains: { localhost: {}, godwit.test: {} }\naccounts: { godwit: { addresses: [${account.address}, ${us}] } }\n`,
        files: { 'cert.pem': ourTls.certPem, 'key.pem': ourTls.keyPem },
      }),
    );
  });
  after(() => running.disposeAsync());

  test('our queue delivers to its mailbox, over TLS', async () => {
    const subject = freshSubject('to Postfix');
    const mail = sampleMessage(subject);
    await submit(['known@postfix.test'], mail);
    const stored = await inPostfix('known', subject);
    assertDelivered(Buffer.from(stored.replace(/^X-Original-To: .*\n/m, '').replaceAll('\n', '\r\n')), mail);
    assert.match(
      stored,
      /^Received: from mx\.godwit\.test .*\n(?:\s.*\n)*?\s.*by mx\.postfix\.test \(Postfix\) with ESMTPS id/m,
    );
    assert.match(stored, new RegExp(`^Return-Path: <${us}>`, 'm'));
  });

  test('a large message, two recipients in one transaction', async () => {
    const subject = freshSubject('large to Postfix');
    const mail = sampleMessage(subject, `${'.z'.repeat(40)}\r\n`.repeat(60_000));
    await submit(['known@postfix.test', 'other@postfix.test'], mail);
    for (const localpart of ['known', 'other']) {
      const stored = await inPostfix(localpart, subject);
      assert.equal(stored.replaceAll('\n', '\r\n').endsWith(mail), true);
    }
  });

  test('8-bit content is encoded, and reads the same', async () => {
    const subject = freshSubject('eight bits');
    const mail = sampleMessage(subject, 'Zwölf Boxkämpfer\r\n');
    const url = `smtp://${server.host}:${server.ports.submission}/client.example`;
    const login = `${account.address}:${account.password}`;
    const args = ['--url', url, '--user', login, '--mail-from', us, '--mail-rcpt', 'known@postfix.test', '-T', '-'];
    await succeed('curl', ['-sS', ...args], { input: mail });
    const stored = await inPostfix('known', subject);
    assert.doesNotMatch(stored, /[^\0-\x7f]/);
    assert.equal((await simpleParser(stored)).text?.trim(), 'Zwölf Boxkämpfer');
  });

  test('its refusal of one recipient comes back as a report that refers to the message; the other one gets it', async () => {
    const subject = freshSubject('half refused');
    await submit(['nobody@postfix.test', 'other@postfix.test'], sampleMessage(subject));
    const report = (await reportAbout(server, sampleId(subject))).toString();
    assert.match(report, new RegExp(`^References: ${sampleId(subject)}\r$`, 'm'));
    assert.match(report, /^Final-Recipient: rfc822; ?nobody@postfix\.test\r$/m);
    assert.match(report, /^Action: failed\r$/m);
    assert.match(report, /^Status: 5\.1\.1\r$/m);
    assert.match(report, /^Remote-MTA: dns; ?mx\.postfix\.test/m);
    assert.match(report, /^Diagnostic-Code: smtp; ?550 5\.1\.1 .*nobody@postfix\.test/m);
    assert.doesNotMatch(report, /^Final-Recipient: .*other@/m);
    await inPostfix('other', subject);
  });

  test('its temporary refusal waits in the queue with its words, until an administrator fails it', async () => {
    const subject = freshSubject('later');
    await submit(['later@postfix.test'], sampleMessage(subject));
    const queue = (...args: string[]) =>
      succeed(process.execPath, [program, 'queue', ...args, '--config', server.folder]);
    await eventually('the refusal in the queue list', async () => {
      const { stdout } = await queue('list', '--json');
      return /450 4\.7\.1.*come back later/.test(stdout) ? stdout : null;
    });
    await queue('fail', '--yes', '--to', 'later@postfix.test');
    assert.match((await reportAbout(server, sampleId(subject))).toString(), /^Action: failed\r$/m);
  });

  test('a domain that does not exist comes back at once', async () => {
    const subject = freshSubject('no such domain');
    await submit(['a@nowhere.test'], sampleMessage(subject));
    assert.match((await reportAbout(server, sampleId(subject))).toString(), /^Status: 5\.1\.2\r$/m);
  });

  test('it delivers to us, over TLS', async () => {
    const subject = freshSubject('from Postfix');
    const mail = sampleMessage(subject, `Grüße\r\n.\r\n${'q'.repeat(990)}\r\n`);
    await fromPostfix([us], mail);
    const stored = await messageBySubject(server, subject);
    assertDelivered(stored, mail);
    assert.match(
      stored.toString(),
      /^Received: from mx\.postfix\.test \(\[127\.[\d.]+\]\) by mx\.godwit\.test with ESMTPS\r\n/m,
    );
  });

  test('a large message from it', async () => {
    const subject = freshSubject('large from Postfix');
    const mail = sampleMessage(subject, `${'w'.repeat(76)}\r\n`.repeat(60_000));
    await fromPostfix([us], mail);
    assertDelivered(await messageBySubject(server, subject), mail);
  });

  test('our refusal comes back from it to the sender, the other recipient has the message', async () => {
    const subject = freshSubject('refused by us');
    await fromPostfix(['nobody@godwit.test', us], sampleMessage(subject));
    await messageBySubject(server, subject);
    const bounce = await inPostfix('known', subject);
    assert.match(bounce, /^Final-Recipient: rfc822; nobody@godwit\.test$/m);
    assert.match(bounce, /^Status: 5\.1\.1$/m);
    assert.match(bounce, /^Diagnostic-Code: smtp; 550 5\.1\.1 no such user here/m);
  });

  test('we relay for nobody', async () => {
    const transport = createTransport({ host: ourAddress, port: 25, tls });
    const relayed = transport.sendMail({ from: 'known@postfix.test', to: 'other@postfix.test', text: 'x' });
    await assert.rejects(relayed, { responseCode: 550, code: 'EENVELOPE' });
  });

  function submission() {
    const auth = { user: account.address, pass: account.password };
    return createTransport({ host: server.host, port: server.ports.submission, auth, tls });
  }

  async function submit(to: string[], raw: string): Promise<void> {
    await submission().sendMail({ envelope: { from: us, to }, raw });
  }

  async function fromPostfix(to: string[], raw: string): Promise<void> {
    const transport = createTransport({ host: theirAddress, port: 25, tls });
    await transport.sendMail({ envelope: { from: 'known@postfix.test', to }, raw });
  }

  async function inPostfix(localpart: string, subject: string): Promise<string> {
    try {
      return await eventually(`${subject} in the mailbox ${localpart}`, async () => {
        const messages = await postfix.mailbox(localpart);
        return messages.find((message) => message.includes(`Subject: ${subject}\n`)) ?? null;
      });
    } catch (error) {
      throw new Error(`${await postfix.log()}\n${server.log()}`, { cause: error });
    }
  }
});

function zone(ourAddress: string, theirAddress: string) {
  return {
    'godwit.test': [{ type: 'MX', name: 'godwit.test', data: { preference: 10, exchange: 'mx.godwit.test' } }],
    'mx.godwit.test': [{ type: 'A', name: 'mx.godwit.test', data: ourAddress }],
    'postfix.test': [{ type: 'MX', name: 'postfix.test', data: { preference: 10, exchange: 'mx.postfix.test' } }],
    'mx.postfix.test': [{ type: 'A', name: 'mx.postfix.test', data: theirAddress }],
  } as const;
}

function serverYaml(address: string, names: NameServer): string {
  return `hostname: mx.godwit.test
postmaster: godwit
user: nobody
dns: { servers: ['127.0.0.1:${names.port}'] }
listeners:
  all:
    addresses: ['${address}']
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    smtp: { port: 25 }
    submission: { port: 0, allowPlaintextAuth: true }
    submissions: { port: 0 }
    imap: { port: 0, allowPlaintextAuth: true }
    imaps: { port: 0 }
`;
}
