import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '#testing/address';
import { Files } from '#host/files';
import type { RecipientState } from '#mail/queue';
import { openServices, type Services } from '#server/assemble';
import { setUpLocalserve } from '#server/localserve';
import { checkedRun, type CheckedRun } from '#testing/checked-run';
import { editDomainsFile } from '#testing/edit-domains';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';

async function inWorld(body: (run: CheckedRun, services: Services) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const files = new Files();
  const folder = dir.path;
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  const log = new FakeLog();
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  await services.accounts.create('godwit');
  await body(checkedRun(services), services);
}

async function send({ accounts, queue }: Services, ...recipients: readonly string[]): Promise<number> {
  const account = await accounts.open('godwit');
  return await queue.enqueue({
    account: account?.id ?? null,
    sender: addressOf('godwit@localhost'),
    recipients: recipients.map((address) => ({ address: addressOf(address) })),
    prefix: new Uint8Array(),
    body: { kind: 'inline', bytes: new TextEncoder().encode('Subject: x\r\n\r\nhi\r\n') },
    has8bit: false,
    smtputf8: false,
    messageId: '<1@localhost>',
  });
}

test('Operations suppression: added, listed, in force, removed', () =>
  inWorld(async (run, services) => {
    assert.deepEqual(await run('suppression.add', { account: 'Godwit', address: 'Bad@ONE.test', reason: 'asked' }), {
      account: 'godwit',
      address: 'bad@one.test',
    });
    for (const address of ['c@one.test', 'b@one.test']) await run('suppression.add', { account: 'godwit', address });
    const all = await run('suppression.list');
    assert.deepEqual(
      all.items.map(({ account, address, source, reason }) => [account, address, source, reason]),
      [
        ['godwit', 'b@one.test', 'operator', ''],
        ['godwit', 'bad@one.test', 'operator', 'asked'],
        ['godwit', 'c@one.test', 'operator', ''],
      ],
    );
    const cut = await run('suppression.list', { account: 'godwit', limit: 2 });
    assert.deepEqual([cut.items.length, cut.isCut, all.isCut], [2, true, false]);
    await send(services, 'BAD+x@one.test', 'good@one.test');
    const { items } = await run('queue.list');
    assert.deepEqual(
      items.map(({ recipient, state }) => [recipient, state]),
      [
        ['BAD+x@one.test', 'failed'],
        ['good@one.test', 'queued'],
      ],
    );
    assert.match(items[0]?.lastReply ?? '', /an operator said so:\nasked\n.*suppression remove godwit bad@one\.test/);
    assert.deepEqual(await run('suppression.remove', { account: 'godwit', address: 'BAD@one.test' }), {
      account: 'godwit',
      address: 'bad@one.test',
    });
    for (const [command, args, reason] of [
      ['suppression.remove', { account: 'godwit', address: 'bad@one.test' }, /not on the suppression list of godwit/],
      ['suppression.add', { account: 'eve', address: 'a@one.test' }, /no account eve/],
      ['suppression.add', { account: 'godwit', address: 'nowhere' }, /nowhere is not an address/],
      ['suppression.add', { account: 'godwit' }, /address is missing/],
      ['suppression.list', { account: 'eve' }, /no account eve/],
    ] as const) {
      await assert.rejects(run(command, args), reason);
    }
  }));

test('Operations holdRule: added, listed, in force, removed', () =>
  inWorld(async (run, services) => {
    const rule = await run('holdRule.add', { account: 'godwit', recipientDomain: 'TWO.test' });
    assert.deepEqual([rule.account, rule.senderDomain, rule.recipientDomain], ['godwit', null, 'two.test']);
    assert.deepEqual(await run('holdRule.list'), [rule]);
    await send(services, 'a@one.test', 'b@two.test');
    const held = await run('queue.list', { hold: true });
    assert.deepEqual(
      held.items.map(({ recipient }) => recipient),
      ['b@two.test'],
    );
    assert.deepEqual(await run('holdRule.remove', { id: rule.id }), { id: rule.id });
    for (const [command, args, reason] of [
      ['holdRule.remove', { id: rule.id }, /there is no hold rule/],
      ['holdRule.add', { reason: 'x' }, /name an account, a domain of senders or a domain of recipients/],
      ['holdRule.add', { senderDomain: 'a b' }, /a b is not a domain/],
      ['holdRule.add', { account: 'eve' }, /no account eve/],
    ] as const) {
      await assert.rejects(run(command, args), reason);
    }
  }));

