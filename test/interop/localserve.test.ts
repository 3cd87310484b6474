import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { eventually, freshSubject, messageBySubject, openImap, reportAbout } from './mailbox.ts';
import { succeed } from './programs.ts';
import { sampleId, sampleMessage } from './sample-message.ts';
import { account, program, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describe('localserve as a developer uses it', () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  const failures = [
    { to: 'queuepermerror@example.org', status: '5.0.0', code: 550 },
    { to: 'queue554@example.org', status: '5.0.0', code: 554 },
  ];
  for (const { to, status, code } of failures) {
    test(`${to} is accepted, then reported as failed`, async () => {
      const subject = freshSubject(to);
      await submit(to, sampleMessage(subject));
      const report = await reportAbout(server, sampleId(subject));
      const mail = await simpleParser(report);
      assert.equal(mail.references, sampleId(subject));
      assert.match(mail.text ?? '', new RegExp(to));
      assert.match(report.toString(), /^Content-Type: multipart\/report; .*report-type=/im);
      assert.match(report.toString(), new RegExp(`^Status: ${status}\r$`, 'm'));
      assert.match(report.toString(), new RegExp(`^Diagnostic-Code: smtp; ?${code} ${status}`, 'm'));
      assert.match(report.toString(), new RegExp(`^Subject: ${subject}\r$`, 'm'));
    });
  }

  for (const to of ['queuetemperror@example.org', 'queue451@example.org', 'queuetimeout@example.org']) {
    test(`${to} is accepted, then waits`, async () => {
      const subject = freshSubject(to);
      await submit(to, sampleMessage(subject));
      const list = async (): Promise<string> =>
        (await succeed(process.execPath, [program, 'queue', 'list', '--dir', server.folder, '--to', to])).stdout;
      await eventually('the reason in the queue list', async () => {
        const text = await list();
        return /451 4\.0\.0|timeout asked for/.test(text) ? text : null;
      });
      await succeed(process.execPath, [program, 'queue', 'drop', '--yes', '--dir', server.folder, '--to', to]);
      assert.doesNotMatch(await list(), /queued/);
    });
  }

  const refusals = [
    { at: 'MAIL FROM', from: 'mailfrom452@example.org', to: account.address, code: 452 },
    { at: 'RCPT TO', from: account.address, to: 'rcpttopermerror@example.org', code: 550 },
    { at: 'DATA', from: account.address, to: 'temperror@example.org', code: 451 },
  ];
  for (const { at, from, to, code } of refusals) {
    for (const port of ['smtp', 'submission'] as const) {
      test(`${code} at ${at} on the port for ${port}`, async () => {
        const sending = transport(port).sendMail({ envelope: { from, to }, raw: sampleMessage('refused') });
        await assert.rejects(sending, { responseCode: code });
      });
    }
  }

  test('mail for any address arrives, and the one in the open client at once', async () => {
    const client = await openImap(server);
    try {
      await client.mailboxOpen('INBOX');
      const idling = client.idle();
      const exists = once(client, 'exists');
      const subject = freshSubject('for anybody');
      const envelope = { from: 'you@example.net', to: 'any.body+at+all@sub.example.com' };
      await transport('smtp').sendMail({ envelope, raw: sampleMessage(subject) });
      await exists;
      await client.noop();
      await idling;
      assert.match(
        (await messageBySubject(server, subject)).toString(),
        /^Delivered-To: any\.body\+at\+all@sub\.example\.com\r$/m,
      );
    } finally {
      await client.logout();
    }
  });

  test('the store is whole after all this', async () => {
    const { stdout } = await succeed(process.execPath, [program, 'check', '--dir', server.folder, '--json']);
    assert.deepEqual(JSON.parse(stdout), []);
  });

  function transport(port: 'smtp' | 'submission') {
    const auth = port === 'smtp' ? {} : { auth: { user: account.address, pass: account.password } };
    return createTransport({
      host: server.host,
      port: server.ports[port],
      ...auth,
      tls: { rejectUnauthorized: false },
    });
  }

  async function submit(to: string, raw: string): Promise<void> {
    await transport('submission').sendMail({ envelope: { from: account.address, to }, raw });
  }
});
