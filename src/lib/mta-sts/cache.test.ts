import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CachedSts,
  planSts,
  settleSts,
  type StsFailedFetch,
  type StsFetched,
  type StsSituation,
} from './index.ts';
import type { StsAnswer } from './cache.ts';

const now = Date.UTC(2026, 5, 1);
const minuteMs = 60_000;
const dayMs = 86_400_000;
const enforce = { mode: 'enforce', maxAgeS: 604_800, mx: ['mx.example'] } as const;
const none = { ...enforce, mode: 'none' } as const;

const fresh: CachedSts = { id: 'a', policy: enforce, fetchedAtMs: now - minuteMs };
const daysOld: CachedSts = { ...fresh, fetchedAtMs: now - 2 * dayMs };
const expired: CachedSts = { ...fresh, fetchedAtMs: now - 7 * dayMs };
const fromTheFuture: CachedSts = { ...fresh, fetchedAtMs: now + dayMs };

const txt = (...records: string[]): StsAnswer => ({
  kind: 'found',
  records,
  authentic: false,
  ttlS: 60,
  canonicalName: '_mta-sts.example',
});
const same = txt('v=STSv1; id=a;');
const newer = txt('v=STSv1; id=b;');
const absent: StsAnswer = { kind: 'absent', why: 'nxdomain', authentic: false, ttlS: 60 };
const servfail: StsAnswer = { kind: 'failed', why: 'servfail' };
const failed = (id: string, agoMs: number): StsFailedFetch => ({ id, atMs: now - agoMs });

const show = (situation: StsSituation): string =>
  situation.kind === 'policy' ? situation.policy.mode : situation.kind;

for (const [title, cached, answer, lastFailure, want] of [
  ['no policy, no record', null, absent, null, 'none, fetch: no'],
  ['no policy, a record: fetched first (§5.1)', null, same, null, 'none, fetch: first'],
  ['no policy, two records (§3.1)', null, txt('v=STSv1; id=a', 'v=STSv1; id=b'), null, 'none, fetch: no'],
  ['no policy, DNS fails', null, servfail, null, 'undetermined, fetch: no'],
  ['no policy, a failure just now (§3.3)', null, same, failed('a', minuteMs), 'none, fetch: no'],
  ['no policy, a failure five minutes ago (§3.3)', null, same, failed('a', 5 * minuteMs), 'none, fetch: first'],
  ['no policy, a failure of another id (§3.3)', null, newer, failed('a', minuteMs), 'none, fetch: first'],
  ['a policy of the same id', fresh, same, null, 'enforce, fetch: no'],
  ['a policy of another id (§3)', fresh, newer, null, 'enforce, fetch: first'],
  ['a policy of another id, a failure just now', fresh, newer, failed('b', minuteMs), 'enforce, fetch: no'],
  ['a policy a day old is refreshed (§10.2)', daysOld, same, null, 'enforce, fetch: background'],
  ['a policy a day old, a failure just now', daysOld, same, failed('a', minuteMs), 'enforce, fetch: no'],
  ['a policy, the record gone (§3.1, §5.1)', fresh, absent, null, 'enforce, fetch: no'],
  ['a policy, the record malformed', fresh, txt('v=STSv1; oops'), null, 'enforce, fetch: no'],
  ['a policy, DNS fails (§3.3)', fresh, servfail, null, 'enforce, fetch: no'],
  ['a policy from the future', fromTheFuture, same, null, 'enforce, fetch: no'],
  ['an expired policy, a record', expired, same, null, 'none, fetch: first'],
  ['an expired policy, no record', expired, absent, null, 'none, fetch: no'],
  ['an expired policy, DNS fails', expired, servfail, null, 'undetermined, fetch: no'],
] as const) {
  test(`planSts: ${title}`, () => {
    const plan = planSts({ cached, answer, lastFailure, nowMs: now });
    assert.equal(`${show(plan.applies)}, fetch: ${plan.fetch}`, want);
  });
}

const got: StsFetched = { kind: 'policy', policy: none };
const missed: StsFetched = { kind: 'failed', failure: 'sts-webpki-invalid', reason: 'expired' };
const left: CachedSts = { ...fresh, policy: none };

for (const [title, cached, id, fetched, want] of [
  ['a first policy', null, 'b', got, 'none, kept b none, report: -, alert: false'],
  ['a new policy replaces the old', fresh, 'b', got, 'none, kept b none, report: -, alert: false'],
  ['a refresh without a record keeps the id', fresh, null, got, 'none, kept a none, report: -, alert: false'],
  [
    'a failure replaces nothing (§3.3)',
    fresh,
    'b',
    missed,
    'enforce, kept a enforce, report: sts-webpki-invalid, alert: true',
  ],
  [
    'a failed refresh without a record (§6)',
    fresh,
    null,
    missed,
    'enforce, kept a enforce, report: sts-webpki-invalid, alert: true',
  ],
  ['a failure after mode none (§6, §8.3)', left, 'b', missed, 'none, kept a none, report: -, alert: false'],
  [
    'a failure without a policy (§3.3, §6)',
    null,
    'b',
    missed,
    'none, kept nothing, report: sts-webpki-invalid, alert: false',
  ],
  [
    'a failure with an expired policy',
    expired,
    'b',
    missed,
    'none, kept nothing, report: sts-webpki-invalid, alert: false',
  ],
] as const) {
  test(`settleSts: ${title}`, () => {
    const settled = settleSts({ cached, id, fetched, nowMs: now });
    const kept = settled.cached === null ? 'nothing' : `${settled.cached.id} ${settled.cached.policy.mode}`;
    const { report, alert } = settled;
    assert.equal(`${show(settled.applies)}, kept ${kept}, report: ${report?.result ?? '-'}, alert: ${alert}`, want);
    assert.deepEqual(settled.lastFailure === null, fetched.kind === 'policy');
  });
}

test('settleSts: the lifetime of a policy counts from its last fetch, and max_age 0 ends at once', () => {
  const again = settleSts({ cached: daysOld, id: 'a', fetched: { kind: 'policy', policy: enforce }, nowMs: now });
  assert.equal(again.cached?.fetchedAtMs, now);
  const short = { ...enforce, maxAgeS: 0 };
  const { cached, applies } = settleSts({
    cached: null,
    id: 'a',
    fetched: { kind: 'policy', policy: short },
    nowMs: now,
  });
  assert.equal(show(applies), 'enforce');
  assert.equal(show(planSts({ cached, answer: absent, lastFailure: null, nowMs: now }).applies), 'none');
});
