import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { exampleDomains, exampleServer } from '#mail/config';
import { openServices, type Services } from '#server/assemble';
import type { DkimKeyFacts } from '#server/dkim';
import { checkedRun, type CheckedRun } from '#testing/checked-run';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';

interface World {
  readonly services: Services;
  readonly folder: string;
  readonly run: CheckedRun;
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const folder = dir.path;
  const log = new FakeLog();
  await writeFile(join(folder, 'server.yaml'), exampleServer({ hostname: 'mail.example.org', postmaster: 'ann' }));
  const domains = exampleDomains({ domain: 'example.org', account: 'ann', address: 'ann@example.org' });
  await writeFile(join(folder, 'domains.yaml'), domains);
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files: new Files(), log, onFatal });
  await services.dkim.start();
  await body({ services, folder, run: checkedRun(services) });
}

const year = new Date().getUTCFullYear();
const shown = (keys: unknown): string[] =>
  (keys as DkimKeyFacts[]).map(({ selector, signs, key }) => `${selector} ${key?.algorithm} ${signs}`);

test('Operations dkim: keys are made, sign at once, are listed, and go', () =>
  inWorld(async ({ run, services, folder }) => {
    assert.deepEqual(await run('dkim.list'), []);
    const [first] = await run('dkim.add', { domain: 'Example.ORG' });
    assert.equal(first?.selector, `${year}a`);
    assert.equal(first?.key?.name, `${year}a._domainkey.example.org`);
    assert.match(first?.key?.record ?? '', /^v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{390,}=*$/);
    const path = join(folder, first?.keyFile ?? '');
    assert.match(await readFile(path, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600);
    const both = await run('dkim.add', { domain: 'example.org', algorithm: 'both' });
    assert.deepEqual(shown(both), [`${year}b-rsa rsa-sha256 true`, `${year}b-ed25519 ed25519-sha256 true`]);
    await run('dkim.add', { domain: 'example.org', algorithm: 'ed25519', selector: 'mail' });
    const from = { localpart: 'ann', domain: { ascii: 'example.org', unicode: 'example.org' } };
    assert.equal(services.dkim.plan.choose({ from, sender: null, nowMs: 0 }).kind, 'signed');
    const removed = await run('dkim.remove', { domain: 'example.org', selector: `${year}A` });
    assert.deepEqual(removed, { domain: 'example.org', selector: `${year}a`, keyFile: first?.keyFile });
    assert.deepEqual(shown(await run('dkim.list')), [
      `${year}b-rsa rsa-sha256 true`,
      `${year}b-ed25519 ed25519-sha256 true`,
      'mail ed25519-sha256 true',
    ]);
    // The old key's file is still there, so its name is not given again.
    const next = await run('dkim.add', { domain: 'example.org', algorithm: 'ed25519' });
    assert.deepEqual(shown(next), [`${year}c ed25519-sha256 true`]);
  }));

test('Operations dkim: what is refused changes nothing', () =>
  inWorld(async ({ run, folder }) => {
    await run('dkim.add', { domain: 'example.org', selector: 'one', algorithm: 'ed25519' });
    const before = await readFile(join(folder, 'domains.yaml'), 'utf8');
    for (const [command, args, reason] of [
      ['dkim.add', { domain: 'example.net' }, /no domain example\.net/],
      ['dkim.add', { domain: '../etc' }, /is not a domain/],
      ['dkim.add', { domain: 'example.org', selector: '../x' }, /cannot be a selector/],
      ['dkim.add', { domain: 'example.org', selector: 'ONE' }, /has a selector one already/],
      ['dkim.add', { domain: 'example.org', algorithm: 'dsa' }, /must be rsa, ed25519 or both/],
      ['dkim.remove', { domain: 'example.org', selector: 'two' }, /has no selector two/],
      ['dkim.remove', { domain: 'example.org' }, /selector is missing/],
    ] as const) {
      await assert.rejects(run(command, args), reason);
    }
    assert.equal(await readFile(join(folder, 'domains.yaml'), 'utf8'), before);
    await run('dkim.remove', { domain: 'example.org', selector: 'one' });
    await assert.rejects(
      run('dkim.add', { domain: 'example.org', selector: 'one' }),
      /there is a file dkim\/.* already/,
    );
  }));
