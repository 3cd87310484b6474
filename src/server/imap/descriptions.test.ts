import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { bodyStructureText, envelopeText, listTexts } from '#lib/imap';
import { ContentMemory } from '#mail/content';
import { sql, type Sql } from '#ports/database';
import { ImapConversation } from '#testing/imap-conversation';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { AccountGlue } from './account-glue.ts';

const texts = 'FETCH 1:* (ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[1])';
const messages = [
  [
    'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
    'From: "Ann" <ann@example.org>',
    'To: everyone: bob@example.org, <c@example.org>;',
  ],
  [
    'Subject: two',
    'Message-ID: <2@x>',
    'Content-Type: Text/HTML; charset=utf-8',
    'Content-Disposition: Attachment; filename="a.html"',
  ],
  ['Subject: raw Grüße', 'Content-Type: multipart/mixed; boundary=b'],
  ['Subject: lone\rcarriage return', 'References: <1@x> <2@x>'],
];

async function filled(): Promise<TempStore> {
  const store = await tempStore();
  const body =
    '--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inside\r\nFrom: dan@example.org\r\n\r\nHello\r\n--b--\r\n';
  const all = messages.map((header) => newMessage(header, {}, header.join().includes('multipart') ? body : undefined));
  await store.account.messages.append({ name: 'INBOX' }, all);
  return store;
}

function conversation(store: TempStore): ImapConversation {
  const { account, bus, clock } = store;
  const contentMemory = new ContentMemory(0);
  const deps = { account, bus, clock, contentMemory, appendLimitBytes: 1e9, quotaBytes: 0, storedBy: '{}' };
  return new ImapConversation(store, () => new AccountGlue(deps));
}

async function descriptions({ account }: TempStore): Promise<unknown[][]> {
  return account.db.read((reader) => reader.arrays(sql`SELECT description FROM email ORDER BY id`));
}

async function change({ account }: TempStore, statement: Sql): Promise<void> {
  await account.db.write((tx) => tx.run(statement));
}

test('SelectedGlue: a damaged description is made again from the bytes of its message, which answers as before', async () => {
  await using store = await filled();
  await using client = conversation(store);
  await client.ask('SELECT INBOX');
  const before = [await client.ask(texts), await descriptions(store)];
  for (const damage of [
    sql`UPDATE email SET description = ${new Uint8Array(60)}`,
    sql`UPDATE email SET description = substr(description, 1, length(description) - 1)`,
    sql`UPDATE email SET description = ${new Uint8Array(0)} WHERE id % 2 = 0`,
  ]) {
    await change(store, damage);
    assert.deepEqual([await client.ask(texts), await descriptions(store)], before);
  }
  await change(store, sql`UPDATE email SET description = ${Uint8Array.of(1)}`);
  assert.equal((await client.ask('SEARCH SUBJECT gr')).said, '* SEARCH 1 3\r\n');
  assert.deepEqual(await descriptions(store), before[1]);
});

test('SelectedGlue: a message whose description and bytes are damaged is left out, and the others are sent', async () => {
  await using store = await filled();
  await using client = conversation(store);
  await client.ask('SELECT INBOX');
  const place = sql`(SELECT email FROM message WHERE uid = 2)`;
  const [[bytes]] = (await store.account.db.read((reader) =>
    reader.arrays(sql`SELECT bytes FROM content WHERE id = ${place}`),
  )) as [[Uint8Array]];
  await change(store, sql`UPDATE email SET description = ${Uint8Array.of(0)} WHERE id = ${place}`);
  await change(store, sql`UPDATE content SET bytes = substr(bytes, 1, 3) WHERE id = ${place}`);
  const { said, answer } = await client.ask('FETCH 1:* ENVELOPE');
  assert.equal(answer, 'NO [CORRUPTION] UID 2: damaged on the server; the others were sent');
  assert.equal(said.match(/^\* \d FETCH/gm)?.length, 3);
  await change(store, sql`UPDATE content SET bytes = ${bytes} WHERE id = ${place}`);
  assert.equal((await client.ask('FETCH 1:* ENVELOPE')).answer, 'OK fetched');
});

