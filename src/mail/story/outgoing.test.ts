import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId, queueId, recipientId } from '#lib/ids';
import { HoldRules, Notify } from '#mail/queue';
import { sql } from '#ports/database';
import { parseConfigFiles } from '#mail/config';
import { routingTable } from '#mail/routes';
import { newMessage, tempStore } from '#testing/temp-store';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { acceptanceOf, Stories, writeOrigin, writeStory } from './index.ts';

const origin = writeOrigin({
  kind: 'submission',
  by: acceptanceOf({
    id: 'c1d2',
    kind: 'submissions',
    remote: { address: '203.0.113.5' },
    local: { address: '2001:db8::1', port: 465 },
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
    hello: { verb: 'EHLO', name: 'laptop' },
    identity: { login: 'ann@example.org' },
    mechanism: 'SCRAM-SHA-256',
  }),
  author: 'ann@example.org',
  added: ['Date'],
  removed: ['bcc'],
  dkim: { signatures: ['selector a of example.org (rsa-sha256)'] },
  isChunked: true,
});

/** Seconds of the world's time: texts do not depend on when it begins. */
async function textOf(world: QueueWorld, startMs: number, id = queueId(1), nowMs = startMs): Promise<string> {
  const accounts = { list: () => Promise.resolve([]), open: () => Promise.resolve(null) };
  const refusals = { find: () => Promise.resolve([]) };
  const stories = new Stories({ db: world.db, accounts, refusals, settings: world.settings });
  const told = await stories.tell({ kind: 'queueId', id }, 10);
  return told.stories.flatMap((story) => writeStory(story, (ms) => `+${(ms - startMs) / 1000}s`, nowMs)).join('\n');
}

test('writeStory: a message that was delivered, with all that is known of it', async () => {
  await using world = new QueueWorld();
  await world.start();
  const startMs = world.clock.now();
  await world.send(['bob@example.net'], {
    origin,
    ret: 'hdrs',
    envid: 'E1',
    tls: 'required',
    recipients: [{ address: 'bob@example.net', notify: Notify.Failure | Notify.Delay, orcpt: 'rfc822;b@example.com' }],
  });
  await world.db.write(async (tx) => {
    const session = {
      demand: 'the sender wants TLS',
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', verifiedBy: 'dane', problem: null },
      mechanism: 'PLAIN',
      isReused: true,
      dialogue: ['EHLO mail.example.org', '250 mx.example.net'],
    };
    await tx.run(sql`UPDATE queue_attempt SET session = ${JSON.stringify(session)}`);
  });
  assert.equal(
    await textOf(world, startMs),
    `Outgoing message 1 of the server itself: from s@example.org to bob@example.net
<m@example.org>, 76 bytes

  +0s  accepted from a user by submissions on [2001:db8::1]:465
      client 203.0.113.5, EHLO laptop, TLSv1.3 TLS_AES_128_GCM_SHA256
      logged in as ann@example.org with SCRAM-SHA-256
      connection c1d2 in the log
      checked: ann@example.org may be the author
      added Date
      removed bcc
      signed with DKIM: selector a of example.org (rsa-sha256)
      content came in chunks (BDAT)
      asked for REQUIRETLS, RET=HDRS, ENVID=E1, NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@example.com for bob@example.net
  +0s  attempt 1 for bob@example.net: delivered, at mx.example.net [192.0.2.1], after 0 ms
      went direct, to the hosts of example.net: no route matches
      TLSv1.3 with TLS_AES_256_GCM_SHA384, certificate as TLSA records say (DANE); login by PLAIN; over a connection that had carried mail before
      demanded: the sender wants TLS
        EHLO mail.example.org
        250 mx.example.net
      250 2.0.0 taken

  Now bob@example.net: delivered at +0s`,
  );
});

