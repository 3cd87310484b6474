import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '#testing/address';
import { writeAddress } from '#lib/address';
import { generatePrivateKey, parsePrivateKey } from '#lib/dkim';
import { parseDsn } from '#lib/dsn';
import { accountId } from '#lib/ids';
import { parseConfigFiles } from '#mail/config';
import { Directory } from '#mail/directory';
import { SigningPlan } from '#mail/dkim';
import { QueueWorld, delivered, refused, type TestMessage } from '#testing/queue-world';
import { DsnDelivery, DsnMailer } from './index.ts';
import type { DsnDeliveryDeps } from './dsn-delivery.ts';

const domains = `
domains:
  example.org: { dkim: { selectors: { a: { keyFile: a.pem } }, sign: [a] } }
accounts: { ann: { addresses: [ann@example.org] }, post: {} }
`;
const server = 'hostname: mail.example.org\npostmaster: post\nlisteners: {}\n';
const config = parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains });
const key = parsePrivateKey(await generatePrivateKey('ed25519-sha256'));
assert.ok(key.ok);
const unsigned = new SigningPlan(
  parseConfigFiles(
    { file: 'server.yaml', text: server },
    { file: 'domains.yaml', text: domains.replace(/dkim.*(?= }$)/m, '') },
  ),
  new Map(),
);
const withKey = new SigningPlan(config, new Map([['a.pem', key.value]]));

/** A queue whose notices go where they should; `stored` says which accounts got one. */
function reporting(world: QueueWorld, plan = unsigned): { readonly stored: string[] } {
  const stored: string[] = [];
  const { clock, log } = world;
  const mailer = new DsnMailer({
    queue: world.queue,
    blobs: world.blobs,
    signing: { plan },
    clock,
    log,
    from: addressOf('postmaster@mail.example.org'),
  });
  const delivery: Pick<DsnDeliveryDeps['delivery'], 'deliver'> = {
    deliver: async (_message, recipients) => {
      stored.push(...recipients.map(({ account, address }) => `${account}: ${address}`));
      return recipients.map(() => ({ kind: 'delivered' }) as const as never);
    },
  };
  const sink = new DsnDelivery({
    accounts: { list: async () => [{ id: accountId(1), name: 'ann' }] } as never,
    delivery: delivery as DsnDeliveryDeps['delivery'],
    mailer,
    configuration: { config, directory: Directory.of(config) } as never,
    clock,
    log,
  });
  world.passNotice = (dsn) => sink.deliverDsn(dsn);
  return { stored };
}

const stranger: TestMessage = { account: null, sender: 'you@far.example' };

for (const [what, message, want] of [
  ['of the submitter', { account: accountId(1), sender: 'ann@example.org' }, ['ann: ann@example.org']],
  ['of a local address', { account: null, sender: 'ann@example.org' }, ['ann: ann@example.org']],
  ['of an address that is gone', { account: accountId(7), sender: 'eve@example.org' }, ['post: eve@example.org']],
] as const) {
  test(`DsnDelivery: a notice about mail ${what} goes into a mailbox, and nowhere else`, async () => {
    await using world = new QueueWorld();
    const { stored } = reporting(world);
    world.answer = async () => refused;
    await world.start();
    await world.send(['a@one.example'], message);
    assert.deepEqual(stored, want);
    assert.equal(world.transmissions.length, 1);
  });
}

