import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Files } from '#host/files';
import { openServices } from '#server/assemble';
import { setUpLocalserve } from '#server/localserve';
import { checkedRun } from '#testing/checked-run';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';

test('Operations appPassword: a program logs in from add to remove', async () => {
  await using dir = await tempDir();
  const [files, folder, log] = [new Files(), dir.path, new FakeLog()];
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  const run = checkedRun(services);
  for (const [args, reason] of [
    [{ account: 'nobody', name: 'phone' }, /no account nobody/],
    [{ account: 'godwit', name: 'phone', scopes: ['all'] }, /scopes must be a list of mail, read-only or send/],
    [{ account: 'godwit', name: 'phone', scopes: [] }, /scopes must name at least one/],
    [{ account: 'godwit', name: 'phone', days: 0 }, /days must be a whole number from 1 to 3650/],
    [{ account: 'godwit', name: 'x'.repeat(101) }, /name is longer than 100/],
    ...['ph\none', '\u001b[2Jphone', 'enohp\u202e', ' phone', ' '].map(
      (name) => [{ account: 'godwit', name }, /name must not have control characters, nor blanks at its ends/] as const,
    ),
  ] as const) {
    await assert.rejects(run('appPassword.add', args as never), reason);
  }
  const phone = await run('appPassword.add', { account: 'Godwit', name: 'phone' });
  assert.deepEqual(phone.scopes, ['mail', 'send']);
  assert.equal(phone.expiresMs, null);
  const identity = await services.checker.checkPassword('godwit@localhost', phone.password);
  assert.deepEqual(identity?.appPassword?.scopes, ['mail', 'send']);
  await assert.rejects(run('appPassword.add', { account: 'godwit', name: 'phone' }), /has an app password named phone/);
  await run('appPassword.add', { account: 'godwit', name: 'backup', scopes: ['read-only', 'read-only'], days: 30 });
  assert.deepEqual(
    (await run('appPassword.list', {})).map(({ name, scopes, isExpired, lastUse }) => ({
      name,
      scopes,
      isExpired,
      lastUse,
    })),
    [
      { name: 'phone', scopes: ['mail', 'send'], isExpired: false, lastUse: null },
      { name: 'backup', scopes: ['read-only'], isExpired: false, lastUse: null },
    ],
  );
  assert.ok(!JSON.stringify(log.events).includes(phone.password), 'the log holds no password');
  assert.deepEqual(await run('appPassword.remove', { account: 'godwit', name: 'phone' }), {
    account: 'godwit',
    name: 'phone',
  });
  assert.equal(await services.checker.checkPassword('godwit@localhost', phone.password), null);
  await assert.rejects(run('appPassword.remove', { account: 'godwit', name: 'phone' }), /no app password named phone/);
});
