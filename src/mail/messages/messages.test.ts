import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { ContentDamaged, ContentWriter, placeBody } from '#mail/content';
import { MailboxRefusal } from '#mail/mailboxes';
import { sql } from '#ports/database';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { messageLimits } from './limits.ts';

async function mailboxOf({ account }: TempStore, name: string) {
  const mailbox = await account.mailboxes.byName(name);
  assert.ok(mailbox);
  return mailbox;
}

test('Messages.append is all or nothing, in order, with one MODSEQ and counters', async () => {
  await using store = await tempStore();
  const { messages } = store.account;
  const before = await mailboxOf(store, 'INBOX');
  const appended = await messages.append({ name: 'inbox' }, [
    newMessage(['Subject: 1']),
    newMessage(['Subject: 2'], { flags: SystemFlag.Seen | SystemFlag.Deleted }),
  ]);
  assert.deepEqual(appended.uids, [1, 2]);
  const after = await mailboxOf(store, 'INBOX');
  assert.equal(after.highestModSeq, before.highestModSeq + 1);
  const { messages: total, unseen, deleted, sizeBytes, deletedSizeBytes } = after;
  assert.deepEqual([total, unseen, deleted, sizeBytes, deletedSizeBytes], [2, 1, 1, 42, 21]);
  await assert.rejects(messages.append({ name: 'nowhere' }, [newMessage([])]), MailboxRefusal);
  await assert.rejects(
    messages.append({ name: 'INBOX' }, [newMessage([]), newMessage([], { receivedMs: Number.NaN })]),
    /constraint|bigint/,
  );
  assert.deepEqual(await mailboxOf(store, 'INBOX'), after);
});

test('MessageReader.rows leaves large columns out of a batch and gives them when asked for one message', async () => {
  await using store = await tempStore();
  const { messages, reader } = store.account;
  const to = Array.from({ length: 200 }, (_, i) => `person${i}@example.org`).join(', ');
  await messages.append({ name: 'INBOX' }, [newMessage(['Subject: 1']), newMessage([`To: ${to}`]), newMessage([])]);
  const { id } = await mailboxOf(store, 'INBOX');
  const wanted = { description: true, oldListed: false, oldTexts: false, sentDay: false };
  const batch = await reader.rows(id, [1, 2, 3], wanted);
  assert.deepEqual(
    batch.map(({ uid, isLarge }) => [uid, isLarge]),
    [
      [1, false],
      [2, true],
      [3, false],
    ],
  );
  const without = await reader.rows(id, [1, 2, 3], { ...wanted, description: false, sentDay: true });
  assert.ok(without.every(({ isLarge }) => !isLarge));
  const [alone] = await reader.rows(id, [2], wanted);
  assert.ok(alone !== undefined && !alone.isLarge);
  assert.equal(alone.description?.envelope.to?.length, 200);
});

test('MessageReader gives columns and bytes with the prefix in front', async () => {
  await using store = await tempStore();
  const { messages, reader } = store.account;
  const prefix = new TextEncoder().encode('Received: here\r\n');
  const header = [
    'From: Ann <ann@example.org>',
    'Subject: Hi',
    'Date: Fri, 02 Jan 2026 23:30:00 -0500',
    'Message-ID: <a@b>',
  ];
  await messages.append({ name: 'INBOX' }, [newMessage(header, { prefix })]);
  const { id } = await mailboxOf(store, 'INBOX');
  const wanted = { description: true, oldListed: true, oldTexts: true, sentDay: true };
  const [row] = await reader.rows(id, [1, 7], wanted);
  assert.ok(row);
  assert.ok(row.description);
  const { envelope, root } = row.description;
  assert.deepEqual(envelope.from, [{ kind: 'mailbox', name: 'Ann', localpart: 'ann', domain: 'example.org' }]);
  assert.deepEqual([envelope.subject, envelope.messageId, row.oldTexts], ['Hi', '<a@b>', null]);
  assert.equal(row.sentDayMs, Date.UTC(2026, 0, 2));
  const [message] = await reader.contents(id, [1], 'all');
  assert.ok(message);
  assert.equal(message.headerSizeBytes, root.bodyStart);
  const bytes = await message.content.bytes(0, message.content.sizeBytes);
  assert.match(new TextDecoder().decode(bytes), /^Received: here\r\nFrom: Ann[\s\S]*\r\n\r\nHello\r\n$/);
  assert.equal(new TextDecoder().decode(bytes.subarray(root.bodyStart, root.end)), 'Hello\r\n');
  const [header1] = await reader.contents(id, [1], 'header');
  assert.deepEqual(await header1?.content.bytes(0, root.bodyStart), bytes.subarray(0, root.bodyStart));
});

