import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stsPolicyUrl, stsRecordName, writeStsPolicy, type StsPolicy } from '#lib/mta-sts';
import type { HostTls, MailHost } from '#mail/mail-hosts';
import type { FetchFailure } from '#ports/fetcher';
import { FakeResolver, type FakeFailure } from '#testing/fake-resolver';
import { planOf } from '#testing/query-plans';
import { TlsPoliciesWorld } from '#testing/tls-policies-world';

const domain = 'example.com';
const url = stsPolicyUrl(domain);
const host: MailHost = {
  name: 'mx.example.com',
  addresses: ['192.0.2.1'],
  canonicalName: 'mx.example.com',
  isAuthentic: false,
};
const dayS = 86_400;
const hourMs = 3_600_000;
const enforce: StsPolicy = { mode: 'enforce', maxAgeS: 10 * dayS, mx: ['mx.example.com'] };

function announcing(id: string): FakeResolver {
  return new FakeResolver({ [stsRecordName(domain)]: { TXT: [`v=STSv1; id=${id};`] } });
}

function failing(why: FakeFailure): FakeResolver {
  return new FakeResolver({}, { failures: { [stsRecordName(domain)]: why } });
}

const silent = (): FakeResolver => new FakeResolver();

class World extends TlsPoliciesWorld {
  announce(id: string, policy: StsPolicy = enforce): void {
    this.dns = announcing(id);
    this.fetcher.serve(url, writeStsPolicy(policy));
  }

  fail(why: FetchFailure = 'connect'): void {
    this.fetcher.answers.set(url, { kind: 'failed', why, reason: 'it failed' });
  }

  async decide(signal?: AbortSignal): Promise<HostTls> {
    const found = { mx: 'insecure', expandedDomain: domain } as const;
    const request = { domain, found, wish: 'default', local: 'opportunistic' } as const;
    return await (await this.policies.forDomain(request, signal)).forHost(host);
  }

  /** Returns the demands on TLS, then the policies for reports. */
  async ask(): Promise<string> {
    return show(await this.decide());
  }

  get fetches(): number {
    return this.fetcher.urls.length;
  }
}

function show(decided: HostTls): string {
  const known = decided.measures.flatMap((measure) => measure.known.map(({ result }) => result));
  const what = decided.kind === 'skip' ? `skip ${decided.status}` : decided.demand.kind;
  return [what, ...known].join(' ');
}

/** Published policies, and what follows for a first delivery. */
const rows: readonly (readonly [string, (world: World) => void, string])[] = [
  ['a policy that enforces (RFC 8461 §5)', (world) => world.announce('1'), 'pkix'],
  [
    'a policy that tests (RFC 8461 §5)',
    (world) => world.announce('1', { ...enforce, mode: 'testing' }),
    'opportunistic',
  ],
  [
    'a policy of mode none (RFC 8461 §5)',
    (world) => world.announce('1', { ...enforce, mode: 'none' }),
    'opportunistic',
  ],
  [
    'a policy that names other hosts (RFC 8461 §4.1)',
    (world) => world.announce('1', { ...enforce, mx: ['other.example'] }),
    'skip 4.7.5 validation-failure',
  ],
  ['no TXT record (RFC 8461 §3.1)', (world) => (world.dns = silent()), 'opportunistic'],
  ['DNS fails', (world) => (world.dns = failing('servfail')), 'skip 4.4.3'],
  ['DNS is bogus', (world) => (world.dns = failing('bogus')), 'skip 4.4.3'],
  [
    'a policy host that does not answer (RFC 8461 §3.3, RFC 8460 §4.3.2.2)',
    (world) => (world.announce('1'), world.fail()),
    'opportunistic sts-policy-fetch-error',
  ],
  [
    'a certificate that does not pass (RFC 8461 §3.3, RFC 8460 §4.3.2.2)',
    (world) => (world.announce('1'), world.fail('certificate')),
    'opportunistic sts-webpki-invalid',
  ],
  [
    'a redirect (RFC 8461 §3.3)',
    (world) => (world.announce('1'), world.fetcher.serve(url, '', { status: 302 })),
    'opportunistic sts-policy-fetch-error',
  ],
  [
    'a page in place of a policy (RFC 8461 §3.2, RFC 8460 §4.3.2.2)',
    (world) => (world.announce('1'), world.fetcher.serve(url, '<html>', { contentType: 'text/html' })),
    'opportunistic sts-policy-invalid',
  ],
  [
    'a policy that is too long (RFC 8461 §3.3)',
    (world) => (
      world.announce('1'),
      world.fetcher.serve(url, `${writeStsPolicy(enforce)}${'x: y\r\n'.repeat(20_000)}`)
    ),
    'opportunistic sts-policy-invalid',
  ],
];

