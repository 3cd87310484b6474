import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAccount } from '#mail/check';
import { Messages } from '#mail/messages';
import { ConditionError } from '#ports/conditions';
import { sql, type Database, type Sql, type Tx } from '#ports/database';
import { newMessage, tempStore } from '#testing/temp-store';
import { MailboxRefusal, Mailboxes } from './index.ts';

function refused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof MailboxRefusal && error.code === code;
}

test('Mailboxes of a new account are the initial ones, subscribed, INBOX first', async () => {
  await using store = await tempStore();
  const listed = await store.account.mailboxes.list();
  assert.deepEqual(
    listed.map(({ name, subscribed, mailbox }) => [name, subscribed, ...(mailbox?.specialUse ?? [])]),
    [
      ['INBOX', true],
      ['Archive', true, '\\Archive'],
      ['Drafts', true, '\\Drafts'],
      ['Junk', true, '\\Junk'],
      ['Sent', true, '\\Sent'],
      ['Trash', true, '\\Trash'],
    ],
  );
});

test('Mailboxes.create makes parents and gives special uses once', async () => {
  await using store = await tempStore();
  const { mailboxes } = store.account;
  await mailboxes.create('a/b/c');
  assert.notEqual(await mailboxes.byName('a/b'), null);
  await assert.rejects(mailboxes.create('A/../x'), refused('CANNOT'));
  await assert.rejects(mailboxes.create('a/b'), refused('ALREADYEXISTS'));
  await assert.rejects(mailboxes.create('Sent too', ['\\Sent']), refused('USEATTR'));
  await mailboxes.setSpecialUse('a', ['\\Sent']);
  assert.equal((await mailboxes.bySpecialUse('\\Sent'))?.name, 'a');
});

test('Mailboxes.delete keeps the subscription, never reuses UIDVALIDITY and refuses parents', async () => {
  await using store = await tempStore();
  const { mailboxes } = store.account;
  const first = await mailboxes.create('x/y');
  await mailboxes.subscribe('x/y', true);
  await assert.rejects(mailboxes.delete('x'), refused('HASCHILDREN'));
  await store.account.messages.append({ name: 'x/y' }, [newMessage(['Subject: gone'])]);
  await mailboxes.delete('x/y');
  await assert.rejects(mailboxes.delete('x/y'), refused('NONEXISTENT'));
  await assert.rejects(mailboxes.delete('inbox'), refused('CANNOT'));
  assert.equal((await mailboxes.list()).find(({ name }) => name === 'x/y')?.mailbox, null);
  assert.ok((await mailboxes.create('x/y')).uidValidity > first.uidValidity);
});

test('Mailboxes.delete: the mailbox goes at once; messages that a full disk leaves are whole, hidden, and removed later', async () => {
  await using store = await tempStore();
  const { account, bus, clock } = store;
  const { id, messages, mailboxes } = account;
  const { id: mailbox } = await mailboxes.create('many');
  await messages.append(
    { id: mailbox },
    Array.from({ length: 5 }, () => newMessage([])),
  );
  await messages.copy(mailbox, [1, 2], { name: 'Archive' });
  const sizeBytes = (await mailboxes.byName('Archive'))?.sizeBytes;
  let writes = 0;
  const filling: Database = {
    ...account.db,
    write: async (body, space) => {
      writes += 1;
      if (writes > 2) throw new ConditionError('diskFull', 'account.db');
      return await account.db.write(body, space);
    },
  };
  const contents = new Messages({ account: id, db: filling, bus, clock, batchMessages: 2 });
  await new Mailboxes({ account: id, db: account.db, bus, contents }).delete('many');
  const left = () => account.db.read((reader) => reader.all(sql`SELECT uid FROM message WHERE mailbox = ${mailbox}`));
  assert.equal((await left()).length, 1);
  assert.equal(await mailboxes.byName('many'), null);
  assert.equal(await account.images.open(mailbox), null);
  assert.equal(await mailboxes.sizeBytes(), sizeBytes);
  assert.deepEqual(await checkAccount(account), []);
  const setTotal = (total: number) =>
    account.db.write((tx) => tx.run(sql`UPDATE mailbox SET total = ${total} WHERE id = ${mailbox}`));
  await setTotal(0);
  assert.match((await checkAccount(account))[0]?.text ?? '', /^message 5 is in mailbox \d+, which does not exist/);
  await setTotal(5);
  assert.equal(await mailboxes.finishDeletions(), 1);
  assert.equal((await left()).length, 0);
  assert.equal(await mailboxes.finishDeletions(), 0);
});

test('Mailboxes.create does not subscribe; a subscription to the name holds', async () => {
  await using store = await tempStore();
  const { mailboxes } = store.account;
  await mailboxes.subscribe('a/b', true);
  await mailboxes.create('a/b');
  const own = (await mailboxes.list()).filter(({ name }) => name.startsWith('a'));
  assert.deepEqual(
    own.map(({ name, subscribed }) => [name, subscribed]),
    [
      ['a', false],
      ['a/b', true],
    ],
  );
});