test('writeStory: deferred, then given up, and the sender told; another recipient goes alone', async () => {
  await using world = new QueueWorld({ maxAgeMs: 470_000, tellDelayAfterMs: 3_470_000 });
  world.answer = async (address) => (address.startsWith('bob') ? deferred : delivered);
  await world.start();
  const startMs = world.clock.now();
  await world.send(['bob@example.net', 'eve@example.net']);
  const waiting = await textOf(world, startMs);
  assert.match(
    waiting,
    /Now bob@example\.net: waits for attempt 2, due at \+470s; given up at \+470s if it does not work until then\n/,
  );
  world.answer = async () => refused;
  await world.clock.advance(470_000);
  assert.equal(
    (await textOf(world, startMs)).replace(startMs.toString(36), 'START'),
    `Outgoing message 1 of the server itself: from s@example.org to bob@example.net, eve@example.net
<m@example.org>, 76 bytes

  +0s  put into the queue
  +0s  attempt 1 for 2 recipients: 1 delivered, 1 deferred, at mx.example.net [192.0.2.1], after 0 ms
      went direct, to the hosts of example.net: no route matches
      deferred for bob@example.net: 451 4.3.0 try later
      delivered for eve@example.net: 250 2.0.0 taken
  +470s  attempt 2 for bob@example.net: refused, at mx.example.net [192.0.2.1], after 0 ms
      went direct, to the hosts of example.net: no route matches
      550-5.1.1 no such user
      550 5.1.1 ask postmaster
  +470s  told s@example.org that it is given up (bob@example.net)
      notice <queue-failed-1.START@mail.example.org>

  Now bob@example.net: given up at +470s: 550 5.1.1 no such user ask postmaster
  Now eve@example.net: delivered at +0s`,
  );
});

test('writeStory: what is late waits for the server and its transport', async () => {
  await using world = new QueueWorld();
  const startMs = world.clock.now();
  await world.send(['bob@example.net']);
  assert.match(
    await textOf(world, startMs - 1000, queueId(1), startMs + 1),
    /Now bob@example\.net: waits for attempt 1, due since \+1s, as soon as the server and the limits of its transport let it; given up at /,
  );
});

test('writeStory: what operators and rules did, what came back, and an event that nobody here knows', async () => {
  await using world = new QueueWorld();
  const startMs = world.clock.now();
  await world.send(['bob@example.net', 'eve@example.net'], { holdUntilMs: startMs + 60_000 });
  const events: readonly (readonly [number | null, string, object])[] = [
    [1, 'held', {}],
    [2, 'held', {}],
    [1, 'transport', { transport: 'smarthost' }],
    [1, 'transport', { transport: null }],
    [1, 'suppressed', { source: 'notice', reason: 'no such\nuser', sinceMs: startMs - 5000 }],
    [null, 'notice', { trust: 'fromId', action: 'failed', remoteMta: 'mx.example.net', none: null }],
    [1, 'painted', { colour: 'green' }],
  ];
  await world.db.write(async (tx) => {
    for (const [recipient, kind, detail] of events) {
      await tx.run(sql`INSERT INTO queue_event (message, recipient, at_ms, kind, detail)
        VALUES (1, ${recipient}, ${startMs + 1000}, ${kind}, ${JSON.stringify(detail)})`);
    }
    await tx.run(sql`UPDATE queue_recipient SET hold = 1 WHERE id = 1`);
  });
  await world.queue.drop({ ids: [recipientId(2)] });
  const text = await textOf(world, startMs);
  assert.match(text, /\n {6}to be sent not before \+60s, as the sender wanted\n/);
  assert.match(
    text,
    new RegExp(
      [
        '  \\+1s  put on hold by an operator \\(bob@example\\.net, eve@example\\.net\\)',
        '  \\+1s  an operator set the transport \\(bob@example\\.net\\)',
        '      transport: smarthost',
        '  \\+1s  an operator let routes decide again \\(bob@example\\.net\\)',
        '  \\+1s  not sent: the account does not send to this address any more \\(bob@example\\.net\\)',
        '      source: notice',
        '      reason: no such user',
        '      since: -5s|\\+-5s',
      ].join('\n'),
    ),
  );
  assert.match(
    text,
    /a notice about it came back\n {6}trust: fromId\n {6}action: failed\n {6}remote mta: mx\.example\.net\n/,
  );
  assert.match(text, /painted \(bob@example\.net\)\n {6}colour: green\n/);
  assert.match(text, /Now bob@example\.net: on hold, until an operator releases it\n/);
  assert.match(text, /Now eve@example\.net: removed by an operator at \+0s, without telling the sender$/);
});

