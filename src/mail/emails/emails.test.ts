import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import type { MailboxId, ModSeq } from '#lib/ids';
import { seededNumbers } from '#testing/seeded-random';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import {
  changesFor,
  Emails,
  EmailsChanged,
  keywordsOf,
  refuseChanged,
  type EmailEdit,
  type EmailView,
} from './index.ts';

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
  switch (below(8)) {
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
    case 5:
      await account.messages.remove(mailbox.id, [uid]);
      break;
    default:
      await edit(account, below);
  }
}

/** Edits two random emails as JMAP clients do, and sees to it that they became what was asked for. */
async function edit(account: TempStore['account'], below: Below): Promise<void> {
  const view = await account.emails.view();
  const ids: MailboxId[] = [];
  for (const name of names) ids.push((await account.mailboxes.byName(name))?.id ?? assert.fail(name));
  const emails = new Set([0, 0].map(() => view.newestFirst[below(view.newestFirst.length)]));
  const edits = [...emails].flatMap((email): EmailEdit[] => {
    if (email === undefined) return [];
    if (below(4) === 0) return [{ kind: 'destroy', email }];
    const keywords = new Set(['$seen', '$flagged', '$draft', 'work', 'home'].filter(() => below(2) === 0));
    const mailboxes = new Set(ids.filter(() => below(2) === 0));
    return [{ kind: 'update', email, keywords, mailboxes: mailboxes.add(ids[below(ids.length)] ?? assert.fail()) }];
  });
  const { after: modSeq } = await account.messages.together(changesFor(edits), (tx) =>
    refuseChanged(tx, account.id, view.modSeq, null),
  );
  const after = await account.emails.view();
  assert.equal(after.modSeq, modSeq);
  for (const one of edits) {
    const email = after.email(one.email.id);
    if (one.kind === 'destroy') {
      assert.deepEqual([email, after.hiddenPlaces(one.email.id)], [null, []]);
      continue;
    }
    assert.ok(email !== null);
    assert.deepEqual(keywordsOf(email), one.keywords);
    assert.deepEqual(new Set(email.places.map(({ mailbox }) => mailbox)), one.mailboxes);
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

test('refuseChanged: an edit is refused when others changed its emails or any mailbox, and only then', async () => {
  await using store = await tempStore();
  const { account } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a']), newMessage(['Subject: b'])]);
  const inbox = (await account.mailboxes.byName('INBOX')) ?? assert.fail('no INBOX');
  const view = await account.emails.view();
  const [second, first] = view.newestFirst;
  const isRefused = async (emails: readonly (number | undefined)[] | null): Promise<boolean> => {
    const ids = emails === null ? null : new Set(emails.map((id) => id ?? 0));
    return await account.db
      .read((reader) => refuseChanged(reader, account.id, view.modSeq, ids))
      .then(
        () => false,
        (error: unknown) => error instanceof EmailsChanged,
      );
  };
  assert.equal(await isRefused(null), false);
  await account.messages.store(inbox.id, [1], { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  assert.deepEqual(
    [await isRefused([first?.id]), await isRefused([second?.id]), await isRefused(null)],
    [true, false, true],
  );
  await account.mailboxes.create('Lists');
  assert.equal(await isRefused([second?.id]), true);
});

test('Messages.together: all changes or none', async () => {
  await using store = await tempStore();
  const { account } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a'])]);
  const inbox = (await account.mailboxes.byName('INBOX')) ?? assert.fail('no INBOX');
  const before = await account.emails.view();
  const change = { mode: 'add', bits: SystemFlag.Seen, keywords: [] } as const;
  await assert.rejects(
    account.messages.together(
      [
        { kind: 'store', mailbox: inbox.id, uids: [1], change },
        { kind: 'copy', from: inbox.id, uids: [1], to: 99 as MailboxId },
      ],
      () => Promise.resolve(),
    ),
    { code: 'NONEXISTENT' },
  );
  assert.deepEqual(shown(await account.emails.view()), shown(before));
});