test('Mailboxes.rename takes what is below along, but no subscription', async () => {
  await using store = await tempStore();
  const { mailboxes } = store.account;
  await mailboxes.create('a/b/c');
  await mailboxes.create('a0');
  await mailboxes.subscribe('a/b', true);
  await mailboxes.subscribe('z/new', true);
  await mailboxes.rename('a', 'z/new');
  const listed = await mailboxes.list();
  const own = listed.filter(({ name }) => /^(?:a|z)/.test(name));
  assert.deepEqual(
    own.map(
      ({ name, mailbox, subscribed }) => `${name}${mailbox === null ? ' gone' : ''}${subscribed ? ' subscribed' : ''}`,
    ),
    ['a/b gone subscribed', 'a0', 'z', 'z/new subscribed', 'z/new/b', 'z/new/b/c'],
  );
  await assert.rejects(mailboxes.rename('z', 'z/q'), refused('CANNOT'));
  await assert.rejects(mailboxes.rename('none', 'q'), refused('NONEXISTENT'));
  await assert.rejects(mailboxes.rename('z', 'a0'), refused('ALREADYEXISTS'));
});

test('Mailboxes.rename of INBOX moves its messages and leaves it empty with its children', async () => {
  await using store = await tempStore();
  const { mailboxes, messages } = store.account;
  await mailboxes.create('INBOX/child');
  await messages.append({ name: 'INBOX' }, [newMessage(['Subject: one']), newMessage(['Subject: two'])]);
  await mailboxes.rename('INBOX', 'Old');
  assert.equal((await mailboxes.byName('INBOX'))?.messages, 0);
  assert.equal((await mailboxes.byName('Old'))?.messages, 2);
  assert.notEqual(await mailboxes.byName('INBOX/child'), null);
});

test('Mailboxes.subscribe takes names that do not exist', async () => {
  await using store = await tempStore();
  const { mailboxes } = store.account;
  await mailboxes.subscribe('later', true);
  await mailboxes.subscribe('Sent', false);
  const listed = await mailboxes.list();
  assert.deepEqual(
    listed.find(({ name }) => name === 'later'),
    { name: 'later', mailbox: null, subscribed: true },
  );
  assert.equal(listed.find(({ name }) => name === 'Sent')?.subscribed, false);
});

test('Mailboxes.create reads no more rows when there are many mailboxes', async () => {
  let rows = 0;
  const count = async (result: Promise<unknown[]>): Promise<void> => {
    rows += (await result).length;
  };
  const counting = (tx: Tx): Tx =>
    Object.assign(Object.create(tx) as Tx, {
      all: (statement: Sql) => {
        const result = tx.all(statement);
        void count(result);
        return result;
      },
      get: (statement: Sql) => tx.get(statement),
      run: (statement: Sql) => tx.run(statement),
      arrays: (statement: Sql) => tx.arrays(statement),
      afterCommit: (fn: () => void) => tx.afterCommit(fn),
    });
  await using store = await tempStore((db) => ({
    dialect: db.dialect,
    read: (body) => db.read(body),
    write: (body) => db.write((tx) => body(counting(tx))),
    durable: () => db.durable(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  }));
  const { mailboxes } = store.account;
  const rowsOf = async (name: string): Promise<number> => {
    rows = 0;
    await mailboxes.create(name);
    await mailboxes.subscribe(`${name} elsewhere`, true);
    return rows;
  };
  const first = await rowsOf('m0');
  for (let i = 1; i < 60; i += 1) await mailboxes.create(`m${i}`);
  assert.equal(await rowsOf('m60'), first);
});

test('Mailboxes.edit: changes share a transaction and its MODSEQ, and a refused one leaves the others in force', async () => {
  await using store = await tempStore();
  const { mailboxes, changes } = store.account;
  const before = await changes.modSeq();
  await mailboxes.edit(async (editor) => {
    await editor.create('Lists/Godwit');
    await assert.rejects(editor.create('Lists'), refused('ALREADYEXISTS'));
    await assert.rejects(editor.rename('Lists', 'Lists/Godwit/x'), refused('CANNOT'));
    await editor.setSpecialUse('Lists', ['\\Junk']);
  });
  assert.equal(await changes.modSeq(), before + 1);
  const junk = await mailboxes.bySpecialUse('\\Junk');
  assert.deepEqual([junk?.name, junk?.modSeq], ['Lists', before + 1]);
  await assert.rejects(
    mailboxes.edit(async (editor) => {
      await editor.create('Other');
      throw new Error('no more');
    }),
    /no more/,
  );
  assert.equal(await mailboxes.byName('Other'), null);
});

test('MailboxEditor.rename: subscriptions follow mailboxes when they should', async () => {
  await using store = await tempStore();
  const { mailboxes } = store.account;
  await mailboxes.create('a/b');
  await mailboxes.subscribe('a', true);
  // A name that is only subscribed to.
  await mailboxes.subscribe('c/b', true);
  const subscribed = async (): Promise<string[]> => {
    const all = await mailboxes.list();
    return all.filter((one) => one.subscribed && /^[ac]/.test(one.name)).map(({ name }) => name);
  };
  await mailboxes.edit((editor) => editor.rename('a', 'c', true));
  assert.deepEqual(await subscribed(), ['c']);
  await mailboxes.rename('c', 'a');
  assert.deepEqual(await subscribed(), ['c']);
});
