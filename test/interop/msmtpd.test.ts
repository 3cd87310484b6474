import { simpleParser } from 'mailparser';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freshSubject, reportAbout } from './mailbox.ts';
import { startMsmtpd } from './msmtpd.ts';
import { describePeer, needsRoot } from './programs.ts';
import { passwordLogin, startRelayWorld, type RelayWorld } from './relay-world.ts';
import { sampleId, sampleMessage } from './sample-message.ts';

const domain = 'msmtpd.test';
const wrongLogin = passwordLogin.replace('passwordFile: password', 'passwordFile: wrong');

// It knows EHLO, AUTH PLAIN, MAIL, RCPT, DATA and QUIT, no extension, and closes the connection after each error.
describePeer('we send through msmtpd', needsRoot('msmtpd'), () => {
  let world: RelayWorld;
  before(async () => {
    world = await startRelayWorld({
      domain,
      start: startMsmtpd,
      ways: {
        plain: { kind: 'smtp', tls: 'none' },
        demanding: { kind: 'smtp' },
        login: { kind: 'submissions', port: 'submissions', login: passwordLogin },
        clear: { kind: 'submission', port: 'submission', tls: 'none', login: passwordLogin },
        wrong: { kind: 'submissions', port: 'submissions', login: wrongLogin },
      },
    });
  });
  after(() => world[Symbol.asyncDispose]());

  for (const [way, title] of [
    ['plain', 'without login'],
    ['login', 'with login'],
  ] as const) {
    test(`${title}: it has the message byte for byte, once for both recipients`, async () => {
      const subject = freshSubject(title);
      const mail = sampleMessage(subject, `.\r\n..x\r\n${'q'.repeat(990)}\r\n\r\n`);
      const at = `@${way}.${domain}`;
      await world.submit([`known${at}`, `other${at}`], mail);
      for (const localpart of ['known', 'other']) assert.ok((await world.received(localpart, subject)).endsWith(mail));
      const { state, attempts } = await world.recorded(`known${at}`);
      assert.equal(state, 'delivered');
      assert.match(attempts[0]?.route ?? '', new RegExp(`by transport ${way}, to ${world.hostname} port \\d+`));
      assert.match(await world.foreign.log(), new RegExp(`^deliver \\S+ -- known${at} other${at}$`, 'm'));
    });

    test(`${title}: ten messages`, async () => {
      const subjects = Array.from({ length: 10 }, (_, n) => freshSubject(`${title} ${n}`));
      const to = `other@${way}.${domain}`;
      await Promise.all(subjects.map((subject) => world.submit([to], sampleMessage(subject))));
      for (const subject of subjects) {
        assert.ok((await world.received('other', subject)).endsWith(sampleMessage(subject)));
      }
    });

    test(`${title}: a recipient whom its program does not know comes back`, async () => {
      const subject = freshSubject(`nobody ${title}`);
      const recipient = `nobody@${way}.${domain}`;
      await world.submit([recipient], sampleMessage(subject));
      const report = (await reportAbout(world.server, sampleId(subject))).toString();
      assert.match(report, /^Action: failed\r$/m);
      const { state, lastReply } = await world.recorded(recipient);
      assert.equal(state, 'failed');
      assert.match(lastReply, /^554 /);
    });

    test(`${title}: what its program cannot do now waits`, async () => {
      const recipient = `later@${way}.${domain}`;
      await world.submit([recipient], sampleMessage(freshSubject(`later ${title}`)));
      const { state, lastReply } = await world.recorded(recipient);
      assert.equal(state, 'queued');
      assert.match(lastReply, /^451 /);
    });
  }

  for (const [way, title, why, last] of [
    // STARTTLS is sent even where it is not offered.
    [
      'demanding',
      'TLS is demanded, which it does not have',
      /^the host does not offer STARTTLS; demanded is /,
      'STARTTLS',
    ],
    ['clear', 'a password is not shown without TLS', /PLAIN, which would show the secret, as there is no TLS$/, 'EHLO'],
    ['wrong', 'a wrong password', /^transport wrong is paused, .*: 535 /, null],
  ] as const) {
    test(`${title}: the message waits, and the record says why`, async () => {
      const recipient = `known@${way}.${domain}`;
      await world.submit([recipient], sampleMessage(freshSubject(title)));
      const { state, lastReply, attempts } = await world.recorded(recipient);
      assert.equal(state, 'queued');
      assert.match(lastReply, why);
      // A refused login pauses the transport: what is recorded is the pause, without a dialogue.
      if (last === null) return;
      const sent = attempts[0]?.session?.dialogue.filter((line) => line.startsWith('> ')) ?? [];
      assert.ok(sent.at(-2)?.startsWith(`> ${last}`), sent.join(', '));
      assert.equal(sent.at(-1), '> QUIT');
    });
  }

  test('8-bit text, which it does not offer to take, is encoded', async () => {
    const subject = freshSubject('eight bits');
    const mail = sampleMessage(subject, 'Zwölf Boxkämpfer\r\n');
    await world.submit([`known@plain.${domain}`], mail);
    const stored = await world.received('known', subject);
    assert.doesNotMatch(stored, /[^\0-\x7f]/);
    assert.equal((await simpleParser(stored)).text?.trim(), 'Zwölf Boxkämpfer');
  });
});
