import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import type { ContentId, MailboxId, ModSeq } from '#lib/ids';
import { FakeLoop } from '#testing/fake-loop';
import { seededNumbers } from '#testing/seeded-random';
import { EmailIndex } from './email-index.ts';
import type { Email, EmailPlace } from './email.ts';

const mailboxes = [1, 2, 3] as MailboxId[];

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`EmailIndex shows after any changes what one made of the result shows (seed ${seed})`, async () => {
    const next = seededNumbers(seed);
    const below = (count: number): number => Math.floor(next() * count);
    const place = (): EmailPlace => ({
      mailbox: mailboxes[below(3)] ?? (1 as MailboxId),
      uid: below(1000),
      flags: below(2) === 0 ? SystemFlag.Seen : 0,
      keywords: '',
      createModSeq: 1,
    });
    const index = new EmailIndex();
    const emails = new Map<number, Email>();
    for (let step = 0; step < 2000; step += 1) {
      const id = (1 + below(60)) as ContentId;
      const known = emails.get(id);
      const email: Email = {
        id,
        thread: known?.thread ?? below(12),
        // Most come in order, as deliveries do.
        receivedMs: known?.receivedMs ?? (below(4) === 0 ? below(2000) : step),
        sizeBytes: 1,
        places: Array.from({ length: below(3) }, place),
        deletedPlaces: Array.from({ length: below(2) }, place),
      };
      index.put(email, step as ModSeq);
      emails.set(id, email);
      if (email.places.length + email.deletedPlaces.length === 0) emails.delete(id);
      if (below(5) > 0) continue;
      const whole = new EmailIndex();
      for (const one of emails.values()) whole.put(one, step as ModSeq);
      await whole.settle(new FakeLoop());
      const visible = [...emails.values()].filter(({ places }) => places.length > 0);
      const newestFirst = visible.toSorted((a, b) => b.receivedMs - a.receivedMs || b.id - a.id);
      assert.deepEqual(whole.newestFirst(), newestFirst);
      assert.deepEqual(index.newestFirst(), newestFirst, `step ${step}`);
      for (const mailbox of mailboxes) {
        assert.deepEqual(index.counts(mailbox), whole.counts(mailbox));
        const inside = newestFirst.filter(({ places }) => places.some((one) => one.mailbox === mailbox));
        assert.deepEqual(index.newestFirstIn(mailbox), inside, `step ${step}, mailbox ${mailbox}`);
      }
      for (let thread = 0; thread < 12; thread += 1)
        assert.deepEqual(new Set(index.thread(thread)), new Set(visible.filter((one) => one.thread === thread)));
    }
  });
}

test('EmailIndex sorts and counts many emails in pieces', async () => {
  const index = new EmailIndex();
  const place = { mailbox: 1 as MailboxId, uid: 1, flags: 0, keywords: '', createModSeq: 1 };
  for (let id = 1; id <= 20_000; id += 1)
    index.put(
      {
        id: id as ContentId,
        thread: id,
        receivedMs: (id * 7919) % 20_011,
        sizeBytes: 1,
        places: [place],
        deletedPlaces: [],
      },
      1 as ModSeq,
    );
  const loop = new FakeLoop();
  await index.settle(loop);
  assert.ok(loop.pauses >= 20, `${loop.pauses}`);
  const dates = index.newestFirst().map(({ receivedMs }) => receivedMs);
  assert.deepEqual(
    dates,
    dates.toSorted((a, b) => b - a),
  );
  assert.equal(index.counts(1 as MailboxId).unreadThreads, 20_000);
});
