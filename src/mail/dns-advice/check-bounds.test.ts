import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleFacts as facts, sampleZone as right } from '#testing/dns-advice-samples';
import { FakeClock } from '#testing/fake-clock';
import { FakeResolver } from '#testing/fake-resolver';
import { checkDomain, type Finding } from './index.ts';

const show = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ level }) => level !== 'ok')
    .map(({ area, level, subject, sentence }) => `${area} ${level} ${subject}: ${sentence}`);

test('checkDomain: every finding that is not good says what to do; errors come first', async () => {
  const findings = await checkDomain(facts, {
    resolver: new FakeResolver({}),
    prober: null,
    clock: new FakeClock(),
    dnsblZones: ['bl.example'],
  });
  assert.deepEqual(
    findings.filter(({ level, fix }) => level !== 'ok' && fix === null),
    [],
  );
  const ranks = findings.map(({ level }) => ['error', 'warning', 'note', 'ok'].indexOf(level));
  assert.deepEqual(
    ranks,
    ranks.toSorted((a, b) => a - b),
  );
  assert.equal(findings[0]?.level, 'error');
});

test('checkDomain: a resolver that never answers, and the limit of queries', async () => {
  const clock = new FakeClock();
  let running = 0;
  let most = 0;
  const silent = {
    query: async (_name: string, _type: string, signal?: AbortSignal) => {
      most = Math.max(most, (running += 1));
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
      throw new Error('not reached');
    },
  };
  const pending = checkDomain(facts, { resolver: silent, prober: null, clock, limits: { timeoutMs: 1000 } });
  await clock.advance(1000);
  assert.deepEqual(show(await pending), ['host error resolver: nothing can be looked up: no answer in time']);
  assert.equal(most, 2);
  const resolver = new FakeResolver(right);
  await checkDomain(facts, { resolver, prober: null, clock, limits: { maxQueries: 5 } });
  assert.equal(resolver.queries.length, 5);
});

test('checkDomain: a prober that never answers ends with the time', async () => {
  const clock = new FakeClock();
  const started = Promise.withResolvers<void>();
  const prober = {
    probe: (_host: unknown, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        started.resolve();
      }),
  };
  const resolver = new FakeResolver(right, { authentic: ['*'] });
  const pending = checkDomain(facts, { resolver, prober, clock, limits: { timeoutMs: 1000 } });
  await started.promise;
  await clock.advance(1000);
  assert.deepEqual(show(await pending), [
    'smtp warning mail.example.org (192.0.2.1): was not tried: no time was left',
    'smtp warning mail.example.org (2001:db8::1): was not tried: no time was left',
  ]);
});
