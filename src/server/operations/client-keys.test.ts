import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { Files } from '#host/files';
import { openServices } from '#server/assemble';
import { setUpLocalserve } from '#server/localserve';
import { checkedRun } from '#testing/checked-run';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import type { ArgumentsOf, ListedClientKey } from './index.ts';

test('Operations clientKey: a certificate logs in from add to remove', async () => {
  await using dir = await tempDir();
  const [files, folder, log] = [new Files(), dir.path, new FakeLog()];
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  const run = checkedRun(services);
  const { certPem: certificate } = await makeSelfSigned({ names: ['laptop'], days: 1, now: Date.now() });
  const der = new Uint8Array(new X509Certificate(certificate).raw);
  const list = (args: ArgumentsOf<'clientKey.list'> = {}): Promise<readonly ListedClientKey[]> =>
    run('clientKey.list', args);

  await run('account.add', { name: 'ann', address: 'ann@example.org' });
  for (const [args, reason] of [
    [{ account: 'ann', certificate: 'x' }, /not a certificate in PEM form/],
    [{ account: 'nobody', certificate }, /no account nobody/],
    [
      { account: 'ann', certificate, login: 'bob@example.org' },
      /not a login of account ann, which has ann@example\.org/,
    ],
    [{ account: 'ann', certificate, login: 'godwit@localhost' }, /not a login of account ann/],
    [{ account: 'ann', certificate, label: 'x'.repeat(201) }, /label is longer than 200/],
    [{ account: 'ann' }, /certificate is missing/],
  ] as const) {
    await assert.rejects(run('clientKey.add', args), reason);
  }
  assert.deepEqual(await list(), []);

  // The account was added by hand, and no server has run since.
  const key = await run('clientKey.add', { account: 'Godwit', certificate, label: 'laptop' });
  assert.deepEqual([key.account, key.login, key.label], ['godwit', 'godwit@localhost', 'laptop']);
  assert.match(key.fingerprint, /^[0-9a-f]{64}$/);
  assert.equal((await services.checker.identifyCertificate(der, null))?.account, 'godwit');
  await assert.rejects(
    run('clientKey.add', { account: 'ann', certificate }),
    /is there already: it logs in to account godwit as godwit@localhost; .* remove [0-9a-f]{64}' first/,
  );
  const [listed] = await list();
  assert.deepEqual({ ...listed, createdMs: 0 }, { ...key, isLoginValid: true, createdMs: 0 });
  assert.deepEqual(await list({ account: 'ann' }), []);
  await assert.rejects(run('clientKey.list', { account: 'nobody' }), /no account nobody/);

  await assert.rejects(
    run('clientKey.remove', { fingerprint: 'abc' }),
    /abc is not a fingerprint; 'godwit client-key list'/,
  );
  await assert.rejects(run('clientKey.remove', { fingerprint: '00'.repeat(32) }), /no key has the fingerprint/);
  const withColons = key.fingerprint.toUpperCase().replaceAll(/..(?=.)/g, '$&:');
  assert.deepEqual(await run('clientKey.remove', { fingerprint: withColons }), key);
  assert.equal(await services.checker.identifyCertificate(der, null), null);

  await run('clientKey.add', { account: 'ann', certificate, login: 'Ann@example.org' });
  assert.equal((await list({ account: 'ann' }))[0]?.login, 'ann@example.org');
  await run('account.remove', { name: 'ann' });
  assert.deepEqual([await list(), await services.checker.identifyCertificate(der, null)], [[], null]);
});
