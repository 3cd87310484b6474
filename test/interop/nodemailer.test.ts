import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { freshSubject, messageBySubject, reportAbout } from './mailbox.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describe('nodemailer sends to us', () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  const auth = { user: account.address, pass: account.password };
  const tls = { rejectUnauthorized: false };
  const submission = (): ReturnType<typeof createTransport> =>
    createTransport({ host: server.host, port: server.ports.submission, secure: false, requireTLS: true, auth, tls });

  test('verify logs in, on both ports', async () => {
    assert.equal(await submission().verify(), true);
    const secure = createTransport({ host: server.host, port: server.ports.submissions, secure: true, auth, tls });
    assert.equal(await secure.verify(), true);
  });

  test('attachments arrive whole', async () => {
    const subject = freshSubject('nodemailer attachments');
    const [binary, image] = [randomBytes(300_000), randomBytes(2000)];
    await submission().sendMail({
      from: `"Godwit, the bird" <${account.address}>`,
      to: ['a@example.org', 'b@example.org'],
      cc: 'c@example.org',
      subject,
      text: 'plain text\nwith lines',
      html: '<p>rich <img src="cid:image"></p>',
      attachments: [
        { filename: 'Ünïcödé “name”.bin', content: binary },
        { filename: 'image.png', content: image, cid: 'image' },
      ],
    });
    const mail = await simpleParser(await messageBySubject(server, subject));
    assert.equal(mail.text, 'plain text\nwith lines');
    assert.deepEqual(
      mail.attachments.map(({ filename }) => filename).toSorted(),
      ['image.png', 'Ünïcödé “name”.bin'].toSorted(),
    );
    assert.deepEqual(mail.attachments.find(({ filename }) => filename === 'image.png')?.content, image);
    assert.deepEqual(mail.attachments.find(({ filename }) => filename !== 'image.png')?.content, binary);
  });

  test('SMTPUTF8 addresses, names and subject', async () => {
    const subject = freshSubject('Grüße aus 東京 🐦');
    const info = await submission().sendMail({
      from: account.address,
      to: '用户@例え.jp',
      subject,
      text: 'Ελληνικά\n',
    });
    assert.deepEqual(info.accepted, ['用户@例え.jp']);
    const mail = await simpleParser(await messageBySubject(server, subject));
    assert.equal(mail.subject, subject);
    assert.equal(mail.text?.trim(), 'Ελληνικά');
  });

  test('a pool sends many through few connections', async () => {
    const subject = freshSubject('nodemailer pool');
    const pool = createTransport({
      host: server.host,
      port: server.ports.submission,
      pool: true,
      maxConnections: 3,
      auth,
      tls,
    });
    const sent = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        pool.sendMail({ from: account.address, to: 'a@example.org', subject: `${subject} part${n}y`, text: `${n}` }),
      ),
    );
    pool.close();
    assert.equal(
      sent.every(({ response }) => response.startsWith('250')),
      true,
    );
    await Promise.all([0, 29].map((n) => messageBySubject(server, `${subject} part${n}y`)));
  });

  test('refusals carry our codes', async () => {
    const send = submission().sendMail({ from: account.address, to: 'rcptto553@example.org', subject: 'x', text: 'x' });
    await assert.rejects(send, { responseCode: 553, code: 'EENVELOPE' });
    const data = createTransport({ host: server.host, port: server.ports.smtp, tls });
    const late = data.sendMail({ from: account.address, to: 'permerror@example.org', subject: 'x', text: 'x' });
    await assert.rejects(late, { responseCode: 550, code: 'EMESSAGE' });
    const wrong = createTransport({
      host: server.host,
      port: server.ports.submission,
      auth: { ...auth, pass: 'x' },
      tls,
    });
    await assert.rejects(wrong.verify(), { responseCode: 535, code: 'EAUTH' });
  });

  test('a failure in the queue comes back with the DSN parameters that were asked for', async () => {
    const subject = freshSubject('nodemailer DSN');
    const info = await submission().sendMail({
      from: account.address,
      to: 'queuepermerror@example.org',
      subject,
      text: 'body that is not returned',
      dsn: { id: 'envelope-77', return: 'headers', notify: ['failure'], recipient: 'rfc822;original@example.org' },
    });
    const report = await reportAbout(server, info.messageId);
    const text = report.toString();
    assert.match(text, /^Original-Envelope-Id: envelope-77\r$/im);
    assert.match(text, /^Original-Recipient: rfc822; ?original@example\.org\r$/im);
    assert.match(text, /^Final-Recipient: rfc822; ?queuepermerror@example\.org\r$/im);
    assert.match(text, /^Action: failed\r$/im);
    assert.doesNotMatch(text, /body that is not returned/);
  });
});