test('Messages.store adds, removes and replaces, without MODSEQ when nothing changes', async () => {
  await using store = await tempStore();
  const { messages } = store.account;
  await messages.append({ name: 'INBOX' }, [newMessage([]), newMessage([]), newMessage([])]);
  const { id } = await mailboxOf(store, 'INBOX');
  const { Seen, Flagged } = SystemFlag;
  const first = await messages.store(id, [1, 2, 9], { mode: 'add', bits: Seen, keywords: ['work', 'a'] });
  assert.deepEqual(first.changed, [1, 2]);
  assert.deepEqual((await messages.store(id, [1], { mode: 'add', bits: Seen, keywords: ['a'] })).modSeqs, []);
  await messages.store(id, [1], { mode: 'remove', bits: 0, keywords: ['a'] });
  await messages.store(id, [3], { mode: 'replace', bits: Flagged, keywords: [] });
  const conditional = await messages.store(id, [1, 2], { mode: 'add', bits: Flagged, keywords: [] }, first.modSeqs[0]);
  assert.deepEqual([conditional.changed, conditional.modified], [[2], [1]]);
  using lease = await store.account.images.open(id);
  assert.ok(lease);
  const texts = [...lease.image.flagSets].map((set) => lease.image.flagTable.at(set).text);
  assert.deepEqual(texts, ['\\Seen work', '\\Flagged \\Seen a work', '\\Flagged']);
  assert.deepEqual(lease.image.keywords, ['a', 'work']);
});

/** Flags of all messages of a mailbox, from a fresh image. */
async function flagTexts(store: TempStore, name: string): Promise<string[]> {
  const { id } = await mailboxOf(store, name);
  using lease = await store.account.images.open(id);
  assert.ok(lease);
  const { flagSets, flagTable } = lease.image;
  return [...flagSets].map((set) => flagTable.at(set).text);
}

test('Messages keep keywords as the account got them first, whatever the case of later changes', async () => {
  await using store = await tempStore();
  const { messages } = store.account;
  await messages.append({ name: 'INBOX' }, [newMessage([], { keywords: ['$Forwarded'] }), newMessage([])]);
  const { id } = await mailboxOf(store, 'INBOX');
  await messages.store(id, [2], { mode: 'add', bits: 0, keywords: ['MDNSent', '$FORWARDED', 'mdnsent'] });
  assert.deepEqual(await flagTexts(store, 'INBOX'), ['$Forwarded', '$Forwarded MDNSent']);
  const again = await messages.store(id, [1, 2], { mode: 'add', bits: 0, keywords: ['$forwarded'] });
  assert.deepEqual(again.changed, []);
  await messages.copy(id, [2], { name: 'Archive' });
  await messages.append({ name: 'Archive' }, [newMessage([], { keywords: ['mdnSENT'] })]);
  assert.deepEqual(await flagTexts(store, 'Archive'), ['$Forwarded MDNSent', 'MDNSent']);
  await messages.store(id, [1, 2], { mode: 'remove', bits: 0, keywords: ['$FORWARDED'] });
  assert.deepEqual(await flagTexts(store, 'INBOX'), ['', 'MDNSent']);
});

test('Messages take only so many keywords, and refuse more without touching a message', async () => {
  await using store = await tempStore();
  const { messages } = store.account;
  const { maxKeywords, maxKeywordChars, maxMessageKeywords } = messageLimits;
  await store.account.db.write((tx) =>
    tx.run(sql`INSERT INTO keyword (account, folded, name)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${maxKeywords - 1})
      SELECT ${store.account.id}, 'w' || i, 'W' || i FROM n`),
  );
  const isLimit = (error: unknown): boolean => error instanceof MailboxRefusal && error.code === 'LIMIT';
  const append = (...keywords: string[]) => messages.append({ name: 'INBOX' }, [newMessage([], { keywords })]);
  assert.equal(await messages.takesKeywords(), true);
  await append('First', 'w7');
  assert.equal(await messages.takesKeywords(), false);
  await assert.rejects(append('Second'), isLimit);
  await append('FIRST');
  const { id } = await mailboxOf(store, 'INBOX');
  const store1 = (mode: 'add' | 'replace' | 'remove', keywords: string[]) =>
    messages.store(id, [1], { mode, bits: 0, keywords });
  await assert.rejects(store1('add', ['Second']), isLimit);
  await assert.rejects(store1('replace', ['w'.repeat(maxKeywordChars + 1)]), isLimit);
  const many = Array.from({ length: maxMessageKeywords }, (_, i) => `w${i + 1}`);
  await assert.rejects(store1('replace', [...many, 'First']), isLimit);
  await assert.rejects(store1('add', many), isLimit);
  assert.deepEqual(await flagTexts(store, 'INBOX'), ['First W7', 'First']);
  await store1('replace', many);
  await store1('remove', [...many, 'unknown'].slice(1));
  assert.deepEqual(await flagTexts(store, 'INBOX'), ['W1', 'First']);
});