test('writeStory: held by a rule and released; to a suppressed address; refused for good', async () => {
  await using world = new QueueWorld();
  const account = accountId(1);
  await new HoldRules(world).add({ account: null, senderDomain: null, recipientDomain: 'example.net' }, 'looks bad');
  await world.suppressions.add({
    account,
    address: 'gone@example.com',
    source: 'operator',
    reason: 'asked for it',
    message: null,
  });
  world.answer = async () => refused;
  await world.start();
  const startMs = world.clock.now();
  await world.send(['bob+x@example.net', 'gone@example.com'], { account });
  await world.clock.advance(60_000);
  await world.queue.hold({ recipient: 'bob+x@example.net' }, false);
  await world.clock.advance(0);
  const text = (await textOf(world, startMs)).replaceAll(startMs.toString(36), 'START').split('\n');
  assert.deepEqual(text.slice(3, -1), [
    '  +0s  put into the queue',
    '  +0s  put on hold by a rule (bob+x@example.net)',
    '      rule: 1',
    '      reason: looks bad',
    '  +0s  not sent: the account does not send to this address any more (gone@example.com)',
    '      source: operator',
    '      reason: asked for it',
    '      since: +0s',
    '  +0s  told s@example.org that it is given up (gone@example.com)',
    '      notice <queue-failed-2.START@mail.example.org>',
    '  +60s  released by an operator (bob+x@example.net)',
    '  +60s  attempt 1 for bob+x@example.net: refused, at mx.example.net [192.0.2.1], after 0 ms',
    '      went direct, to the hosts of example.net: no route matches',
    '      550-5.1.1 no such user',
    '      550 5.1.1 ask postmaster',
    '  +60s  the account does not send to this address any more (bob+x@example.net)',
    '      reply: 550-5.1.1 no such user 550 5.1.1 ask postmaster',
    '  +60s  told s@example.org that it is given up (bob+x@example.net)',
    '      notice <queue-failed-1.START@mail.example.org>',
    '',
    '  Now bob+x@example.net: given up at +60s: 550 5.1.1 no such user ask postmaster',
  ]);
  assert.match(text.at(-1) ?? '', /^ {2}Now gone@example\.com: given up at \+0s: not tried: /);
});

test('Stories.tell: by Message-ID and by addresses; the latest, and whether there are more', async () => {
  await using world = new QueueWorld();
  await world.start();
  for (const to of ['a@example.net', 'b@example.net', 'c@example.net']) await world.send([to]);
  await world.send(['a@example.net'], { sender: '', messageId: null });
  const accounts = { list: () => Promise.resolve([]), open: () => Promise.resolve(null) };
  const stories = new Stories({
    db: world.db,
    accounts,
    refusals: { find: () => Promise.resolve([]) },
    settings: world.settings,
  });
  const ids = async (question: Parameters<Stories['tell']>[0], limit = 10): Promise<unknown> => {
    const { stories: found, isCut } = await stories.tell(question, limit);
    return [found.map((story) => (story.kind === 'outgoing' ? story.id : 0)), isCut];
  };
  const sinceMs = world.clock.now() - 1000;
  assert.deepEqual(await ids({ kind: 'messageId', messageId: 'm@example.org' }), [[1, 2, 3], false]);
  assert.deepEqual(await ids({ kind: 'messageId', messageId: 'other@example.org' }), [[], false]);
  assert.deepEqual(await ids({ kind: 'envelope', sender: 'S@example.org', sinceMs }), [[1, 2, 3], false]);
  assert.deepEqual(await ids({ kind: 'envelope', sender: '', sinceMs }), [[4], false]);
  assert.deepEqual(await ids({ kind: 'envelope', recipient: 'A@Example.net', sinceMs }), [[1, 4], false]);
  assert.deepEqual(await ids({ kind: 'envelope', recipient: 'a@example.net', sinceMs: sinceMs + 5000 }), [[], false]);
  assert.deepEqual(await ids({ kind: 'messageId', messageId: 'm@example.org' }, 2), [[2, 3], true]);
});

