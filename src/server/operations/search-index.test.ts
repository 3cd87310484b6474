import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { openServices, type Services } from '#server/assemble';
import { setUpLocalserve } from '#server/localserve';
import { checkedRun, type CheckedRun } from '#testing/checked-run';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { newMessage } from '#testing/temp-store';

async function inWorld(settings: string, body: (run: CheckedRun, services: Services) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const files = new Files();
  const folder = dir.path;
  await setUpLocalserve({ files, folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  const path = join(folder, 'server.yaml');
  await writeFile(path, `${await readFile(path, 'utf8')}\n${settings}`);
  const log = new FakeLog();
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  for (const name of ['ann', 'bob']) await services.accounts.create(name);
  await body(checkedRun(services), services);
  assert.deepEqual(log.ofLevel('error'), []);
}

test('Operations index.list and index.rebuild: state of each index, which is made anew', () =>
  inWorld('', async (run, { accounts }) => {
    const account = await accounts.open('ann');
    assert.ok(account !== null);
    await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: zebra']), newMessage(['Subject: gnu'])]);
    await account.search.catchUp();
    const [ann, bob] = await run('index.list');
    assert.ok((ann?.sizeBytes ?? 0) > 0);
    assert.deepEqual(
      [ann, bob].map((one) => [one?.account, one?.documents, one?.waiting]),
      [
        ['ann', 2, 0],
        ['bob', 0, 0],
      ],
    );
    assert.deepEqual(await run('index.rebuild', { account: 'ANN' }), { accounts: ['ann'] });
    assert.deepEqual(
      (await run('index.list', { account: 'ann' })).map(({ documents, waiting }) => [documents, waiting]),
      [[0, 2]],
    );
    assert.deepEqual(await run('index.rebuild'), { accounts: ['ann', 'bob'] });
    await assert.rejects(run('index.rebuild', { account: 'cid' }), /no account cid/);
    await accounts.remove('ann');
  }));

test('Operations index.list and index.rebuild on a server that keeps no indexes', () =>
  inWorld('search: { index: false }\n', async (run, { accounts }) => {
    await (await accounts.open('ann'))?.search.catchUp();
    assert.deepEqual(await run('index.list'), []);
    await assert.rejects(run('index.rebuild'), /no index is kept: see "search" in server\.yaml/);
  }));
