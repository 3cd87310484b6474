import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { flagNames, SystemFlag } from '#lib/flags';
import type { MailboxImage } from '#mail/changes';
import { MailboxRefusal } from '#mail/mailboxes';
import type { FlagChange } from '#mail/messages';
import { simulationRuns } from '#testing/store-databases';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

/** A message of the model. */
interface ModelMessage {
  readonly uid: number;
  bits: number;
  keywords: Set<string>;
}

/** The naive model: mailboxes as arrays. */
class Model {
  readonly mailboxes = new Map<string, { uidNext: number; messages: ModelMessage[] }>();

  constructor(names: readonly string[]) {
    for (const name of names) this.mailboxes.set(name, { uidNext: 1, messages: [] });
  }

  of(name: string): { uidNext: number; messages: ModelMessage[] } {
    const mailbox = this.mailboxes.get(name);
    assert.ok(mailbox);
    return mailbox;
  }

  add(name: string, bits: number, keywords: Iterable<string>): void {
    const mailbox = this.of(name);
    mailbox.messages.push({ uid: mailbox.uidNext, bits, keywords: new Set(keywords) });
    mailbox.uidNext += 1;
  }

  store(name: string, uids: readonly number[], { mode, bits, keywords }: FlagChange): void {
    for (const message of this.of(name).messages.filter(({ uid }) => uids.includes(uid))) {
      if (mode === 'replace') {
        message.bits = bits;
        message.keywords = new Set(keywords);
      } else if (mode === 'add') {
        message.bits |= bits;
        for (const keyword of keywords) message.keywords.add(keyword);
      } else {
        message.bits &= ~bits;
        for (const keyword of keywords) message.keywords.delete(keyword);
      }
    }
  }

  copy(from: string, uids: readonly number[], to: string): void {
    for (const message of this.of(from).messages.filter(({ uid }) => uids.includes(uid))) {
      this.add(to, message.bits, message.keywords);
    }
  }

  remove(name: string, gone: (message: ModelMessage) => boolean): void {
    const mailbox = this.of(name);
    mailbox.messages = mailbox.messages.filter((message) => !gone(message));
  }
}

const names = ['INBOX', 'Archive', 'Trash'] as const;
const name = fc.constantFrom(...names);
const bits = fc.constantFrom(0, SystemFlag.Seen, SystemFlag.Deleted, SystemFlag.Seen | SystemFlag.Flagged);
const keywords = fc.uniqueArray(fc.constantFrom('a', 'b', '$junk'), { maxLength: 2 });
const uids = fc.oneof(
  fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }).map((list) => list.toSorted((a, b) => a - b)),
  fc.constant(Array.from({ length: 40 }, (_, i) => i + 1)),
);

