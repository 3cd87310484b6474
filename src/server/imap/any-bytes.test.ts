import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer } from '#lib/mime';
import type { Account } from '#mail/accounts';
import { ContentMemory, ContentWriter, placeBody } from '#mail/content';
import { describeMessage } from '#mail/messages';
import { ConditionError } from '#ports/conditions';
import { sql } from '#ports/database';
import { ImapConversation } from '#testing/imap-conversation';
import { seededNumbers } from '#testing/seeded-random';
import { tempStore, type TempStore } from '#testing/temp-store';
import { AccountGlue } from './account-glue.ts';

const decoder = new TextDecoder('latin1');
const encoder = new TextEncoder();

/** A session over the real glue. */
function conversation(store: TempStore): ImapConversation {
  const { account, bus, clock } = store;
  const contentMemory = new ContentMemory(0);
  const deps = { account, bus, clock, contentMemory, appendLimitBytes: 1e9, quotaBytes: 0, storedBy: '{}' };
  return new ImapConversation(store, () => new AccountGlue(deps));
}

const pieces = [
  '',
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  ':',
  'a',
  'Subject: x',
  'From:',
  'Content-Type: multipart/mixed; boundary=b',
  'Content-Type: message/rfc822',
  'Content-Type: multipart/digest; boundary=""',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: quoted-printable',
  '--b',
  '--b--',
  '=',
  'é',
  'Zm9v',
  'x'.repeat(70_000),
];

function randomBytes(next: () => number): Uint8Array {
  const upTo = (below: number): number => Math.floor(next() * below);
  if (upTo(5) === 0) return Uint8Array.from({ length: upTo(40) }, () => upTo(256));
  const text = Array.from({ length: upTo(12) }, () => pieces[upTo(pieces.length)]).join('');
  return encoder.encode(upTo(2) === 0 ? text : text.replaceAll(/(?=Content|--b)/g, '\r\n'));
}

const items = [
  'FULL',
  'BODYSTRUCTURE',
  'BODY.PEEK[HEADER]',
  'BODY.PEEK[TEXT]',
  'BODY.PEEK[HEADER.FIELDS (Subject)]',
  'BODY.PEEK[HEADER.FIELDS.NOT (Subject)]',
  'RFC822.HEADER',
  'BODY.PEEK[1]',
  'BODY.PEEK[1.MIME]',
  'BODY.PEEK[1.HEADER]',
  'BODY.PEEK[1.TEXT]',
  'BODY.PEEK[1.1]',
  'BINARY.PEEK[]',
  'BINARY.PEEK[1]',
  'BINARY.SIZE[1]',
  'BODY.PEEK[]<0.1>',
  'BODY.PEEK[]<7.70000>',
  'BODY.PEEK[HEADER]<3.4>',
  'RFC822.TEXT',
  'RFC822',
  'BODY[TEXT]',
];

const searches = [
  'HEADER Subject ""',
  'NOT HEADER Subject x',
  'TEXT x',
  'BODY foo',
  'NOT TEXT foo',
  'FROM x',
  'SMALLER 1',
  'NOT SENTSINCE 1-Jan-1990',
];

/** Stores `bytes` as a delivery does, with `prefix` before them; beyond 10,000 bytes in a blob. */
async function deliver(account: Account, bytes: Uint8Array, prefix: string): Promise<void> {
  const { blobs } = account;
  await using writer = new ContentWriter({ blobs, limits: { inlineBytes: 10_000 } });
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  await writer.write(bytes);
  await account.messages.append({ name: 'INBOX' }, [
    {
      body: await placeBody(blobs, await writer.finish(), account.id),
      prefix: encoder.encode(prefix),
      described: describeMessage(indexer.finish()),
      flags: 0,
      keywords: [],
      receivedMs: 0,
      reception: null,
      preview: null,
    },
  ]);
}

