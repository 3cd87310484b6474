import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { readInbox } from './load.ts';
import { RelayLoad } from './relay-load.ts';
import { setPassword, setUpRelay, startRelay, waiting } from './relay-server.ts';
import { RelaySink } from './relay-sink.ts';
import { checkFolder } from './server-process.ts';

const kills = 4;
const connections = 4;

test('serve: killed four times while it relays, it sends everything that it acknowledged, and little of it twice', async () => {
  await using dir = await tempDir();
  await chmod(dir.path, 0o755);
  const random = seededNumbers(2027);
  await using sink = await RelaySink.listen(random);
  await setUpRelay(dir.path, sink.port, connections);
  const load = new RelayLoad();
  for (let round = 0; round < kills; round += 1) {
    const server = await startRelay(dir.path);
    const [before, taken] = [load.acknowledged, sink.copies.size];
    let clients: Promise<void>[] = [];
    try {
      if (round === 0) await setPassword(dir.path);
      clients = [1, 2, 3].map(() => load.submit(server.submissionPort, 60));
      // Once both halves are at work the moment is the seed's.
      await until(async () => load.acknowledged > before && sink.copies.size > taken);
      await sleep(random() * 200);
    } finally {
      await server.kill();
    }
    await Promise.all(clients);
    assert.deepEqual(await checkFolder(dir.path), [], `round ${round}`);
  }
  const server = await startRelay(dir.path);
  try {
    await until(async () => (await waiting(dir.path)).length === 0);
    const inbox = await readInbox(server.imapPort);
    const notices = inbox.map(({ text }) => text).filter((text) => text.includes('report-type=delivery-status'));
    assert.deepEqual(missing(load, sink, notices), []);
  } finally {
    await server.kill();
  }
  assert.deepEqual(await checkFolder(dir.path), []);
  assert.deepEqual([...load.complaints, ...sink.complaints], []);
  const copies = [...sink.copies.values()].reduce((sum, count) => sum + count, 0) - sink.copies.size;
  // What was under way when it was killed, three recipients for each connection at most, may have been taken without its knowing.
  assert.ok(copies <= kills * connections * 3, `${copies} copies too many`);
});

/** Returns the messages that were acknowledged but neither arrived nor were reported, and those reported twice. */
function missing(load: RelayLoad, sink: RelaySink, notices: readonly string[]): string[] {
  return load.messages.flatMap(({ id, recipients, isAcknowledged }) =>
    recipients.flatMap((recipient) => {
      const copies = sink.copies.get(`${id} ${recipient}`) ?? 0;
      const isRefused = recipient.startsWith('no');
      const told = notices.filter((text) => text.includes(`rfc822; ${recipient}\r\nAction: failed\r\n`)).length;
      if (told > 1) return [`${recipient} was told of ${told} times`];
      if (told > 0 && !isRefused) return [`${recipient} was told of, and not refused`];
      return isAcknowledged && (isRefused ? told : copies) === 0 ? [`${id} for ${recipient} is lost`] : [];
    }),
  );
}

/** Asks again and again, for half a minute at most. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 30_000;
  while (Date.now() < endMs) {
    if (await isDone()) return;
    await sleep(20);
  }
  assert.fail('nothing happened for half a minute');
}
