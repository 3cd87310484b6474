import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { foreignSizeLimit, type ForeignServer, type ForeignSettings } from './foreign-server.ts';
import { freshSubject, reportAbout } from './mailbox.ts';
import { passwordLogin, startRelayWorld, type RelayWorld, type Way } from './relay-world.ts';
import { sampleId, sampleMessage } from './sample-message.ts';

/** Abilities of a foreign mail server, and its wording. */
export interface RelaySuite {
  readonly domain: string;
  readonly start: (settings: ForeignSettings) => Promise<ForeignServer>;
  /** True when it takes logins, which needs TLS. */
  readonly hasLogin: boolean;
  /** True when it takes UTF-8 in addresses (RFC 6531). */
  readonly hasSmtpUtf8: boolean;
  /** True when its reports repeat ENVID and ORCPT, as RFC 3464 wants it. */
  readonly repeatsDsnParameters: boolean;
  /** Its final refusal of a recipient that does not exist. */
  readonly noSuchUser: RegExp;
  /** Its temporary refusal of `later`, if it can have one. */
  readonly comeBackLater: RegExp | null;
  /** Its refusal of a wrong password. */
  readonly wrongPassword: RegExp;
}

const wrongLogin = passwordLogin.replace('passwordFile: password', 'passwordFile: wrong');
const ways = {
  smarthost: { kind: 'smtp', login: passwordLogin },
  submission: { kind: 'submission', port: 'submission', login: passwordLogin },
  submissions: { kind: 'submissions', port: 'submissions', login: passwordLogin },
  wrong: { kind: 'submission', port: 'submission', login: wrongLogin },
  strange: { kind: 'submission', port: 'strange', login: passwordLogin },
} as const satisfies Record<string, Way>;

/** Registers the tests of a foreign mail server as mail host, and as smarthost. To be called within a suite. */
export function testRelay(suite: RelaySuite): void {
  let world: RelayWorld;
  before(async () => {
    world = await startRelayWorld({ domain: suite.domain, ways: suite.hasLogin ? ways : {}, start: suite.start });
  });
  after(() => world[Symbol.asyncDispose]());
  testMailHost(suite, () => world);
  testExtensions(suite, () => world);
  if (suite.hasLogin) testLogins(suite, () => world);
}

/** Messages, and refusals of recipients. */
function testMailHost(suite: RelaySuite, world: () => RelayWorld): void {
  const { domain } = suite;
  test('as mail host: it has the message byte for byte', async () => {
    // What is not ASCII is encoded at submission: conversion.test.ts.
    const subject = freshSubject('byte for byte');
    const mail = sampleMessage(subject, `twelve boxers\r\n.\r\n..\r\n${'q'.repeat(990)}\r\n\r\n`);
    await world().submit([`known@${domain}`], mail);
    assert.ok((await world().received('known', subject)).endsWith(mail));
    const { state, attempts } = await world().recorded(`known@${domain}`);
    assert.equal(state, 'delivered');
    const [attempt] = attempts;
    assert.equal(attempts.length, 1);
    assert.equal(attempt?.host, world().hostname);
    assert.match(attempt?.reply ?? '', /^250[ -]/);
  });

  test('many messages, most over the same few connections', async () => {
    const subjects = Array.from({ length: 25 }, (_, n) => freshSubject(`one of many ${n}`));
    await Promise.all(subjects.map((subject) => world().submit([`other@${domain}`], sampleMessage(subject))));
    for (const subject of subjects) {
      assert.ok((await world().received('other', subject)).endsWith(sampleMessage(subject)));
    }
  });

  test('one recipient of three is refused: a report says so, the others have the message once', async () => {
    const subject = freshSubject('partly refused');
    const mail = sampleMessage(subject);
    await world().submit([`known@${domain}`, `nobody@${domain}`, `other@${domain}`], mail);
    for (const localpart of ['known', 'other']) {
      assert.ok((await world().received(localpart, subject)).endsWith(mail));
      const all = await world().foreign.mailbox(localpart);
      assert.equal(all.filter((message) => message.includes(`Subject: ${subject}\n`)).length, 1);
    }
    const report = (await reportAbout(world().server, sampleId(subject))).toString();
    assert.match(report, new RegExp(`^Final-Recipient: rfc822; ?nobody@${domain}\r$`, 'm'));
    assert.match(report, /^Action: failed\r$/m);
    assert.match(report, new RegExp(`^Remote-MTA: dns; ?${world().hostname}`, 'm'));
    assert.match(unfolded(report), new RegExp(`^Diagnostic-Code: smtp; ?${suite.noSuchUser.source}`, 'm'));
    assert.doesNotMatch(report, /^Final-Recipient: .*(?:known|other)@/m);
    const { state, lastReply } = await world().recorded(`nobody@${domain}`);
    assert.equal(state, 'failed');
    assert.match(lastReply, suite.noSuchUser);
  });

  if (suite.comeBackLater !== null) {
    const { comeBackLater } = suite;
    test('a temporary refusal waits in the queue with its words', async () => {
      await world().submit([`later@${domain}`], sampleMessage(freshSubject('later')));
      const { state, lastReply } = await world().recorded(`later@${domain}`);
      assert.equal(state, 'queued');
      assert.match(lastReply, comeBackLater);
    });
  }
}