test('Messages.expunge removes the deleted, leaves tombstones, and bytes go with the last copy', async () => {
  await using store = await tempStore();
  const { messages, changes, reader } = store.account;
  await messages.append({ name: 'INBOX' }, [newMessage([]), newMessage([], { flags: SystemFlag.Deleted })]);
  const { id } = await mailboxOf(store, 'INBOX');
  const copied = await messages.copy(id, [1, 2], { name: 'Trash' });
  assert.deepEqual(
    [copied.from, copied.to],
    [
      [1, 2],
      [1, 2],
    ],
  );
  const before = await changes.modSeq();
  assert.deepEqual((await messages.expunge(id, [1])).uids, []);
  assert.deepEqual((await messages.expunge(id, null)).uids, [2]);
  assert.deepEqual(await changes.removedSince(id, before), [2]);
  const trash = await mailboxOf(store, 'Trash');
  assert.equal((await reader.contents(trash.id, [1, 2], 'all')).length, 2);
  assert.deepEqual((await messages.remove(trash.id, [1, 2])).uids, [1, 2]);
});

test('Messages.move gives new UIDs and keeps the row, also within a mailbox', async () => {
  await using store = await tempStore();
  const { messages, changes } = store.account;
  const appended = await messages.append({ name: 'INBOX' }, [newMessage([]), newMessage([]), newMessage([])]);
  const { id } = await mailboxOf(store, 'INBOX');
  const before = await changes.modSeq();
  assert.deepEqual((await messages.move(id, [1, 3], { name: 'Archive' })).to, [1, 2]);
  assert.deepEqual((await messages.move(id, [2], { id })).to, [4]);
  const { messages: changed, removed, upTo } = await changes.since(before);
  assert.deepEqual(
    changed.map((message) => message.id),
    appended.ids.toSorted((a, b) => Number(a === appended.ids[1]) - Number(b === appended.ids[1])),
  );
  assert.deepEqual(
    removed.map(({ uid }) => uid),
    [1, 3, 2],
  );
  assert.equal(upTo, await changes.modSeq());
});

test('Messages of large bodies share a blob, which the sweeper removes after the last copy', async () => {
  await using store = await tempStore();
  const { account, blobs, clock, sweeper } = store;
  await using writer = new ContentWriter({ blobs, limits: { inlineBytes: 100 } });
  for (let i = 0; i < 10; i += 1) await writer.write(new Uint8Array(50).fill(97 + i));
  const body = await writer.finish();
  assert.equal(body.kind, 'blob');
  const placed = await placeBody(blobs, body, account.id);
  await account.messages.append({ name: 'INBOX' }, [{ ...newMessage([]), body: placed }]);
  const { id } = await mailboxOf(store, 'INBOX');
  await account.messages.copy(id, [1], { name: 'Archive' });
  await account.messages.remove(id, [1]);
  const archive = await mailboxOf(store, 'Archive');
  const [message] = await account.reader.contents(archive.id, [1], 'all');
  assert.equal(new TextDecoder().decode(await message?.content.bytes(48, 53)), 'aabbb');
  let streamed = 0;
  for await (const chunk of message?.content.stream() ?? []) streamed += chunk.length;
  assert.equal(streamed, 500);
  await account.messages.remove(archive.id, [1]);
  assert.equal(await account.messages.eraseExpunged(), 1);
  assert.equal(await sweeper.sweepAccount(account.id, account.db), 0);
  await clock.advance(2 * 60 * 60_000);
  assert.equal(await store.accounts.sweepBlobs(sweeper), 1);
});