test('SelectedGlue: messages that an older server stored answer with what it stored, and are found by their headers', async () => {
  await using store = await filled();
  await using client = conversation(store);
  await client.ask('SELECT INBOX');
  const asked = ['SEARCH SUBJECT gr', 'SEARCH FROM ann', 'FETCH 1:* BODY.PEEK[HEADER.FIELDS (Subject From)]'];
  const before: string[] = [];
  for (const command of asked) before.push((await client.ask(command)).said);
  const old = '(NIL "as it was" NIL NIL NIL NIL NIL NIL NIL NIL)';
  const structure = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1 NIL ("attachment" NIL) NIL NIL)';
  await change(store, sql`UPDATE email SET description = NULL, envelope = ${old}, bodystructure = ${structure}`);
  await change(store, sql`UPDATE email SET structure = '{"o":[0,' || header_bytes || ',' || size_bytes || ',1]}'`);
  await change(store, sql`UPDATE email SET body = '("as" "sent")' WHERE id = (SELECT MIN(id) FROM email)`);
  const { said } = await client.ask(texts);
  const answers = said.trim().split('* ').slice(1);
  for (const [i, answer] of answers.entries()) {
    assert.ok(answer.includes(`ENVELOPE ${old}`), answer);
    assert.ok(answer.includes(`BODYSTRUCTURE ${structure}`), answer);
    const body = i === 0 ? '("as" "sent")' : '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1)';
    assert.ok(answer.includes(`BODY ${body} `), answer);
  }
  assert.equal(answers.length, messages.length);
  assert.match(answers[0] ?? '', /BODY\[1\] \{7\}\r\nHello\r\n/);
  for (const [i, command] of asked.entries()) assert.deepEqual((await client.ask(command)).said, before[i]);
});

test('listTexts has the texts of FETCH in the order of its positions, and none of a damaged structure', async () => {
  await using store = await filled();
  const inbox = await store.account.mailboxes.byName('INBOX');
  assert.ok(inbox);
  const wanted = { description: true, oldListed: false, oldTexts: true, sentDay: false };
  const [row] = await store.account.reader.rows(inbox.id, [1], wanted);
  assert.ok(row);
  assert.deepEqual(listTexts.write(row), [envelopeText(row), bodyStructureText(row)]);
  const oldTexts = { envelope: '()', body: '', bodyStructure: '()' };
  assert.deepEqual(listTexts.write({ description: null, oldTexts }), ['()', '()']);
  const damaged = {
    envelope: row.description?.envelope ?? assert.fail(),
    get root(): never {
      throw new Error('damaged');
    },
  };
  assert.deepEqual(listTexts.write({ description: damaged, oldTexts: null }), [envelopeText(row), '']);
});

test('SelectedGlue: a list of many messages keeps its texts for the next one, a list of few does not, and both say the same', async () => {
  await using store = await tempStore();
  const all = Array.from({ length: 1030 }, (_, i) => newMessage([`Subject: message ${i}`, 'From: ann@example.org']));
  await store.account.messages.append({ name: 'INBOX' }, all);
  const blocks = (): Promise<unknown[][]> =>
    store.account.db.read((reader) => reader.arrays(sql`SELECT DISTINCT first_uid, messages FROM header_block`));
  await using client = conversation(store);
  await client.ask('SELECT INBOX');
  const few = await client.ask('FETCH 1:1000 (ENVELOPE BODYSTRUCTURE)');
  assert.deepEqual(await blocks(), []);
  const made = await client.ask('FETCH 1:* (ENVELOPE BODYSTRUCTURE)');
  // The last block is stored behind the reply.
  for (let turn = 0; turn < 100_000 && (await blocks()).length === 0; turn += 1) await setImmediate();
  assert.deepEqual(await blocks(), [[1, 1030]]);
  assert.deepEqual(await client.ask('FETCH 1:* (ENVELOPE BODYSTRUCTURE)'), made);
  assert.ok(made.said.startsWith(few.said));
});
