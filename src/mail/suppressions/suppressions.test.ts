import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, writeAddress } from '#lib/address';
import { accountId, queueId } from '#lib/ids';
import { addressOf } from '#testing/address';
import { FakeClock } from '#testing/fake-clock';
import { serverDatabase, type TestDatabase } from '#testing/store-databases';
import { normalAddress, Suppressions } from './index.ts';
import type { NewSuppression } from './suppressions.ts';
import { suppressorsOf } from './normal-address.ts';

const one = accountId(1);
const two = accountId(2);

function world(): { readonly db: TestDatabase; readonly clock: FakeClock; readonly suppressions: Suppressions } {
  const db = serverDatabase();
  const clock = new FakeClock();
  return { db, clock, suppressions: new Suppressions({ db, clock }) };
}

const refusedBy = (address: string): NewSuppression => ({
  account: one,
  address,
  source: 'refused',
  reason: '550 5.1.1 no such user',
  message: queueId(7),
});

test('normalAddress, and suppressorsOf', () => {
  const rows: readonly (readonly [string, string, string?])[] = [
    ['User@Example.ORG', 'user@example.org'],
    ['User+News+x@example.org', 'user+news+x@example.org', 'user@example.org'],
    ['+user@example.org', '+user@example.org'],
    ['"A b+c"@example.org', '"a b+c"@example.org', '"a b"@example.org'],
    ['Ünal@bücher.example', 'ünal@xn--bcher-kva.example'],
    ['user@[192.0.2.1]', 'user@[192.0.2.1]'],
    ['No+x Address', 'no+x address'],
  ];
  for (const [given, expected, base] of rows) {
    assert.equal(normalAddress(given), expected, given);
    const address = parseAddress(given);
    if (!address.ok) continue;
    assert.deepEqual(suppressorsOf(address.value), base === undefined ? [expected] : [expected, base], given);
  }
});

test('Suppressions.addIn keeps what is there, unless an operator says so', async () => {
  const { db, clock, suppressions } = world();
  await using _db = db;
  assert.equal(await suppressions.add(refusedBy('A@Example.org')), true);
  const sinceMs = clock.now();
  await clock.advance(1000);
  assert.equal(await suppressions.add({ ...refusedBy('a@example.org'), source: 'notice' }), false);
  assert.equal(await suppressions.add({ ...refusedBy('a@example.org'), source: 'operator', reason: 'asked' }), true);
  assert.equal(await suppressions.add({ ...refusedBy('a@example.org'), source: 'operator', reason: '' }), true);
  assert.equal(await suppressions.add(refusedBy('a@example.org')), false);
  assert.deepEqual((await suppressions.list(one)).items, [
    {
      account: one,
      address: 'a@example.org',
      source: 'operator',
      reason: 'asked',
      message: queueId(7),
      createdMs: sinceMs,
      untilMs: null,
    },
  ]);
});

test('Suppressions: what a machine says counts for 30 days, and again when it is said again', async () => {
  const { db, clock, suppressions } = world();
  await using _db = db;
  const listed = async (): Promise<unknown[]> =>
    (await suppressions.list(one)).items.map(({ address, createdMs, untilMs }) => [address, createdMs, untilMs]);
  await suppressions.add(refusedBy('a@example.org'));
  await suppressions.add({ ...refusedBy('b@example.org'), source: 'operator' });
  const [startMs, month] = [clock.now(), 30 * 24 * 60 * 60_000];
  await clock.advance(month - 1);
  assert.equal(await suppressions.add(refusedBy('a@example.org')), false);
  assert.equal((await listed()).length, 2);
  await clock.advance(1);
  assert.deepEqual(await listed(), [['b@example.org', startMs, null]]);
  const found = await db.read((reader) =>
    suppressions.findIn(
      reader,
      one,
      ['a@example.org', 'b@example.org'].map((text) => addressOf(text)),
    ),
  );
  assert.deepEqual(
    [...found.keys()].map((address) => writeAddress(address)),
    ['b@example.org'],
  );
  assert.equal(await suppressions.add(refusedBy('a@example.org')), true);
  assert.deepEqual((await listed())[0], ['a@example.org', clock.now(), clock.now() + month]);
});

test('Suppressions.findIn tells by the address as given, of one account; a suppressed detail leaves the address alone', async () => {
  const { db, suppressions } = world();
  await using _db = db;
  await suppressions.add(refusedBy('a@example.org'));
  await suppressions.add(refusedBy('C+x@example.org'));
  const asked = ['A@example.org', 'a+b@example.org', 'c@example.org', 'c+X@example.org', 'c+x+y@example.org'].map(
    (text) => addressOf(text),
  );
  const find = (account: typeof one): Promise<string[]> =>
    db.read(async (reader) => {
      const found = await suppressions.findIn(reader, account, asked);
      return [...found.keys()].map((address) => writeAddress(address)).toSorted();
    });
  assert.deepEqual(await find(one), ['A@example.org', 'a+b@example.org', 'c+X@example.org']);
  assert.deepEqual(await find(two), []);
  assert.equal(await suppressions.remove(two, 'a@example.org'), false);
  assert.equal(await suppressions.remove(one, 'A+z@example.org'), false);
  assert.equal(await suppressions.remove(one, 'A@example.org'), true);
  assert.deepEqual(await find(one), ['c+X@example.org']);
});

test('Suppressions.list goes by pages over all accounts', async () => {
  const { db, suppressions } = world();
  await using _db = db;
  for (const account of [two, one]) {
    for (const name of ['c', 'a', 'b']) await suppressions.add({ ...refusedBy(`${name}@example.org`), account });
  }
  const seen: string[] = [];
  let page = await suppressions.list(null, { limit: 2 });
  for (;;) {
    seen.push(...page.items.map(({ account, address }) => `${account} ${address}`));
    const after = page.items.at(-1);
    if (!page.isCut || after === undefined) break;
    page = await suppressions.list(null, { limit: 2, after });
  }
  assert.deepEqual(
    seen,
    [one, two].flatMap((account) => ['a', 'b', 'c'].map((name) => `${account} ${name}@example.org`)),
  );
});