test('Messages join threads by reference and by subject', async () => {
  await using store = await tempStore();
  const { messages, db, id: account } = store.account;
  const threads: number[] = [];
  for (const header of [
    ['Subject: Plan', 'Message-ID: <1@x>'],
    ['Subject: Re: plan', 'Message-ID: <2@x>', 'References: <1@x>'],
    ['Subject: Re: Plan', 'Message-ID: <3@x>', 'In-Reply-To: <lost@x>'],
    ['Subject: Plan', 'Message-ID: <4@x>'],
    ['Subject: Other', 'Message-ID: <5@x>', 'References: <1@x>'],
  ]) {
    const { ids } = await messages.append({ name: 'INBOX' }, [newMessage(header)]);
    const row = await db.read((reader) =>
      reader.get<{ thread: number }>(sql`SELECT thread FROM email WHERE account = ${account} AND id = ${ids[0] ?? 0}`),
    );
    threads.push(row?.thread ?? 0);
  }
  const [a, b, c, d, e] = threads;
  assert.deepEqual([b === a, c === a, d === a, e === a], [true, true, false, false]);
});

test('MailboxImages follow the log and share memory until something goes', async () => {
  await using store = await tempStore();
  const { messages, images } = store.account;
  await messages.append({ name: 'INBOX' }, [newMessage([]), newMessage([])]);
  const { id } = await mailboxOf(store, 'INBOX');
  using lease = await images.open(id);
  using other = await images.open(id);
  assert.ok(lease && other);
  const first = lease.image;
  assert.equal(await lease.refresh(), first);
  await messages.append({ name: 'INBOX' }, [newMessage([])]);
  const second = await other.refresh();
  assert.equal(lease.image, second);
  assert.deepEqual([...first.uids], [1, 2]);
  assert.deepEqual([...(second?.uids ?? [])], [1, 2, 3]);
  assert.equal(second?.uids.buffer, first.uids.buffer);
  await messages.remove(id, [2]);
  const third = await lease.refresh();
  assert.deepEqual([...(third?.uids ?? [])], [1, 3]);
  assert.deepEqual([...second.uids], [1, 2, 3]);
  await store.account.mailboxes.create('gone');
  const gone = await mailboxOf(store, 'gone');
  using lost = await images.open(gone.id);
  await store.account.mailboxes.delete('gone');
  assert.equal(await lost?.refresh(), null);
});

test('MessageReader.contents leaves large bodies of a batch in their rows until they are asked for', async () => {
  await using store = await tempStore();
  const { account } = store;
  const prefix = new TextEncoder().encode('Received: here\r\n');
  const texts = ['small', 'x'.repeat(messageLimits.batchBodyBytes)];
  for (const text of texts)
    await account.messages.append({ name: 'INBOX' }, [newMessage([`Subject: ${text}`], { prefix })]);
  const { id } = await mailboxOf(store, 'INBOX');
  const [small, large] = await account.reader.contents(id, [1, 2], 'all');
  assert.ok(small && large);
  assert.ok(small.content.bytes(0, small.content.sizeBytes) instanceof Uint8Array);
  const [alone] = await account.reader.contents(id, [2], 'all');
  const whole = alone?.content.bytes(0, alone.content.sizeBytes);
  assert.ok(whole instanceof Uint8Array);
  const { sizeBytes } = large.content;
  assert.equal(sizeBytes, whole.length);
  for (const [start, end] of [
    [0, sizeBytes],
    [0, prefix.length],
    [3, prefix.length + 4],
    [prefix.length, sizeBytes],
    [sizeBytes - 3, sizeBytes + 9],
    [5, 5],
  ] as const) {
    assert.deepEqual(await large.content.bytes(start, end), whole.subarray(start, Math.min(end, sizeBytes)));
  }
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < sizeBytes; at += pieces.at(-1)?.length ?? sizeBytes)
    pieces.push(await large.content.piece(at, at + 9000));
  assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), new Uint8Array(whole));
  const streamed = await Array.fromAsync(large.content.stream(1));
  assert.deepEqual(new Uint8Array(Buffer.concat(streamed)), new Uint8Array(whole.subarray(1)));
  const last = (): Promise<unknown> => Promise.resolve(large.content.bytes(sizeBytes - 3, sizeBytes));
  await account.db.write((tx) => tx.run(sql`UPDATE content SET bytes = substr(bytes, 1, length(bytes) - 1)`));
  await assert.rejects(last(), ContentDamaged);
  await account.messages.remove(id, [1, 2]);
  await assert.rejects(last(), ContentDamaged);
});