for (const [title, arrange, want] of rows) {
  test(`TlsPolicies: MTA-STS: ${title}`, async () => {
    await using world = new World();
    arrange(world);
    assert.equal(await world.ask(), want);
    assert.equal(await world.ask(), want, 'and for the next');
    assert.ok(world.fetches <= 1);
    assert.deepEqual(world.log.ofLevel('error'), []);
  });
}

/** Events one after the other, with hours between, the demand at the end, and the number of fetches. */
const histories: readonly (readonly [string, readonly ((world: World) => void)[], number, string, number])[] = [
  ['a kept policy survives DNS trouble (RFC 8461 §3.1)', [(world) => (world.dns = failing('timeout'))], 1, 'pkix', 1],
  ['a kept policy survives its record (RFC 8461 §8.3)', [(world) => (world.dns = silent())], 1, 'pkix', 1],
  ['it ends with its lifetime (RFC 8461 §3.2)', [(world) => (world.dns = silent())], 11 * 24, 'opportunistic', 1],
  ['the same id is not fetched again (RFC 8461 §3.3)', [(world) => world.fail()], 1, 'pkix', 1],
  [
    'another id brings another policy (RFC 8461 §3.3)',
    [(world) => world.announce('2', { ...enforce, mode: 'none' })],
    1,
    'opportunistic',
    2,
  ],
  [
    'another id whose policy cannot be had: the kept one counts (RFC 8461 §3.3)',
    [(world) => (world.announce('2'), world.fail())],
    1,
    'pkix sts-policy-fetch-error',
    2,
  ],
  [
    'after a failure nothing is asked for five minutes (RFC 8461 §3.3)',
    [(world) => (world.announce('2'), world.fail()), () => undefined],
    0.04,
    'pkix sts-policy-fetch-error',
    2,
  ],
  [
    'and then it is (RFC 8461 §3.3)',
    [(world) => (world.announce('2'), world.fail()), (world) => world.announce('2', { ...enforce, mode: 'none' })],
    0.1,
    'opportunistic',
    3,
  ],
];

for (const [title, steps, hours, want, fetches] of histories) {
  test(`TlsPolicies: MTA-STS: ${title}`, async () => {
    await using world = new World();
    world.announce('1');
    let got = await world.ask();
    for (const step of steps) {
      await world.clock.advance(hours * hourMs);
      step(world);
      got = await world.ask();
    }
    assert.deepEqual([got, world.fetches], [want, fetches]);
  });
}

test('TlsPolicies: deliveries at once share one fetch', async () => {
  await using world = new World();
  world.announce('1');
  const gate = Promise.withResolvers<void>();
  world.fetcher.gate = gate.promise;
  const asked = Array.from({ length: 20 }, () => world.ask());
  await world.clock.advance(1000);
  gate.resolve();
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(['pkix']));
  assert.equal(world.fetches, 1);
});

test('TlsPolicies: a delivery waits 20 s for a policy, which is kept when it comes later', async () => {
  await using world = new World();
  world.announce('1');
  const gate = Promise.withResolvers<void>();
  world.fetcher.gate = gate.promise;
  const asked = world.ask();
  await world.clock.advance(20_000);
  assert.equal(await asked, 'opportunistic sts-policy-fetch-error');
  gate.resolve();
  await world.clock.advance(1);
  world.dns = silent();
  assert.equal(await world.ask(), 'pkix');
});