const step = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), name, bits, keywords, count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('store' as const),
    name,
    uids,
    mode: fc.constantFrom('add', 'remove', 'replace'),
    bits,
    keywords,
  }),
  fc.record({ kind: fc.constant('expunge' as const), name, uids: fc.option(uids) }),
  fc.record({ kind: fc.constantFrom('copy' as const, 'move' as const), name, uids, to: name }),
  fc.record({ kind: fc.constant('renameInbox' as const) }),
  fc.record({ kind: fc.constant('recreate' as const), name }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function apply({ account }: TempStore, model: Model, action: Step, serial: number): Promise<void> {
  const { mailboxes, messages } = account;
  const id = 'name' in action ? (await mailboxes.byName(action.name))?.id : undefined;
  switch (action.kind) {
    case 'append': {
      const { bits: flags, keywords: words, count } = action;
      const list = Array.from({ length: count }, () => newMessage(['Subject: x'], { flags, keywords: words }));
      await messages.append({ name: action.name }, list);
      for (const _ of list) model.add(action.name, flags, words);
      break;
    }
    case 'store':
      assert.ok(id);
      await messages.store(id, action.uids, action);
      model.store(action.name, action.uids, action);
      break;
    case 'expunge': {
      assert.ok(id);
      const among = action.uids;
      await messages.expunge(id, among);
      model.remove(action.name, ({ uid, bits: b }) => (b & SystemFlag.Deleted) !== 0 && (among?.includes(uid) ?? true));
      break;
    }
    case 'copy':
      assert.ok(id);
      await messages.copy(id, action.uids, { name: action.to });
      model.copy(action.name, action.uids, action.to);
      break;
    case 'move': {
      assert.ok(id);
      await messages.move(id, action.uids, { name: action.to });
      const { uidNext } = model.of(action.name);
      model.copy(action.name, action.uids, action.to);
      model.remove(action.name, ({ uid }) => uid < uidNext && action.uids.includes(uid));
      break;
    }
    case 'renameInbox': {
      await mailboxes.rename('INBOX', `old${serial}`);
      model.mailboxes.set(`old${serial}`, { uidNext: 1, messages: [] });
      model.copy(
        'INBOX',
        model.of('INBOX').messages.map(({ uid }) => uid),
        `old${serial}`,
      );
      model.remove('INBOX', () => true);
      break;
    }
    case 'recreate':
      if (action.name === 'INBOX') {
        await assert.rejects(mailboxes.delete('INBOX'), MailboxRefusal);
        break;
      }
      await mailboxes.delete(action.name);
      await mailboxes.create(action.name);
      model.mailboxes.set(action.name, { uidNext: 1, messages: [] });
      break;
  }
}

function shown(image: MailboxImage): string[] {
  return [...image.uids].map((uid, i) => `${uid} ${image.flagTable.at(image.flagSets[i] ?? 0).text}`);
}

function expected(messages: readonly ModelMessage[]): string[] {
  return messages.map(({ uid, bits: b, keywords: k }) => `${uid} ${[...flagNames(b), ...[...k].toSorted()].join(' ')}`);
}

test('the store behaves like arrays of messages, and stays consistent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      await using store = await tempStore();
      const { mailboxes, images } = store.account;
      const model = new Model(names);
      // Held open throughout, so that images are built from every kind of change.
      using inbox = await images.open((await mailboxes.byName('INBOX'))?.id ?? assert.fail());
      for (const [serial, action] of steps.entries()) {
        await apply(store, model, action, serial);
        const image = await inbox?.refresh();
        assert.ok(image);
        assert.deepEqual(shown(image), expected(model.of('INBOX').messages));
        assert.equal(image.uidNext, model.of('INBOX').uidNext);
      }
      for (const [modelName, { messages, uidNext }] of model.mailboxes) {
        const mailbox = await mailboxes.byName(modelName);
        assert.ok(mailbox);
        assert.equal(mailbox.uidNext, uidNext);
        using lease = await images.open(mailbox.id);
        assert.deepEqual(lease === null ? null : shown(lease.image), expected(messages));
      }
      await assertPagedChanges(store);
    }),
    { numRuns: simulationRuns(25), seed: 20_260_101 },
  );
});

/** Following the log in small pages must end with exactly what exists. */
async function assertPagedChanges({ account }: TempStore): Promise<void> {
  const places = new Map<string, number>();
  let modSeq: Parameters<typeof account.changes.since>[0] = 0;
  for (let isPartial = true; isPartial;) {
    const changes = await account.changes.since(modSeq, 2);
    for (const { mailbox, uid } of changes.removed) places.delete(`${mailbox} ${uid}`);
    for (const { mailbox, uid, modSeq: at } of changes.messages) places.set(`${mailbox} ${uid}`, at);
    assert.ok(changes.upTo > modSeq);
    modSeq = changes.upTo;
    isPartial = changes.isPartial;
  }
  const existing: string[] = [];
  for (const { mailbox } of await account.mailboxes.list()) {
    if (mailbox === null) continue;
    using lease = await account.images.open(mailbox.id);
    for (const uid of lease?.image.uids ?? []) existing.push(`${mailbox.id} ${uid}`);
  }
  assert.deepEqual([...places.keys()].toSorted(), existing.toSorted());
}
