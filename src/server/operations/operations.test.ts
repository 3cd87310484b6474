import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressOf } from '#testing/address';
import { Files } from '#host/files';
import { openServices, type Services } from '#server/assemble';
import { setUpLocalserve } from '#server/localserve';
import { DsnDelivery, DsnMailer } from '#server/dsn';
import { sql } from '#ports/database';
import { checkedRun, type CheckedRun } from '#testing/checked-run';
import { editDomainsFile } from '#testing/edit-domains';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import type { ArgumentsOf } from './index.ts';

interface World {
  readonly services: Services;
  readonly domains: () => Promise<string>;
  readonly run: CheckedRun;
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const files = new Files();
  const folder = dir.path;
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  const log = new FakeLog();
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  await services.accounts.create('godwit');
  await body({
    services,
    domains: () => readFile(join(folder, 'domains.yaml'), 'utf8'),
    run: checkedRun(services),
  });
  assert.deepEqual(log.ofLevel('error'), []);
}

test('Operations: an unknown command is refused with those that there are', () =>
  inWorld(async ({ run }) => {
    await assert.rejects(run('account.rename', {}), /unknown command account\.rename; there are account\.add, /);
  }));

test('Operations account.add: mailboxes, a password and a place in domains.yaml', () =>
  inWorld(async ({ run, services, domains }) => {
    const added = await run('account.add', { name: 'ann', address: 'ann@example.org' });
    assert.match(added.password ?? '', /^(?:[a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    assert.match(await domains(), /# Domains, accounts[^]*example\.org[^]*ann@example\.org/);
    assert.notEqual(await services.accounts.open('ann'), null);
    const chosen = await run('account.add', { name: 'bob', address: 'bob@example.org', password: 'long enough' });
    assert.deepEqual(
      [added.newDomain, chosen],
      ['example.org', { name: 'bob', address: 'bob@example.org', newDomain: null }],
    );
    const third = await run('account.add', { name: 'cid', address: 'cid@New.example' });
    assert.equal(third.newDomain, 'new.example');
    const listed = await run('account.list');
    assert.deepEqual(
      listed.map(({ name, hasPassword, isConfigured }) => [name, hasPassword, isConfigured]),
      [
        ['ann', true, true],
        ['bob', true, true],
        ['cid', true, true],
        ['godwit', false, true],
      ],
    );
  }));

test('Operations account.add: of two at once for one name, one comes through, with its own password', () =>
  inWorld(async ({ run, services }) => {
    const results = await Promise.allSettled(
      ['first one', 'second one'].map((password) =>
        run('account.add', { name: 'ann', address: 'ann@example.org', password }),
      ),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.notEqual(await services.accounts.open('ann'), null);
    await run('account.add', { name: 'constructor', address: 'c@example.org' });
  }));

test('Operations account.add: what is refused changes nothing', () =>
  inWorld(async ({ run, services, domains }) => {
    const before = await domains();
    for (const [args, reason] of [
      [{ name: 'Ann', address: 'a@example.org' }, /cannot be an account name/],
      [{ name: 'a/b', address: 'a@example.org' }, /cannot be an account name/],
      [{ name: 'ann', address: 'nowhere' }, /not an address/],
      [{ name: 'ann', address: 'ann@[192.0.2.1]' }, /IP address/],
      [{ name: 'ann', address: 'GODWIT@localhost' }, /belongs to account godwit/],
      [{ name: 'godwit', address: 'x@example.org' }, /exists already/],
      [{ name: 'ann', address: 'ann@example.org', password: 'short' }, /at least 8 characters/],
      [{ name: 'ann' }, /address is missing/],
    ] as const) {
      await assert.rejects(run('account.add', args), reason);
    }
    assert.equal(await domains(), before);
    assert.deepEqual(
      (await services.accounts.list()).map(({ name }) => name),
      ['godwit'],
    );
  }));

test('Operations account.remove: configuration and mail go; the postmaster and strangers stay', () =>
  inWorld(async ({ run, services, domains }) => {
    await run('account.add', { name: 'ann', address: 'ann@example.org' });
    assert.deepEqual(await run('account.contents', { name: 'Ann' }), {
      stored: { messages: 0, sizeBytes: 0 },
      problem: null,
    });
    await assert.rejects(run('account.contents', { name: 'godwit' }), /is the postmaster/);
    await run('account.remove', { name: 'ann' });
    await assert.rejects(run('account.contents', { name: 'ann' }), /no account ann/);
    assert.doesNotMatch(await domains(), /ann@/);
    assert.equal(await services.accounts.open('ann'), null);
    await assert.rejects(run('account.remove', { name: 'ann' }), /no account ann/);
    await assert.rejects(run('account.remove', { name: 'godwit' }), /is the postmaster/);
  }));

test('Operations account.remove: queued mail stays, and reports about it reach the postmaster', () =>
  inWorld(async ({ run, services }) => {
    await run('account.add', { name: 'ann', address: 'ann@example.org' });
    const { accounts, blobs, clock, configuration, delivery, log, queue, signing } = services;
    const ann = await accounts.open('ann');
    await queue.enqueue({
      account: ann?.id ?? null,
      sender: addressOf('ann@example.org'),
      recipients: [{ address: addressOf('a@one.test') }],
      prefix: new Uint8Array(),
      body: { kind: 'inline', bytes: new TextEncoder().encode('Subject: x\r\n\r\nhi\r\n') },
      has8bit: false,
      smtputf8: false,
      messageId: '<1@localhost>',
    });
    await run('account.remove', { name: 'ann' });
    const { items } = await run('queue.list');
    assert.deepEqual(
      items.map(({ recipient, account }) => [recipient, account]),
      [['a@one.test', `removed account ${ann?.id}`]],
    );
    const mailer = new DsnMailer({ queue, blobs, signing, clock, log, from: addressOf('postmaster@localhost') });
    const sink = new DsnDelivery({ accounts, delivery, mailer, configuration, clock, log });
    const bytes = new TextEncoder().encode('Message-ID: <dsn@localhost>\r\n\r\nfailed\r\n');
    const whenTold = (): never => assert.fail('it does not leave');
    await sink.deliverDsn({ id: 'x', account: ann?.id ?? null, to: addressOf('ann@example.org'), bytes, whenTold });
    const godwit = await accounts.open('godwit');
    assert.equal((await godwit?.mailboxes.byName('INBOX'))?.messages, 1);
    assert.deepEqual(await run('check'), []);
  }));

test('Operations password.set: also for an account that was added by hand and never served', () =>
  inWorld(async ({ run, services }) => {
    await editDomainsFile(services.configuration, (text) => text.replace(/^accounts:$/m, 'accounts:\n  eve: {}'));
    await run('password.set', { account: 'eve', password: 'correct horse' });
    assert.equal(await services.credentials.hasPassword('eve'), true);
    await assert.rejects(run('password.set', { account: 'eve', password: 'short' }), /at least 8 characters/);
    await assert.rejects(run('password.set', { account: 'nobody', password: 'long enough' }), /no account nobody/);
  }));

test('Operations queue.route and queue.transport: where mail would go and why, and another way for what waits', () =>
  inWorld(async ({ run, services }) => {
    const remote = await run('queue.route', { sender: 'godwit@localhost', recipient: 'a@x.test', attempt: 4 });
    assert.deepEqual(remote, {
      account: 'godwit',
      transport: null,
      lines: ['to this server itself: a development server sends nothing to the network; otherwise no route matches'],
      differences: [],
    });
    const own = await run('queue.route', { sender: '', recipient: 'a@localhost' });
    assert.equal(own.account, null);
    await assert.rejects(run('queue.route', { sender: 'x', recipient: 'a@x.test' }), /x is not an address/);
    await assert.rejects(run('queue.route', { recipient: 'a@x.test', account: 'eve' }), /no account eve/);
    await services.queue.enqueue({
      account: null,
      sender: null,
      recipients: [{ address: addressOf('a@one.test') }],
      prefix: new Uint8Array(),
      body: { kind: 'inline', bytes: new TextEncoder().encode('Subject: x\r\n\r\nhi\r\n') },
      has8bit: false,
      smtputf8: false,
      messageId: null,
    });
    assert.deepEqual(await run('queue.transport', { domain: 'one.test', transport: 'direct' }), { count: 1 });
    const listing = await run('queue.list');
    assert.equal(listing.items[0]?.transport, 'direct');
    assert.deepEqual(await run('queue.transport', { all: true }), { count: 1 });
    await assert.rejects(run('queue.transport', { transport: 'direct' }), /say which recipients are meant/);
    await assert.rejects(run('queue.transport', { all: true, transport: 'x' }), /no transport x; there are direct/);
  }));

test('Operations queue: listed, shown, changed; never everything by omission', () =>
  inWorld(async ({ run, services }) => {
    const godwit = await services.accounts.open('godwit');
    await services.queue.enqueue({
      account: godwit?.id ?? null,
      sender: addressOf('godwit@localhost'),
      recipients: [
        { address: addressOf('a@one.test') },
        { address: addressOf('b@two.test') },
        { address: addressOf('c@two.test') },
      ],
      prefix: new Uint8Array(),
      body: { kind: 'inline', bytes: new TextEncoder().encode('Subject: x\r\n\r\nhi\r\n') },
      has8bit: false,
      smtputf8: false,
      messageId: '<1@localhost>',
    });
    const list = async (args: ArgumentsOf<'queue.list'>): Promise<string[]> =>
      (await run('queue.list', args)).items.map(({ recipient }) => recipient);
    assert.deepEqual(await list({}), ['a@one.test', 'b@two.test', 'c@two.test']);
    assert.deepEqual(await list({ domain: 'two.test', account: 'godwit' }), ['b@two.test', 'c@two.test']);
    assert.deepEqual(await list({ olderThanMs: 3_600_000 }), []);
    const cut = await run('queue.list', { limit: 2 });
    assert.deepEqual([cut.items.map(({ id }) => id), cut.next !== null], [['1.1', '1.2'], true]);
    const rest = await run('queue.list', { limit: 2, after: cut.next ?? 0 });
    assert.deepEqual([rest.items.map(({ id }) => id), rest.next], [['1.3'], null]);
    const id = cut.items[0]?.id ?? '';
    const shown = await run('queue.show', { id });
    assert.deepEqual(
      [shown.items.map(({ recipient, account }) => [recipient, account]), shown.attempts],
      [[['a@one.test', 'godwit']], []],
    );
    const whole = await run('queue.show', { id: '1' });
    assert.deepEqual([whole.items.length, whole.isCut, whole.attempts], [3, false, []]);
    // The number of a message and those of its recipients, in any mixture and page by page.
    assert.deepEqual(await list({ ids: ['1.3', '1.1'] }), ['a@one.test', 'c@two.test']);
    const first = await run('queue.list', { ids: ['1'], limit: 1 });
    const second = await run('queue.list', { ids: ['1'], limit: 2, after: first.next ?? 0 });
    assert.deepEqual([first.items.length, second.items.length, second.next], [1, 2, null]);
    await assert.rejects(list({ ids: ['1.4'] }), /there is no recipient 1\.4 in the queue/);
    for (const command of ['kick', 'hold', 'release', 'drop', 'fail'] as const) {
      await assert.rejects(run(`queue.${command}`), /say which recipients are meant/);
    }
    assert.deepEqual(await run('queue.hold', { domain: 'two.test' }), { count: 2 });
    assert.deepEqual(await list({ hold: true }), ['b@two.test', 'c@two.test']);
    assert.deepEqual(await run('queue.release', { recipient: 'b@two.test' }), { count: 1 });
    await assert.rejects(run('queue.count'), /say which recipients are meant/);
    assert.deepEqual(await run('queue.count', { hold: true }), { recipients: 1, messages: 1 });
    assert.deepEqual(await run('queue.drop', { hold: true }), { count: 1 });
    assert.deepEqual(await run('queue.count', { all: true }), { recipients: 2, messages: 1 });
    assert.deepEqual(await run('queue.kick', { ids: [id] }), { count: 1 });
    assert.deepEqual(await run('queue.fail', { all: true, reason: 'enough' }), { count: 2 });
    assert.deepEqual(await list({ states: ['queued'] }), []);
    assert.deepEqual(
      [await list({ hold: true }), await list({ hold: true, states: ['dropped'] })],
      [[], ['c@two.test']],
    );
    await assert.rejects(run('queue.show', { id: '999' }), /there is no message 999 in the queue/);
    await assert.rejects(run('queue.show', { id: '1.x' }), /write 76 for a message, 76\.1 for a recipient/);
    await assert.rejects(run('queue.list', { ids: [1] }), /ids must be a list of ids such as 76 or 76\.1/);
    await assert.rejects(run('queue.list', { limit: 251 }), /limit/);
    await assert.rejects(run('queue.list', { states: ['lost'] }), /states must be a list of queued/);
    await assert.rejects(run('queue.list', { account: 'nobody' }), /no account nobody/);
  }));

test('Operations check and status', () =>
  inWorld(async ({ run }) => {
    assert.deepEqual(await run('check'), []);
    assert.deepEqual(await run('check.repair'), []);
    const status = await run('status');
    assert.equal(status['hostname'], 'localhost');
    assert.equal(status['server'], null);
  }));

test('Operations check.repair: counters are counted again, and what cannot be repaired is named', () =>
  inWorld(async ({ run, services }) => {
    await run('account.add', { name: 'ann', address: 'ann@example.org' });
    const ann = await services.accounts.open('ann');
    await ann?.db.write((tx) => tx.run(sql`UPDATE mailbox SET unseen = 3 WHERE name = 'INBOX'`));
    assert.deepEqual(await run('check.repair'), [{ account: 'ann', flags: [], others: 1, problem: null }]);
    assert.deepEqual(await run('check'), []);
    await services.databases.server.write((tx) =>
      tx.run(sql`INSERT INTO account (name, state, created_ms) VALUES ('eve', 'bound', 0)`),
    );
    const [eve] = await run('check.repair');
    assert.equal(eve?.account, 'eve');
    assert.match(eve.problem ?? '', /account\.db is missing/);
    await services.databases.server.write((tx) => tx.run(sql`DELETE FROM account WHERE name = 'eve'`));
  }));