test('Operations queue.requiretls', () =>
  inWorld(async (run, services) => {
    const message = await send(services, 'a@one.test', 'b@two.test');
    const demands = async (): Promise<unknown> => (await run('queue.list', { message })).items.map(({ tls }) => tls);
    assert.deepEqual(await run('queue.requiretls', { domain: 'one.test', demand: 'yes' }), { count: 1 });
    assert.deepEqual(await run('queue.requiretls', { domain: 'two.test', demand: 'no' }), { count: 1 });
    assert.deepEqual(await demands(), ['required', 'optional']);
    assert.deepEqual(await run('queue.requiretls', { all: true, demand: 'default' }), { count: 2 });
    assert.deepEqual(await demands(), [null, null]);
    await assert.rejects(run('queue.requiretls', { demand: 'yes' }), /say which recipients are meant/);
    await assert.rejects(run('queue.requiretls', { all: true, demand: 'maybe' }), /yes, no or default/);
    await assert.rejects(run('queue.requiretls', { all: true, demand: 'constructor' }), /yes, no or default/);
  }));

test('Operations account.remove takes suppressions and hold rules of the account along', () =>
  inWorld(async (run) => {
    await run('account.add', { name: 'ann', address: 'ann@example.org' });
    await run('suppression.add', { account: 'ann', address: 'a@one.test' });
    await run('holdRule.add', { account: 'ann' });
    await run('account.remove', { name: 'ann' });
    assert.deepEqual(await run('suppression.list'), { items: [], isCut: false });
    assert.deepEqual(await run('holdRule.list'), []);
  }));

test('Operations queue.list: finished recipients stay listed by state', () =>
  inWorld(async (run, services) => {
    const message = await send(services, 'a@one.test', 'b@one.test', 'c@one.test');
    await run('queue.drop', { message, recipient: 'a@one.test' });
    await run('queue.fail', { message, recipient: 'b@one.test' });
    const list = async (...states: readonly RecipientState[]): Promise<string[]> =>
      (await run('queue.list', { states })).items.map(({ recipient }) => recipient);
    assert.deepEqual(await list('dropped'), ['a@one.test']);
    assert.deepEqual(await list('failed'), ['b@one.test']);
    assert.deepEqual(await list('queued', 'dropped'), ['a@one.test', 'c@one.test']);
    const { items } = await run('queue.list', { states: ['dropped'] });
    assert.notEqual(items[0]?.finishedMs, null);
  }));

test('what accounts want of the queue follows domains.yaml while the server runs', () =>
  inWorld(async (run, { accounts, configuration, perAccount: { policies } }) => {
    await run('account.add', { name: 'ann', address: 'ann@example.org' });
    const ann = await accounts.open('ann');
    assert.ok(ann !== null);
    assert.equal(policies.of(ann.id), null);
    await policies.refresh();
    assert.deepEqual(policies.of(ann.id), { suppressesRefused: true, tellsWebhooks: false });
    const settings = 'suppressions: manual\n    outgoingEvents: true';
    await editDomainsFile(configuration, (text) => text.replace(/^ {2}ann:$/m, `  ann:\n    ${settings}`));
    assert.deepEqual(policies.of(ann.id), { suppressesRefused: false, tellsWebhooks: true });
    await run('account.remove', { name: 'ann' });
    assert.deepEqual(policies.of(ann.id), { suppressesRefused: false, tellsWebhooks: false });
  }));

test('Operations queue: a message that is not in the queue is a refusal, and nothing is changed by half', () =>
  inWorld(async (run, services) => {
    const message = await send(services, 'a@one.test');
    for (const command of ['kick', 'hold', 'release', 'drop', 'fail', 'transport', 'list']) {
      const missing = command === 'list' ? {} : { all: true };
      await assert.rejects(
        run(`queue.${command}`, { ...missing, message: 999 }),
        /there is no message 999 in the queue/,
      );
      await assert.rejects(
        run(`queue.${command}`, { ...missing, ids: [`${message}`, '999.2'] }),
        /there is no recipient 999\.2/,
      );
    }
    await assert.rejects(run('queue.show', { id: '999' }), /there is no message 999 in the queue/);
    const { items } = await run('queue.list', { ids: [`${message}`] });
    assert.deepEqual(
      items.map(({ state, hold }) => [state, hold]),
      [['queued', false]],
    );
  }));
