import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import type { ModSeq } from '#lib/ids';
import { seededNumbers } from '#testing/seeded-random';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { Emails, keywordsOf, type EmailView } from './index.ts';

/** Everything that a view shows. */
function shown(view: EmailView): unknown[] {
  const emails = view.newestFirst.map((email) => {
    const places = email.places.map(({ mailbox, uid, flags, keywords }) => `${mailbox} ${uid} ${flags} ${keywords}`);
    const thread = view.thread(email.thread).map(({ id }) => id);
    return [email.id, thread, email.receivedMs, email.sizeBytes, places.toSorted(), [...keywordsOf(email)].toSorted()];
  });
  return emails;
}

/** Returns a whole number from 0 to just under a count. */
type Below = (count: number) => number;

const names = ['INBOX', 'Archive', 'Trash'];

/** Makes one random change as IMAP clients and deliveries make them. `\Deleted` is only ever added. */
async function change({ account }: TempStore, below: Below, step: number): Promise<void> {
  const name = names[below(names.length)] ?? '';
  const mailbox = await account.mailboxes.byName(name);
  assert.ok(mailbox !== null);
  const uid = 1 + below(Math.max(1, mailbox.uidNext - 1));
  const target = { name: names[below(names.length)] ?? '' };
  const bits = [SystemFlag.Seen, SystemFlag.Flagged, SystemFlag.Deleted][below(3)] ?? 0;
  const mode = bits === SystemFlag.Deleted || below(2) === 0 ? 'add' : 'remove';
  switch (below(6)) {
    case 0:
    case 1:
      await account.messages.append(target, [newMessage([`Message-ID: <${step}@x>`, `In-Reply-To: <${step >> 2}@x>`])]);
      break;
    case 2:
      await account.messages.store(mailbox.id, [uid], { mode, bits, keywords: ['Work'] });
      break;
    case 3:
      await account.messages.copy(mailbox.id, [uid], target);
      break;
    case 4:
      await account.messages.move(mailbox.id, [uid], target);
      break;
    default:
      await account.messages.remove(mailbox.id, [uid]);
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`Emails: what is kept from the log is what a new reader sees, and changes lead from any state to the next (seed ${seed})`, async () => {
    await using store = await tempStore();
    const { account, clock, loop } = store;
    const next = seededNumbers(seed);
    const below: Below = (count) => Math.floor(next() * count);
    let before = await account.emails.view();
    for (let step = 1; step <= 60; step += 1) {
      await change(store, below, step);
      if (below(3) > 0) continue;
      const view = await account.emails.view();
      using fresh = new Emails({ account: account.id, db: account.db, clock, loop });
      const whole = await fresh.view();
      assert.deepEqual(shown(view), shown(whole), `step ${step}`);
      for (const name of names) {
        const { id } = (await account.mailboxes.byName(name)) ?? assert.fail(name);
        assert.deepEqual(view.counts(id), whole.counts(id));
      }
      const known = new Set(before.newestFirst.map(({ id }) => id));
      let since: ModSeq = before.modSeq;
      for (let isPartial = true; isPartial;) {
        const changes = await account.emails.changesSince(since, 2);
        for (const id of changes.destroyed) known.delete(id);
        for (const id of changes.created) known.add(id);
        since = changes.upTo;
        ({ isPartial } = changes);
      }
      assert.deepEqual([...known].toSorted(), view.newestFirst.map(({ id }) => id).toSorted(), `step ${step}`);
      before = view;
    }
  });
}

test('Emails: a deleted mailbox takes its emails along, but for copies elsewhere', async () => {
  await using store = await tempStore();
  const { account } = store;
  await account.mailboxes.create('Lists');
  await account.messages.append({ name: 'Lists' }, [newMessage(['Subject: a']), newMessage(['Subject: b'])]);
  const lists = await account.mailboxes.byName('Lists');
  assert.ok(lists !== null);
  await account.messages.copy(lists.id, [2], { name: 'INBOX' });
  assert.equal((await account.emails.view()).newestFirst.length, 2);
  await account.mailboxes.delete('Lists');
  const [left, ...others] = (await account.emails.view()).newestFirst;
  assert.deepEqual([left?.places.length, others.length], [1, 0]);
});