test('serveImap over AccountGlue: whatever bytes are stored can be fetched and searched in every way', async () => {
  await using store = await tempStore();
  const next = seededNumbers(7);
  const stored: Uint8Array[] = [new Uint8Array(0), encoder.encode('\r\n'), encoder.encode('x'.repeat(70_000))];
  while (stored.length < 150) stored.push(randomBytes(next));
  const prefixes = stored.map((_, i) => (i % 3 === 1 ? 'Received: here\r\n' : ''));
  for (const [i, bytes] of stored.entries()) await deliver(store.account, bytes, prefixes[i] ?? '');
  await using client = conversation(store);
  const selected = await client.ask('EXAMINE INBOX');
  assert.match(selected.answer, /^OK/);
  for (const item of items) {
    const { said, answer } = await client.ask(`UID FETCH 1:* ${item}`);
    if (answer !== 'OK fetched')
      assert.match(answer, /^NO \[UNKNOWN-CTE\] UID [0-9, ]+(and [0-9]+ more)?: .*; the others were sent$/);
    if (answer === 'OK fetched') assert.equal(said.match(/^\* [0-9]+ FETCH \(UID/gm)?.length, stored.length, item);
  }
  for (const [i, bytes] of stored.entries()) {
    const whole = `${prefixes[i]}${decoder.decode(bytes)}`;
    const { said, answer } = await client.ask(`FETCH ${i + 1} (BINARY.PEEK[] RFC822.SIZE)`);
    assert.equal(answer, 'OK fetched');
    assert.ok(said.includes(`~{${whole.length}}\r\n${whole} RFC822.SIZE ${whole.length})`), `message ${i + 1}`);
  }
  for (const key of searches) assert.equal((await client.ask(`SEARCH ${key}`)).answer, 'OK searched', key);
  assert.match((await client.ask('UID COPY 1:* Archive')).answer, /^OK/);
  assert.deepEqual(store.log.ofLevel('error'), []);
});

for (const [what, damage, repair, ask, want, kept] of [
  [
    'a row that has neither bytes nor a blob',
    sql`UPDATE content SET blob_id = 'none' WHERE size_bytes = 7`,
    sql`UPDATE content SET blob_id = NULL WHERE size_bytes = 7`,
    'FETCH 1:3 BODY.PEEK[]',
    'NO [CORRUPTION] UID 2: damaged on the server; the others were sent',
    2,
  ],
  [
    'bytes that end early',
    sql`UPDATE content SET bytes = substr(bytes, 1, 3) WHERE size_bytes = 7`,
    sql`UPDATE content SET bytes = ${encoder.encode('a: 2\r\n\n')} WHERE size_bytes = 7`,
    'FETCH 1:3 (RFC822.SIZE BODY.PEEK[])',
    'NO [CORRUPTION] UID 2: damaged on the server; the others were sent',
    2,
  ],
  [
    'bytes that were changed in place',
    sql`UPDATE content SET bytes = ${encoder.encode('a: 3\r\n\n')} WHERE size_bytes = 7`,
    sql`UPDATE content SET bytes = ${encoder.encode('a: 2\r\n\n')} WHERE size_bytes = 7`,
    'FETCH 1:3 (BODY.PEEK[] UID)',
    'NO [CORRUPTION] UID 2: damaged on the server; the others were sent',
    2,
  ],
  [
    'bytes that were changed in place, in a search',
    sql`UPDATE content SET bytes = ${encoder.encode('a: 3\r\n\n')} WHERE size_bytes = 7`,
    sql`UPDATE content SET bytes = ${encoder.encode('a: 2\r\n\n')} WHERE size_bytes = 7`,
    'SEARCH BODY nothing',
    'NO [CORRUPTION] UID 2: damaged on the server; the others were searched',
    1,
  ],
  [
    'a structure of an old message that is none',
    sql`UPDATE email SET description = NULL, structure = '{' WHERE size_bytes = 7`,
    sql`UPDATE email SET envelope = '()', bodystructure = '()', structure = '{"o":[0,7,7,0]}' WHERE size_bytes = 7`,
    'FETCH 1:3 BODY.PEEK[1]',
    'NO [CORRUPTION] UID 2: damaged on the server; the others were sent',
    2,
  ],
  [
    'a row of columns that is gone',
    sql`UPDATE message SET email = -email WHERE uid = 2`,
    sql`UPDATE message SET email = -email WHERE uid = 2`,
    'FETCH 1:3 ENVELOPE',
    'NO [CORRUPTION] UID 2: damaged on the server; the others were sent',
    2,
  ],
  [
    'bytes that end early, in a search',
    sql`UPDATE content SET bytes = substr(bytes, 1, 3) WHERE size_bytes = 7`,
    sql`UPDATE content SET bytes = ${encoder.encode('a: 2\r\n\n')} WHERE size_bytes = 7`,
    'SEARCH HEADER a ""',
    'NO [CORRUPTION] UID 2: damaged on the server; the others were searched',
    1,
  ],
] as const) {
  test(`serveImap over AccountGlue: ${what} is the loss of one message`, async () => {
    await using store = await tempStore();
    const { account, log } = store;
    for (const text of ['a: 1\n', 'a: 2\r\n\n', 'a: 3\n\nbody']) await deliver(account, encoder.encode(text), '');
    await using client = conversation(store);
    await client.ask('SELECT INBOX');
    await account.db.write((tx) => tx.run(damage));
    const { said, answer } = await client.ask(ask);
    await account.db.write((tx) => tx.run(repair));
    assert.equal(answer, want);
    assert.equal(said.trim().match(/^\* /gm)?.length, kept, said);
    const [event] = log.ofLevel('error');
    assert.equal(event?.event, 'imap.messagesDamaged');
    assert.equal(event?.fields['account'], 'mara');
    assert.deepEqual(event?.fields['uids'], [2]);
  });
}

test('serveImap over AccountGlue: a blob that is gone or cut short is the loss of one message', async () => {
  await using store = await tempStore();
  const { account, blobs } = store;
  for (const text of ['a: 1\n', `a: 2\n\n${'x'.repeat(20_000)}`, 'a: 3\n'])
    await deliver(account, encoder.encode(text), '');
  await using client = conversation(store);
  await client.ask('SELECT INBOX');
  const [{ id } = { id: '' }] = await account.db.read((reader) =>
    reader.all<{ id: string }>(sql`SELECT blob_id AS id FROM content WHERE blob_id IS NOT NULL`),
  );
  const other = await blobs.put(
    account.id,
    (async function* () {
      yield new Uint8Array(19_000);
    })(),
  );
  for (const blob of ['0'.repeat(32), other.id]) {
    await account.db.write((tx) => tx.run(sql`UPDATE content SET blob_id = ${blob} WHERE blob_id IS NOT NULL`));
    for (const [item, others] of [
      ['RFC822', 2],
      ['BODY.PEEK[TEXT]<5.10>', 2],
      ['BODY[]', 2],
    ] as const) {
      const { said, answer } = await client.ask(`FETCH 1:3 ${item}`);
      assert.equal(answer, 'NO [CORRUPTION] UID 2: damaged on the server; the others were sent');
      assert.equal(said.match(/^\* [13] FETCH/gm)?.length, others, said);
    }
    const { said, answer } = await client.ask('SEARCH TEXT a:');
    assert.match(said, /^\* SEARCH 1 3\r\n/);
    assert.match(answer, /^NO \[CORRUPTION\] UID 2/);
    assert.match((await client.ask('STORE 1:3 +FLAGS (\\Flagged)')).answer, /^OK/);
    assert.match((await client.ask('COPY 1:3 Archive')).answer, /^OK/);
  }
  await account.db.write((tx) => tx.run(sql`UPDATE content SET blob_id = ${id} WHERE blob_id IS NOT NULL`));
  await blobs.remove(account.id, other.id);
});

test('serveImap over AccountGlue: a large body that was changed in place is sent whole and then refused, with its condition', async () => {
  await using store = await tempStore();
  const { account, log } = store;
  const noted: string[] = [];
  const text = `a: 2\n\n${'x'.repeat(700_000)}`;
  for (const one of ['a: 1\n', text, 'a: 3\n']) await deliver(account, encoder.encode(one), '');
  await using client = conversation(store);
  await client.ask('SELECT INBOX');
  await account.db.write((tx) => tx.run(sql`UPDATE content SET crc32 = crc32 + 1 WHERE blob_id IS NOT NULL`));
  for (const item of ['BODY.PEEK[]', 'RFC822', '(UID BODY[] FLAGS)']) {
    const { said, answer } = await client.ask(`FETCH 1:3 ${item}`);
    assert.equal(answer, 'NO [CORRUPTION] UID 2: damaged on the server; the others were sent');
    assert.ok(said.includes(text));
    assert.equal(said.match(/^\* [123] FETCH/gm)?.length, 3);
    assert.deepEqual(log.events.at(-1)?.fields['uids'], [2]);
    if (log.events.at(-1)?.cause instanceof ConditionError) noted.push(item);
  }
  assert.equal(noted.length, 3);
  // Of a part nothing can be said.
  assert.match((await client.ask('FETCH 2 BODY.PEEK[]<0.300000>')).answer, /^OK/);
  assert.match((await client.ask('NOOP')).answer, /^OK/);
  await account.db.write((tx) => tx.run(sql`UPDATE content SET crc32 = crc32 - 1 WHERE blob_id IS NOT NULL`));
  assert.equal((await client.ask('FETCH 1:3 BODY.PEEK[]')).answer, 'OK fetched');
});
