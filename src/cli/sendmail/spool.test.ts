import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files, nodeFileSystem } from '#host/files';
import { isWindows } from '#host/process';
import { Mutex } from '#lib/mutex';
import { tempDir } from '#testing/temp-dir';
import { nextTryMs, parseSpoolName, planFlush, spoolName } from './spool-plan.ts';
import { Spool, type SpooledMessage } from './spool.ts';

const spooled: SpooledMessage = {
  request: {
    recipients: ['a@x'],
    fromHeader: false,
    sender: null,
    fullName: null,
    notify: null,
    ret: null,
    envid: null,
  },
  origin: { createdMs: 5, offsetMinutes: 0, messageId: '<1@x>', user: 'ann', hostname: 'box' },
  remaining: null,
  attempts: 0,
  reason: 'no answer',
};
const message = new TextEncoder().encode('Subject: x\r\n\r\n{"not": "json"}\r\n');

test('Spool: what is kept can be listed in order, claimed once, read and removed', async () => {
  await using dir = await tempDir();
  const spool = new Spool(new Files(), join(dir.path, 'a', 'spool'));
  assert.deepEqual(await spool.list(), []);
  await spool.keep({ createdMs: 9, dueMs: 9, id: 'aaaaaaaa' }, spooled, message);
  const file = await spool.keep({ createdMs: 5, dueMs: null, id: 'bbbbbbbb' }, spooled, message);
  await writeFile(join(spool.folder, 'README'), 'not ours');
  if (!isWindows) assert.equal((await stat(join(spool.folder, file))).mode & 0o777, 0o600);
  const [first, second, ...more] = await spool.list();
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual([first.id, second.id, more.length], ['bbbbbbbb', 'aaaaaaaa', 0]);
  const claimed = await spool.claim(second, 77);
  assert.ok(claimed !== null);
  assert.equal(await spool.claim(second, 78), null);
  const back = await spool.read(claimed);
  assert.deepEqual(back.spooled.origin, spooled.origin);
  assert.deepEqual(new Uint8Array(back.message), message);
  await spool.remove(claimed);
  await spool.remove(claimed);
  assert.equal((await spool.list()).length, 1);
});

test('Spool.claim: one of many gets it, also where a file that two opened is renamed by both', async () => {
  await using dir = await tempDir();
  const [mutex, all] = [new Mutex(), Promise.withResolvers<void>()];
  let [here, arrived] = ['', 0];
  const arrive = (): void => {
    arrived += 1;
    if (arrived === 3) all.resolve();
  };
  const rename = async (from: string, to: string): Promise<void> => {
    await nodeFileSystem.facts(from);
    // All who would open the file have, as Windows lets them, before the first one renames.
    arrive();
    await all.promise;
    await mutex.run(async () => {
      await nodeFileSystem.rename(here === '' ? from : here, to);
      here = to;
    });
  };
  const spool = new Spool(new Files(), dir.path);
  const windows = new Spool(new Files({ system: { ...nodeFileSystem, rename } }), dir.path);
  await spool.keep({ createdMs: 5, dueMs: 5, id: 'aaaaaaaa' }, spooled, message);
  const [name] = await spool.list();
  assert.ok(name !== undefined);
  const claim = async (nowMs: number): Promise<boolean> => {
    const isMine = (await windows.claim(name, nowMs)) !== null;
    if (!isMine) arrive();
    return isMine;
  };
  const claims = await Promise.all([7, 8, 9].map(claim));
  assert.equal(claims.filter(Boolean).length, 1);
  assert.equal(await windows.claim(name, 10), null);
  assert.equal((await readdir(dir.path)).length, 1);
});

test('Spool.claim: the lock of a process that died is removed after a minute', async () => {
  await using dir = await tempDir();
  const spool = new Spool(new Files(), dir.path);
  const file = await spool.keep({ createdMs: 5, dueMs: 5, id: 'aaaaaaaa' }, spooled, message);
  const lock = join(dir.path, `${file}.lock`);
  await writeFile(lock, '');
  const { mtimeMs } = await stat(lock);
  const [name, ...more] = await spool.list();
  assert.ok(name !== undefined && more.length === 0);
  assert.equal(await spool.claim(name, mtimeMs + 59_000), null);
  assert.equal(await spool.claim(name, mtimeMs + 61_000), null);
  assert.notEqual(await spool.claim(name, mtimeMs + 61_000), null);
});

test('Spool: a full folder, a message too large and a foreign file are refused', async () => {
  await using dir = await tempDir();
  const spool = new Spool(new Files(), dir.path, { maxMessages: 1, maxMessageBytes: 1000 });
  await assert.rejects(
    spool.keep({ createdMs: 1, dueMs: 1, id: 'aaaaaaaa' }, spooled, new Uint8Array(1000)),
    /too large/,
  );
  await spool.keep({ createdMs: 1, dueMs: 1, id: 'aaaaaaaa' }, spooled, message);
  await assert.rejects(spool.keep({ createdMs: 1, dueMs: 1, id: 'bbbbbbbb' }, spooled, message), /holds 1 messages/);
  const name = { createdMs: 2, dueMs: 2, id: 'cccccccc', claimedMs: null };
  await writeFile(join(dir.path, spoolName(name)), '{}\n');
  await assert.rejects(spool.read(name), /no message of this version/);
});

for (const name of [
  { createdMs: 1, dueMs: 2, id: 'aaaaaaaa', claimedMs: null },
  { createdMs: 1, dueMs: null, id: 'aaaaaaaa', claimedMs: null },
  { createdMs: 1, dueMs: 2, id: 'aaaaaaaa', claimedMs: 3 },
  { createdMs: 1, dueMs: null, id: 'aaaaaaaa', claimedMs: 3 },
]) {
  test(`parseSpoolName gives back ${spoolName(name)}`, () => assert.deepEqual(parseSpoolName(spoolName(name)), name));
}

test('planFlush: the oldest first, nothing that is not due, refused or in another process’s hands', () => {
  const at = (createdMs: number, dueMs: number | null, claimedMs: number | null = null) => ({
    createdMs,
    dueMs,
    id: `aaaaaaa${createdMs}`,
    claimedMs,
  });
  const names = [at(4, 50), at(2, 100), at(3, 101), at(1, null), at(5, 50, 90), at(6, 50, 100 - 3_600_001)];
  const order = ({ due }: ReturnType<typeof planFlush>): number[] => due.map(({ createdMs }) => createdMs);
  const plain = planFlush(names, 100, false);
  assert.deepEqual([order(plain), plain.waiting, plain.refused, plain.taken], [[2, 4, 6], 1, 1, 1]);
  assert.deepEqual(order(planFlush(names, 100, true)), [1, 2, 3, 4, 6]);
});

test('nextTryMs: at once, then 5 minutes, doubling up to 4 hours, 5 days long', () => {
  const minutes = [0, 1, 2, 3, 6, 7, 1000].map((attempts) => ((nextTryMs(0, attempts, 1000) ?? -1) - 1000) / 60_000);
  assert.deepEqual(minutes, [0, 5, 10, 20, 160, 240, 240]);
  assert.equal(nextTryMs(0, 3, 5 * 86_400_000 + 1), null);
});
