import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resolver } from './resolver.ts';

/**
 * A resolver for one test over these names: `host.example` has A 192.0.2.1 and 192.0.2.2, and no other record; `alias.example` is a CNAME of
 * it; `gone.example` does not exist; DNS of `broken.example` answers SERVFAIL, that of `silent.example` never.
 */
export interface OpenedResolver extends AsyncDisposable {
  readonly resolver: Resolver;
}

/** Tests what every `Resolver` must do; `name` begins the titles. */
export function resolverContract(name: string, open: () => Promise<OpenedResolver>): void {
  for (const asked of ['host.example', 'HOST.Example', 'host.example.']) {
    test(`${name}: the records of ${asked} are found`, async () => {
      await using opened = await open();
      const answer = await opened.resolver.query(asked, 'A');
      assert.ok(answer.kind === 'found');
      assert.deepEqual(answer.records.toSorted(), ['192.0.2.1', '192.0.2.2']);
      assert.equal(answer.canonicalName, 'host.example');
      assert.ok(Number.isSafeInteger(answer.ttlS) && answer.ttlS >= 0);
    });
  }

  test(`${name}: an alias is followed, and named`, async () => {
    await using opened = await open();
    const answer = await opened.resolver.query('alias.example', 'A');
    assert.ok(answer.kind === 'found');
    assert.deepEqual([answer.records.length, answer.canonicalName], [2, 'host.example']);
  });

  for (const [asked, type, want] of [
    ['gone.example', 'A', 'nxdomain'],
    ['host.example', 'AAAA', 'nodata'],
    ['host.example', 'MX', 'nodata'],
    [`${'a'.repeat(64)}.example`, 'A', 'nxdomain'],
    ['a..example', 'A', 'nxdomain'],
  ] as const) {
    test(`${name}: ${type} of ${asked} is absent, ${want}`, async () => {
      await using opened = await open();
      const answer = await opened.resolver.query(asked, type);
      assert.deepEqual(answer.kind === 'absent' ? answer.why : answer, want);
    });
  }

  test(`${name}: what DNS or the network does is an answer, never an exception`, async () => {
    await using opened = await open();
    assert.deepEqual(await opened.resolver.query('broken.example', 'A'), { kind: 'failed', why: 'servfail' });
    assert.deepEqual(await opened.resolver.query('silent.example', 'A'), { kind: 'failed', why: 'timeout' });
  });

  test(`${name}: an abort rejects with the signal's reason, before and while it lasts, and others get their answer`, async () => {
    await using opened = await open();
    const { resolver } = opened;
    const reason = new Error('shutting down');
    await assert.rejects(resolver.query('host.example', 'A', AbortSignal.abort(reason)), reason);
    const abort = new AbortController();
    const given = assert.rejects(resolver.query('host.example', 'A', abort.signal), reason);
    const other = resolver.query('host.example', 'A');
    abort.abort(reason);
    await given;
    assert.equal((await other).kind, 'found');
  });
}