/** SIZE, DSN and SMTPUTF8. */
function testExtensions(suite: RelaySuite, world: () => RelayWorld): void {
  const { domain } = suite;
  test('a message that is too large for it is not sent; the report says why', async () => {
    const subject = freshSubject('too large');
    await world().submit(
      [`known@${domain}`],
      sampleMessage(subject, `${'z'.repeat(76)}\r\n`.repeat(foreignSizeLimit / 70)),
    );
    const report = (await reportAbout(world().server, sampleId(subject))).toString();
    assert.match(report, /^Action: failed\r$/m);
    assert.match(report, /^Status: 5\.(?:3\.4|2\.3)\r$/m);
  });

  test('NOTIFY, ENVID and ORCPT arrive: it reports success itself', async () => {
    const subject = freshSubject('tell me');
    const envelopeId = `for-${domain}`;
    const recipient = `known@${domain}`;
    await world().submit([recipient], sampleMessage(subject), {
      id: envelopeId,
      return: 'headers',
      notify: ['success', 'failure'],
      recipient: `somebody@elsewhere.test`,
    });
    const reporting = `Reporting-MTA: dns; ${world().hostname}\r\n`;
    const report = await world().heard(suite.repeatsDsnParameters ? envelopeId : reporting);
    if (suite.repeatsDsnParameters) {
      assert.match(report, new RegExp(`^Original-Envelope-Id: ${envelopeId}\r$`, 'im'));
      assert.match(report, /^Original-Recipient: rfc822; ?somebody@elsewhere\.test\r$/im);
    }
    assert.match(report, /^Action: (?:delivered|relayed)\r$/im);
    assert.match(report, new RegExp(`^Reporting-MTA: dns; ?${world().hostname}\r$`, 'im'));
  });

  test(`an address in UTF-8 is ${suite.hasSmtpUtf8 ? 'delivered' : 'refused with a reason'}`, async () => {
    const subject = freshSubject('to an address in UTF-8');
    const mail = sampleMessage(subject);
    await world().submit([`grün@${domain}`], mail);
    if (suite.hasSmtpUtf8) {
      assert.ok((await world().received('grün', subject)).endsWith(mail));
      return;
    }
    const report = (await reportAbout(world().server, sampleId(subject))).toString();
    assert.match(report, /^Status: 5\.6\.7\r$/m);
  });
}

/** The server as smarthost. */
function testLogins(suite: RelaySuite, world: () => RelayWorld): void {
  const { domain } = suite;
  for (const way of ['smarthost', 'submission', 'submissions'] as const) {
    test(`as ${way}, with a login: it has the message byte for byte, two recipients of three`, async () => {
      const subject = freshSubject(`by ${way}`);
      const mail = sampleMessage(subject, 'size\r\n.\r\n..x\r\n');
      const at = `@${way}.${domain}`;
      await world().submit([`known${at}`, `nobody${at}`, `other${at}`], mail);
      for (const localpart of ['known', 'other']) {
        const received = await world().received(localpart, subject);
        assert.ok(received.endsWith(mail));
        assert.match(unfolded(received), /^Received: from mx\.godwit\.test .* with e?smtpsa /im);
      }
      const { state, attempts } = await world().recorded(`known${at}`);
      assert.equal(state, 'delivered');
      assert.deepEqual(
        attempts.map(({ transport, outcome }) => [transport, outcome]),
        [[way, 'delivered']],
      );
      assert.match(attempts[0]?.route ?? '', new RegExp(`by transport ${way}, to ${world().hostname} port \\d+`));
      const refused = await world().recorded(`nobody${at}`);
      assert.equal(refused.state, 'failed');
      assert.match(refused.lastReply, suite.noSuchUser);
      await reportAbout(world().server, sampleId(subject));
    });
  }

  test('a wrong password: the message waits, and the record says why', async () => {
    const recipient = `known@wrong.${domain}`;
    await world().submit([recipient], sampleMessage(freshSubject('wrong password')));
    const { state, lastReply } = await world().recorded(recipient);
    assert.equal(state, 'queued');
    assert.match(lastReply, suite.wrongPassword);
  });

  test('a certificate of another authority: the message waits, and the record says why', async () => {
    const recipient = `known@strange.${domain}`;
    await world().submit([recipient], sampleMessage(freshSubject('strange certificate')));
    const { state, lastReply } = await world().recorded(recipient);
    assert.equal(state, 'queued');
    assert.match(lastReply, /certificate/);
    assert.doesNotMatch(await world().foreign.log(), /strange certificate/);
  });
}

function unfolded(text: string): string {
  return text.replaceAll(/\r\n[ \t]+/g, ' ');
}