test('writeStory: a dialogue is told once for each transmission, however many recipients were refused', async () => {
  await using world = new QueueWorld();
  const dialogue = Array.from({ length: 40 }, (_, i) => `line ${i}`);
  const session = { demand: 'nothing', tls: null, mechanism: null, isReused: false, dialogue };
  const remote = { name: 'mx.example.net', ip: '192.0.2.1', session };
  world.answer = async (address) => ({
    ...refused,
    remote,
    reply: { code: 550, enhanced: '5.1.1', text: `no ${address}` },
  });
  await world.start();
  const startMs = world.clock.now();
  await world.send(Array.from({ length: 60 }, (_, i) => `user${i}@example.net`));
  const lines = (await textOf(world, startMs)).split('\n');
  assert.equal(lines.filter((line) => line.includes('line 7')).length, 1);
  assert.equal(lines.filter((line) => / attempt 1 for 60 recipients: 60 refused, at mx/.test(line)).length, 1);
  assert.equal(
    lines.filter((line) => /^ {6}refused for user\d+@example\.net: 550 5\.1\.1 no user/.test(line)).length,
    60,
  );
  assert.ok(lines.length < 60 + 60 + 60, String(lines.length));
});

test('writeStory: routes that did not match are said once', async () => {
  await using world = new QueueWorld();
  const server = `hostname: mail.example.org\npostmaster: alice\nlisteners: {}
routes: [{ toDomain: [other.example], transport: direct }]\n`;
  const domains = '{ domains: { example.org: {} }, accounts: { alice: {} } }';
  const files = [
    { file: 'server.yaml', text: server },
    { file: 'domains.yaml', text: domains },
  ] as const;
  world.table = routingTable(parseConfigFiles(...files));
  world.answer = async () => deferred;
  await world.start();
  const startMs = world.clock.now();
  await world.send(['bob@example.net']);
  await world.clock.advance(3_600_000);
  const text = await textOf(world, startMs);
  assert.equal(text.split('went direct, to the hosts of example.net: no route matches').length, 5);
  assert.equal(text.split('not routes.0 in server.yaml').length, 2);
});

test('writeStory: mail of a paused transport says so', async () => {
  await using world = new QueueWorld();
  const remote = { name: 'relay.example', ip: '192.0.2.9' };
  const reply = { code: 535, enhanced: '5.7.8', text: 'bad' };
  world.answer = async () => ({ kind: 'deferred', reason: '535 5.7.8 bad', reply, remote, isLoginRefused: true });
  await world.start();
  const startMs = world.clock.now();
  await world.send(['bob@example.net']);
  assert.match(
    await textOf(world, startMs),
    /Now bob@example\.net: waits for attempt 1, due at \+300s; .*: transport {1,2}is paused, as its server refused the login of this server \(relay\.example: 535 5\.7\.8 bad\)/,
  );
});

test('Stories.ofEmail: how it came, and the latest of what the same account sent with its Message-ID', async () => {
  await using world = new QueueWorld();
  await using store = await tempStore();
  const { accounts, account } = store;
  await world.start();
  await account.messages.append({ name: 'Sent' }, [
    newMessage(['Message-ID: <m@example.org>']),
    newMessage(['Subject: without a Message-ID']),
    newMessage(['Message-ID: <other@example.org>']),
  ]);
  for (const to of ['a@example.net', 'b@example.net', 'c@example.net'])
    await world.send([to], { account: to.startsWith('a') ? null : account.id });
  const refusals = { find: () => Promise.resolve([]) };
  const stories = new Stories({ db: world.db, accounts, refusals, settings: world.settings });
  const emails = (await account.emails.view()).newestFirst.map(({ id }) => id).toSorted((a, b) => a - b);
  const told: unknown[] = [];
  for (const id of emails) {
    const found = await stories.ofEmail(account, id, 1);
    told.push(found.map((story) => (story.kind === 'outgoing' ? story.id : story.kind)));
  }
  assert.deepEqual(told, [[3, 'incoming'], ['incoming'], ['incoming']]);
  assert.equal((await stories.ofEmail(account, emails[0] ?? assert.fail(), 10)).length, 3);
});
