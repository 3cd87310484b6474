import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '#host/random';
import { directHash } from '#testing/direct-hash';
import { FakeLog } from '#testing/fake-log';
import { tempStore } from '#testing/temp-store';
import { AppPasswords, CredentialMarks, Credentials } from './index.ts';

test('CredentialMarks.markOf: the mark of a password changes with it, that of an app password ends with it', async () => {
  await using store = await tempStore();
  const { clock } = store;
  const limits = { argon2MemoryKiB: 64, argon2Passes: 1, scramIterations: 10 };
  const deps = { db: store.databases.server, clock, random: systemRandom, hash: directHash, limits };
  const [credentials, appPasswords] = [new Credentials(deps), new AppPasswords({ ...deps, log: new FakeLog() })];
  const marks = new CredentialMarks(deps);
  const own = { account: 'mara', login: 'mara@example.org' };
  assert.equal(await marks.markOf(own), null);
  await credentials.setPassword('mara', 'correct horse');
  const mark = await marks.markOf(own);
  assert.match(mark ?? '', /^own-[0-9a-f]{32}$/);
  await credentials.setPassword('mara', 'correct horse');
  const next = await marks.markOf(own);
  assert.ok(next !== null && next !== mark);
  await appPasswords.add('mara', { name: 'phone', scopes: ['mail'], expiresMs: clock.now() + 1000 });
  await appPasswords.add('mara', { name: 'laptop', scopes: ['mail'], expiresMs: null });
  const [phone, laptop] = (await appPasswords.list('mara')).map(({ id, scopes }) => ({
    ...own,
    appPassword: { id, scopes },
  }));
  assert.ok(phone !== undefined && laptop !== undefined);
  assert.deepEqual(
    [await marks.markOf(phone), await marks.markOf(laptop)],
    [`app-${phone.appPassword.id}`, `app-${laptop.appPassword.id}`],
  );
  await clock.advance(1000);
  assert.equal(await marks.markOf(phone), null);
  await appPasswords.remove('mara', 'laptop');
  assert.deepEqual([await marks.markOf(laptop), await marks.markOf(own)], [null, next]);
  assert.equal(await marks.markOf({ ...own, account: 'stranger' }), null);
});