test('TlsPolicies: who has too many fetches under way defers, and does not send without a policy', async () => {
  await using world = new TlsPoliciesWorld({}, {}, { maxFetches: 0 });
  world.dns = announcing('1');
  const request = {
    domain,
    found: { mx: 'insecure', expandedDomain: domain },
    wish: 'default',
    local: 'opportunistic',
  } as const;
  assert.equal(show(await (await world.policies.forDomain(request)).forHost(host)), 'skip 4.4.3');
});

test('TlsPolicies: whoever gives up hears the reason, and the fetch goes on', async () => {
  await using world = new World();
  world.announce('1');
  const gate = Promise.withResolvers<void>();
  world.fetcher.gate = gate.promise;
  const abort = new AbortController();
  const asked = assert.rejects(world.decide(abort.signal), /stopped/);
  await world.clock.advance(1);
  abort.abort(new Error('stopped'));
  await asked;
  gate.resolve();
  await world.clock.advance(1);
  assert.equal(await world.ask(), 'pkix');
  assert.equal(world.fetches, 1);
});

test('TlsPolicies: shutdown ends a fetch that never ends', async () => {
  const world = new World();
  world.announce('1');
  world.fetcher.gate = Promise.withResolvers<void>().promise;
  const asked = world.ask();
  await world.clock.advance(1);
  await world[Symbol.asyncDispose]();
  assert.equal(await asked, 'skip 4.4.3');
  assert.deepEqual(world.log.ofLevel('error'), []);
});

test('TlsPolicies.sweep: a policy is fetched again each day, whatever its record says (RFC 8461 §10.2)', async () => {
  await using world = new World();
  world.announce('1');
  await world.ask();
  world.dns = silent();
  for (const [hours, refreshed] of [
    [23, 0],
    [2, 1],
    [1, 0],
    [23, 1],
  ] as const) {
    await world.clock.advance(hours * hourMs);
    assert.deepEqual(await world.policies.sweep(), { refreshed, removed: 0 });
  }
  await world.clock.advance(9 * 24 * hourMs);
  assert.equal(await world.ask(), 'pkix', 'nine days after the last refresh');
});

test('TlsPolicies.sweep: the administrator hears of refreshes that fail (RFC 8461 §3.3), once an hour', async () => {
  await using world = new World();
  world.announce('1');
  await world.ask();
  world.fail('certificate');
  for (let hour = 0; hour < 48; hour += 1) {
    await world.clock.advance(hourMs);
    await world.policies.sweep();
    await world.policies.sweep();
  }
  assert.equal(world.fetches, 26);
  assert.equal(world.log.ofLevel('warn').filter(({ event }) => event === 'mtaSts.notRefreshed').length, 25);
  assert.equal(await world.ask(), 'pkix sts-webpki-invalid');
});

test('TlsPolicies.sweep: who is not written to for a month is forgotten when the policy expires', async () => {
  await using world = new World();
  world.announce('1', { ...enforce, maxAgeS: 20 * dayS });
  await world.ask();
  let removed = 0;
  for (let day = 0; day < 60; day += 1) {
    await world.clock.advance(24 * hourMs);
    removed += (await world.policies.sweep()).removed;
  }
  assert.deepEqual([world.fetches, removed], [31, 1]);
});

test('TlsPolicies.sweep: many policies are refreshed in one go', async () => {
  await using world = new TlsPoliciesWorld();
  const domains = Array.from({ length: 40 }, (_, i) => `d${i}.example`);
  world.dns = new FakeResolver(
    Object.fromEntries(domains.map((name) => [stsRecordName(name), { TXT: ['v=STSv1; id=1;'] }])),
  );
  for (const name of domains) {
    world.fetcher.serve(stsPolicyUrl(name), writeStsPolicy(enforce));
    const found = { mx: 'insecure', expandedDomain: name } as const;
    await world.policies.forDomain({ domain: name, found, wish: 'default', local: 'opportunistic' });
  }
  await world.clock.advance(25 * hourMs);
  assert.deepEqual(await world.policies.sweep(), { refreshed: 40, removed: 0 });
  for (const text of Array.from(world.db.texts)) {
    const scans = (await planOf(world.db, { text, values: [] })).filter((detail) => /^SCAN (?!.*INDEX)/.test(detail));
    assert.deepEqual(scans, [], text);
  }
});
