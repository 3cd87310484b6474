import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { localBus } from '#host/bus-local';
import { systemLoop } from '#host/event-loop';
import { Files } from '#host/files';
import { generatePrivateKey } from '#lib/dkim';
import { Configuration } from '#server/configuration';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { DkimKeys } from './index.ts';

const ed25519 = (await generatePrivateKey('ed25519-sha256')).reveal();
const rsa = (bits: number): string =>
  generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' });

const domainsOf = (selectors: string, sign: string): string =>
  `domains:\n  example.org: { dkim: { selectors: { ${selectors} }, sign: [${sign}] } }\naccounts: { ann: {} }\n`;

interface World extends AsyncDisposable {
  readonly keys: DkimKeys;
  readonly configuration: Configuration;
  readonly log: FakeLog;
  readonly clock: FakeClock;
  readonly put: (name: string, text: string) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
}

async function world(domains: string, files: Readonly<Record<string, string>>): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const [dir, clock, log] = [undo.use(await tempDir()), new FakeClock(), new FakeLog()];
  const folder = dir.path;
  const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  await put('server.yaml', 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n');
  await put('domains.yaml', domains);
  for (const [name, text] of Object.entries(files)) await put(name, text);
  const bus = localBus({ log });
  const configuration = undo.use(
    await Configuration.open({ folder, files: new Files(), clock, bus, loop: systemLoop, log }),
  );
  const keys = undo.use(new DkimKeys({ configuration, files: new Files(), bus, clock, log }));
  const all = undo.move();
  const remove = (name: string): Promise<void> => rm(join(folder, name));
  return { keys, configuration, log, clock, put, remove, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

test('DkimKeys: facts say what is to be published', async () => {
  await using given = await world(domainsOf('a: { keyFile: a.pem }, b: { keyFile: a.pem }', 'a'), { 'a.pem': ed25519 });
  await given.keys.start();
  const [a, b] = given.keys.facts;
  assert.deepEqual([a?.domain, a?.selector, a?.signs, a?.keyFile], ['example.org', 'a', true, 'a.pem']);
  assert.equal(a?.key?.name, 'a._domainkey.example.org');
  assert.match(a?.key?.record ?? '', /^v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=$/);
  assert.equal(b?.signs, false);
});

for (const [title, selector, files, want] of [
  [
    'a file that is not there',
    'a: { keyFile: a.pem }',
    {},
    /domains\.yaml:2:44: domains\.example\.org\.dkim\.selectors\.a\.keyFile: there is no file .*a\.pem\. 'godwit dkim add'/,
  ],
  ['no key', 'a: { keyFile: a.pem }', { 'a.pem': 'x' }, /a\.pem: not a private key in PEM/],
  ['a short key', 'a: { keyFile: a.pem }', { 'a.pem': rsa(512) }, /a\.pem: RSA key of 512 bits, at least 1024/],
  ['a folder', 'a: { keyFile: . }', {}, /cannot be read: .*Let the user who serves read it/],
  [
    'a key for something else',
    'a: { keyFile: a.pem, algorithm: rsa-sha256 }',
    { 'a.pem': ed25519 },
    /domains\.yaml:2:60: .*algorithm: the key in a\.pem is for ed25519-sha256\. Leave it out/,
  ],
] as const) {
  test(`DkimKeys.start refuses ${title}`, async () => {
    await using given = await world(domainsOf(selector, 'a'), files);
    await assert.rejects(given.keys.start(), want);
  });
}

test('DkimKeys warns of keys that verifiers may soon refuse', async () => {
  await using given = await world(domainsOf('a: { keyFile: a.pem }', 'a'), { 'a.pem': rsa(1024) });
  await given.keys.start();
  assert.deepEqual(
    given.log.ofLevel('warn').map(({ event, fields }) => [event, fields['bits']]),
    [['dkim.keyShort', 1024]],
  );
});

test('DkimKeys.reload: what cannot be used replaces nothing, a new key that is missing refuses mail, a changed one is used', async () => {
  await using given = await world(domainsOf('a: { keyFile: a.pem }', 'a'), { 'a.pem': ed25519 });
  const { keys, configuration, put, remove } = given;
  await keys.start();
  const before = keys.facts[0]?.key?.record;
  await remove('a.pem');
  const [problem = ''] = await keys.reload();
  assert.match(problem, /domains\.yaml:2:\d+: .*no file .*The old key stays in use$/);
  assert.equal(keys.facts[0]?.key?.record, before);

  await put('domains.yaml', domainsOf('a: { keyFile: a.pem }, new: { keyFile: new.pem }', 'a, new'));
  await configuration.reload();
  const domain = { ascii: 'example.org', unicode: 'example.org' };
  const facts = { from: { localpart: 'ann', domain }, sender: null, nowMs: 0 };
  assert.equal(keys.plan.choose(facts).kind, 'keyMissing');
  assert.match((await keys.reload()).join('\n'), /new\.pem.*Mail that it is to sign is refused with 451 until then/);

  await put('new.pem', ed25519);
  await put('a.pem', (await generatePrivateKey('ed25519-sha256')).reveal());
  assert.deepEqual(await keys.reload(), []);
  assert.equal(keys.plan.choose(facts).kind, 'signed');
  assert.notEqual(keys.facts[0]?.key?.record, before);
});

test('DkimKeys: a key that becomes readable is used without a restart and without a command', async () => {
  await using given = await world(domainsOf('', ''), {});
  const { keys, configuration, log, clock, put } = given;
  await keys.start();
  await put('domains.yaml', domainsOf('new: { keyFile: new.pem }', 'new'));
  await configuration.reload();
  await keys.reload();
  const domain = { ascii: 'example.org', unicode: 'example.org' };
  const facts = { from: { localpart: 'ann', domain }, sender: null, nowMs: 0 };
  assert.equal(keys.plan.choose(facts).kind, 'keyMissing');
  assert.equal(keys.problems.length, 1);
  // The hint that the configuration changed makes them read as well.
  await turnsUntil(() => log.ofLevel('error').length === 2);
  await put('new.pem', ed25519);
  await clock.advance(30_000);
  await turnsUntil(() => keys.problems.length === 0);
  assert.equal(keys.plan.choose(facts).kind, 'signed');
  assert.ok(log.ofLevel('info').some(({ event }) => event === 'dkim.keyUsable'));
  assert.equal(log.ofLevel('error').length, 2);
});

/** Waits for turns of the event loop: files are read outside of the fake time. */
async function turnsUntil(isDone: () => boolean): Promise<void> {
  for (let turns = 0; !isDone(); turns += 1) {
    assert.ok(turns < 10_000, 'it does not happen');
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
