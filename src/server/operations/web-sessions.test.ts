import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Files } from '#host/files';
import { openServices } from '#server/assemble';
import { setUpLocalserve } from '#server/localserve';
import { checkedRun } from '#testing/checked-run';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';

test('Operations session: sessions of pages are listed, and removed one by one or all', async () => {
  await using dir = await tempDir();
  const [files, folder, log] = [new Files(), dir.path, new FakeLog()];
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  const run = checkedRun(services);
  await services.accounts.create('godwit');
  await run('password.set', { account: 'godwit', password: 'correct horse' });
  const { checker, webSessions } = services;
  const identity = await checker.checkPassword('godwit@localhost', 'correct horse');
  assert.ok(identity !== null);
  for (const device of ['Firefox on Linux', 'Safari on iPhone', 'Chrome on Windows'])
    assert.ok((await webSessions.begin(identity, device, '192.0.2.1')) !== null);
  const devices = async (): Promise<string[]> =>
    (await run('session.list', { account: 'Godwit' })).map(({ id, device }) => `${id} ${device}`);
  assert.deepEqual(await devices(), ['3 Chrome on Windows', '2 Safari on iPhone', '1 Firefox on Linux']);
  assert.equal((await run('session.list', {})).length, 3);
  assert.deepEqual(await run('session.remove', { account: 'godwit', id: 2 }), { account: 'godwit', removed: 1 });
  await assert.rejects(
    run('session.remove', { account: 'godwit', id: 2 }),
    /no session 2; 'godwit session list godwit'/,
  );
  await assert.rejects(run('session.remove', { account: 'ann', id: 1 }), /no account ann/);
  await assert.rejects(run('session.remove', { account: 'godwit', id: Number('x') }), /id must be a whole number/);
  assert.deepEqual(await devices(), ['3 Chrome on Windows', '1 Firefox on Linux']);
  assert.deepEqual(await run('session.remove', { account: 'godwit' }), { account: 'godwit', removed: 2 });
  assert.deepEqual(await devices(), []);
  assert.ok(log.events.some(({ event, fields }) => event === 'webSession.removed' && fields['session'] === 2));
});