test('DsnDelivery: a notice about mail of strangers leaves with the null sender, signed by the domain that reports', async () => {
  await using world = new QueueWorld();
  const { stored } = reporting(world, withKey);
  const left = Promise.withResolvers<string>();
  world.answer = async (address, { content }) => {
    if (address === 'a@one.example') return refused;
    left.resolve(new TextDecoder().decode(await content.bytes(0, content.sizeBytes)));
    return delivered;
  };
  await world.start();
  await world.send(['a@one.example'], { ...stranger, envid: 'e-1' });
  // Signatures are made in other threads, which no fake clock moves.
  const seen = await left.promise;
  assert.deepEqual(stored, []);
  const last = world.transmissions.at(-1);
  assert.deepEqual(
    [
      last?.sender,
      last?.account,
      last?.recipients.map(({ address, notify }) => [writeAddress(address), notify]),
      last?.envid,
    ],
    [null, null, [['you@far.example', 1]], null],
  );
  assert.match(seen, /^DKIM-Signature: .*d=example\.org;/);
  assert.match(seen, /\r\nFrom: Mail Delivery System <postmaster@mail\.example\.org>\r\nTo: <you@far\.example>\r\n/);
  assert.match(seen, /\r\nAuto-Submitted: auto-replied\r\n/);
  const dsn = parseDsn(new TextEncoder().encode(seen));
  assert.equal(dsn?.recipients[0]?.finalRecipient, 'a@one.example');
});

test('DsnDelivery: a notice that nobody takes ends, and is not answered', async () => {
  await using world = new QueueWorld();
  const { stored } = reporting(world);
  world.answer = async () => refused;
  await world.start();
  await world.send(['a@one.example'], stranger);
  await world.clock.advance(10 * 86_400_000);
  assert.equal(world.transmissions.length, 2);
  assert.deepEqual([stored, world.notices.length], [[], 1]);
});

test('DsnDelivery: a crash while a notice is put into the queue neither loses nor doubles it', async () => {
  await using world = new QueueWorld();
  reporting(world);
  world.answer = async (address) => (address === 'a@one.example' ? refused : delivered);
  const pass = world.passNotice;
  let isFirst = true;
  world.passNotice = async (dsn) => {
    await pass?.(dsn);
    if (!isFirst) return;
    isFirst = false;
    throw new Error('the process ends here');
  };
  await world.start();
  await world.send(['a@one.example'], stranger);
  await world.crash();
  await world.clock.advance(3_600_000);
  assert.deepEqual(
    world.transmissions.map(({ recipients }) => recipients.map(({ address }) => writeAddress(address)).join()),
    ['a@one.example', 'you@far.example'],
  );
});

test('DsnDelivery: a notice whose key is missing waits for it, and does not leave unsigned', async () => {
  await using world = new QueueWorld();
  reporting(world, new SigningPlan(config, new Map()));
  const left = Promise.withResolvers<string>();
  world.answer = async (address, { content }) => {
    if (address === 'a@one.example') return refused;
    left.resolve(new TextDecoder().decode(await content.bytes(0, content.sizeBytes)));
    return delivered;
  };
  await world.start();
  await world.send(['a@one.example'], stranger);
  assert.equal(world.transmissions.length, 1);
  assert.equal(world.log.ofLevel('error').length, 1);
  reporting(world, withKey);
  await world.clock.advance(3_600_000);
  assert.match(await left.promise, /^DKIM-Signature: /);
});

test('DsnDelivery: a notice about a REQUIRETLS message asks for it as well, and returns the header alone (RFC 8689 §5)', async () => {
  await using world = new QueueWorld();
  reporting(world);
  const returned: string[] = [];
  world.answer = async (address, { content }) => {
    returned.push(new TextDecoder().decode(await content.bytes(0, content.sizeBytes)));
    return address === 'a@one.example' ? refused : delivered;
  };
  await world.start();
  await world.send(['a@one.example'], { ...stranger, tls: 'required', ret: 'full' });
  assert.deepEqual(
    world.transmissions.map(({ tls, sender }) => [tls, sender === null ? '' : writeAddress(sender)]),
    [
      ['required', 'you@far.example'],
      ['required', ''],
    ],
  );
  assert.match(returned[1] ?? '', /Content-Type: text\/rfc822-headers/i);
  assert.doesNotMatch(returned[1] ?? '', /\r\nhello\r\n/);
});
