import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tallyTls, type TlsFact, type TlsFailure } from '#lib/tlsrpt';
import { TlsPoliciesWorld } from '#testing/tls-policies-world';
import { dayOf } from './index.ts';

const dayMs = 86_400_000;
const policy = { type: 'no-policy-found', strings: [], domain: 'example.com', mxHosts: [] } as const;
const good: TlsFact = { policy, failures: [] };

function bad(more: Partial<TlsFailure> = {}): TlsFact {
  const failure: TlsFailure = {
    result: 'certificate-expired',
    sendingIp: '192.0.2.1',
    receivingIp: '192.0.2.2',
    mxHost: 'mx.example.com',
    mxHelo: null,
    moreInfo: null,
    reasonCode: 'CERT_HAS_EXPIRED',
    ...more,
  };
  return { policy, failures: [failure] };
}

test('TlsResults: facts are added up per day and written seconds later (RFC 8460 §4)', async () => {
  await using world = new TlsPoliciesWorld();
  const { results } = world.policies;
  const today = dayOf(world.clock.now());
  results.record([good, bad()]);
  results.record([good]);
  assert.deepEqual(await results.facts(today, 'example.com'), []);
  await world.clock.advance(10_000);
  results.record([{ ...good, sessions: 5 }, bad()]);
  await world.clock.advance(dayMs);
  results.record([good]);
  await results.flush();
  const [tally] = tallyTls(await results.facts(today, 'example.com'));
  assert.deepEqual([tally?.successes, tally?.failures, tally?.details[0]?.sessions], [7, 2, 2]);
  assert.deepEqual(await results.facts(today + dayMs, 'example.com'), [{ ...good, sessions: 1 }]);
  assert.deepEqual(await results.domains(today), ['example.com']);
  assert.deepEqual(await results.domains(today, 'example.com'), []);
  await results.remove(today, 'example.com');
  assert.deepEqual(await results.domains(today), []);
});

test('TlsResults: what a peer varies is counted without details beyond a limit', async () => {
  await using world = new TlsPoliciesWorld({}, {}, { maxFactsPerDomain: 5, flushFacts: 1000 });
  const { results } = world.policies;
  for (let i = 0; i < 100; i += 1) results.record([bad({ mxHelo: `h${i}.example` }), bad({ mxHelo: 'x'.repeat(1e5) })]);
  await results.flush();
  const [tally] = tallyTls(await results.facts(dayOf(world.clock.now()), 'example.com'));
  assert.deepEqual([tally?.failures, tally?.details.length], [200, 6]);
  assert.ok(tally?.details.every(({ mxHelo }) => (mxHelo?.length ?? 0) < 1000));
  assert.deepEqual(world.log.ofLevel('warn'), []);
});

test('TlsResults: beyond the limit of a day, and of what waits, sessions are lost, and that is told', async () => {
  await using world = new TlsPoliciesWorld({}, {}, { maxFactsPerDay: 10, maxWaitingFacts: 50 });
  const { results } = world.policies;
  for (let i = 0; i < 100; i += 1) results.record([{ ...good, policy: { ...policy, domain: `d${i}.example` } }]);
  await results.flush();
  const domains = await results.domains(dayOf(world.clock.now()));
  assert.equal(domains.length, 10);
  assert.deepEqual(
    world.log.ofLevel('warn').map(({ event, fields }) => [event, fields['sessions']]),
    [['tlsResults.tooMany', 90]],
  );
});

test('TlsResults: while the database is slow no more waits than may', async () => {
  await using world = new TlsPoliciesWorld({}, {}, { flushFacts: 3, maxWaitingFacts: 5 });
  const { results } = world.policies;
  for (let i = 0; i < 100; i += 1) results.record([{ ...good, policy: { ...policy, domain: `d${i}.example` } }]);
  await results.flush();
  assert.equal((await results.domains(dayOf(world.clock.now()))).length, 8);
  assert.deepEqual(
    world.log.ofLevel('warn').map(({ fields }) => fields['sessions']),
    [92],
  );
});

test('TlsResults: many facts are written before their time, and the sweep removes old days', async () => {
  await using world = new TlsPoliciesWorld({}, {}, { flushFacts: 3 });
  const { results } = world.policies;
  const today = dayOf(world.clock.now());
  results.record([good, bad(), bad({ mxHost: null })]);
  await world.clock.advance(0);
  assert.equal((await results.facts(today, 'example.com')).length, 3);
  await world.clock.advance(10 * dayMs);
  assert.equal(await results.sweep(), 0);
  await world.clock.advance(dayMs);
  assert.equal(await results.sweep(), 3);
});

test('TlsResults: a database that fails costs facts, and nothing else', async () => {
  const world = new TlsPoliciesWorld();
  await world.db.exec('DROP TABLE tls_result');
  world.policies.results.record([good]);
  await world[Symbol.asyncDispose]();
  assert.deepEqual(
    world.log.ofLevel('error').map(({ event }) => event),
    ['tlsResults.notWritten'],
  );
});
