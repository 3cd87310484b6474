import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { FlagBlock } from '#mail/flag-blocks';
import { inBatches, inList } from './in-list.ts';
import {
  postgresAccountMigrations,
  postgresServerMigrations,
  sqliteAccountMigrations,
  sqliteServerMigrations,
} from './index.ts';
import type { Migration } from './migration.ts';

/** Tables with their columns, and indexes with theirs, as sorted lines. */
function outline(migrations: readonly Migration[]): string[] {
  const text = migrations.map(({ sql }) => sql.replace(/--.*$/gm, '')).join('\n');
  const lines: string[] = [];
  for (const [, table, body = ''] of text.matchAll(/CREATE TABLE (\w+) \(([\s\S]*?)\n\)/g)) {
    for (const [, column, , notNull] of body.matchAll(
      /^ {2}([a-z]\w*) (\w+)[^\n]*?( NOT NULL)?(?: PRIMARY KEY[ \w]*)?,?$/gm,
    )) {
      if (column !== 'id') lines.push(`${table}.${column}${notNull ?? ''}`);
    }
  }
  for (const [, table, column] of text.matchAll(/ALTER TABLE (\w+) ADD COLUMN (\w+)/g))
    lines.push(`${table}.${column}`);
  for (const [index] of text.matchAll(/CREATE (?:UNIQUE )?INDEX [^;]+/g)) lines.push(index.replace(/\s+/g, ' '));
  return lines.toSorted();
}

for (const [name, sqlite, postgres] of [
  ['account', sqliteAccountMigrations, postgresAccountMigrations],
  ['server', sqliteServerMigrations, postgresServerMigrations],
] as const) {
  test(`schema of the ${name} databases is the same in both dialects`, () => {
    const lines = outline(sqlite);
    assert.ok(lines.length > 10);
    assert.deepEqual(lines, outline(postgres));
    assert.deepEqual(
      sqlite.map(({ version }) => version),
      postgres.map(({ version }) => version),
    );
  });
}

test('schema: every account table has account as its first column', () => {
  for (const migrations of [sqliteAccountMigrations, postgresAccountMigrations]) {
    for (const { sql } of migrations) {
      for (const [, table = '', first] of sql.matchAll(/CREATE TABLE (\w+) \(\s+(\w+)/g))
        assert.equal(first, 'account', table);
    }
  }
});

test('inList fills up to a usual length with the last value', () => {
  assert.deepEqual(inList([1]), { text: '(?)', values: [1] });
  assert.deepEqual(inList([1, 2, 3]), { text: '(?, ?, ?, ?)', values: [1, 2, 3, 3] });
  assert.equal(inList(Array.from({ length: 300 }, (_, i) => i)).values.length, 512);
  assert.throws(() => inList([]), RangeError);
  assert.throws(() => inList(Array.from({ length: 513 }, () => 1)), RangeError);
  assert.deepEqual(
    [...inBatches(Array.from({ length: 1025 }, () => 1))].map(({ length }) => length),
    [512, 512, 1],
  );
});

test('schema: recipients that waited before routes came wait in the lane of their domain', () => {
  using db = new DatabaseSync(':memory:');
  const [server, queue, sending] = sqliteServerMigrations;
  assert.ok(server !== undefined && queue !== undefined && sending !== undefined);
  db.exec(server.sql);
  db.exec(queue.sql);
  db.exec(`INSERT INTO queue_recipient (message, address, domain, state, hold, attempts, next_attempt_ms, notify, delay_told, last_reply_is_smtp)
    VALUES (1, 'a@b.example', 'b.example', 'queued', 0, 0, 5, 0, 0, 0)`);
  db.exec(sending.sql);
  const row = db
    .prepare('SELECT lane_transport AS transport, lane_destination AS destination FROM queue_recipient')
    .get();
  assert.deepEqual({ ...row }, { transport: '', destination: 'b.example' });
});

test('schema: keywords that were stored in lower case get their registered spelling, others keep it, and all are remembered', () => {
  using db = new DatabaseSync(':memory:');
  const [account, departed, keywords] = sqliteAccountMigrations;
  assert.ok(account !== undefined && departed !== undefined && keywords !== undefined);
  db.exec(account.sql);
  db.exec(departed.sql);
  const insert =
    db.prepare(`INSERT INTO message (account, mailbox, uid, id, email, modseq, create_modseq, flags, keywords,
    size_bytes, received_ms, save_ms, subject_key) VALUES (1, 1, ?, 1, 1, 1, 1, 0, ?, 0, 0, 0, 0)`);
  ['', '$forwarded', '$forwarded $junk $label1 $mdnsent', '$junk junk work', 'x-$junk'].forEach((words, i) =>
    insert.run(i + 1, words),
  );
  db.exec(keywords.sql);
  assert.deepEqual(
    db
      .prepare('SELECT keywords FROM message ORDER BY uid')
      .all()
      .map((row) => row['keywords']),
    ['', '$Forwarded', '$Forwarded $Junk $label1 $MDNSent', '$Junk Junk work', 'x-$junk'],
  );
  assert.deepEqual(
    db
      .prepare('SELECT account, folded, name FROM keyword ORDER BY folded')
      .all()
      .map((row) => Object.values(row).join(' '))
      .join(),
    '1 $forwarded $Forwarded,1 $junk $Junk,1 $label1 $label1,1 $mdnsent $MDNSent,1 junk Junk,1 work work,1 x-$junk x-$junk',
  );
});

test('schema: bodies stored before there were checksums have none', () => {
  using db = new DatabaseSync(':memory:');
  for (const { sql } of sqliteAccountMigrations.slice(0, 3)) db.exec(sql);
  db.exec(`INSERT INTO content (account, id, size_bytes, has_nul, bytes) VALUES (1, 7, 1, 0, x'61')`);
  db.exec(sqliteAccountMigrations[3]?.sql ?? '');
  assert.deepEqual({ ...db.prepare('SELECT crc32, size_bytes AS size FROM content').get() }, { crc32: null, size: 1 });
});

test('schema: flags, keywords and MODSEQs of an older account are packed as they were', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteAccountMigrations.findIndex(({ sql }) => sql.includes('CREATE TABLE flag_block'));
  for (const { sql } of sqliteAccountMigrations.slice(0, before)) db.exec(sql);
  const mailbox =
    db.prepare(`INSERT INTO mailbox (account, id, name, special_use, uidvalidity, uidnext, create_modseq, modseq, message_modseq,
    total, unseen, deleted, size_bytes, deleted_size_bytes, expunged) VALUES (1, ?, ?, '', ?, ?, 1, 1, 1, 0, 0, 0, 0, 0, 0)`);
  mailbox.run(1, 'INBOX', 1, 520);
  mailbox.run(900, 'b', 2, 3);
  const insert =
    db.prepare(`INSERT INTO message (account, mailbox, uid, id, email, modseq, create_modseq, flags, keywords,
    size_bytes, received_ms, save_ms, subject_key) VALUES (1, ?, ?, 1, 1, ?, 1, ?, ?, 0, 0, 0, 0)`);
  const wanted: string[] = [];
  const add = (box: number, uid: number): void => {
    const [modSeq, flags, keywords] = [uid * 7 + 2 ** 33, uid % 32, ['', '$Junk', 'a b'][uid % 3] ?? ''];
    insert.run(box, uid, modSeq, flags, keywords);
    wanted.push(`${box} ${uid} ${modSeq} ${flags} ${keywords}`);
  };
  for (const uid of [1, 2, 255, 256, 300, 511, 512, 519]) add(1, uid);
  add(900, 2);
  const [upgrade] = sqliteAccountMigrations.slice(before);
  db.exec(upgrade?.sql ?? '');
  const rows = db.prepare('SELECT id, last_uid, modseq, sets, data FROM flag_block ORDER BY id').all();
  assert.deepEqual(
    rows.map((row) => [
      Math.floor(Number(row['id']) / 2 ** 24),
      Number(row['id']) & 0xff_ffff,
      row['last_uid'],
      row['modseq'],
    ]),
    [
      [1, 0, 255, 255 * 7 + 2 ** 33],
      [1, 1, 511, 511 * 7 + 2 ** 33],
      [1, 2, 519, 519 * 7 + 2 ** 33],
      [900, 0, 2, 14 + 2 ** 33],
    ],
  );
  const found = rows.flatMap((row) => {
    const block = FlagBlock.unpack(Number(row['id']) % 2 ** 24, String(row['sets']), row['data'] as Uint8Array);
    return block.uids.map((_, i) => {
      const { uid, modSeq, flags, keywords } = block.at(i);
      return `${Math.floor(Number(row['id']) / 2 ** 24)} ${uid} ${modSeq} ${flags} ${keywords}`;
    });
  });
  assert.deepEqual(found, wanted);
});

test('schema: the numbers of places of an older account move out of the rows of its emails', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteAccountMigrations.findIndex(({ sql }) => sql.includes('CREATE TABLE shared_email'));
  for (const { sql } of sqliteAccountMigrations.slice(0, before)) db.exec(sql);
  const insert =
    db.prepare(`INSERT INTO email (account, id, refs, thread, size_bytes, header_bytes, received_ms, prefix, envelope, body,
    bodystructure, structure) VALUES (1, ?, ?, 1, 1, 1, 1, x'', '', '', '', '')`);
  for (const [id, refs] of [
    [7, 1],
    [8, 3],
    [9, 2],
  ] as const)
    insert.run(id, refs);
  db.exec(sqliteAccountMigrations[before]?.sql ?? '');
  const rows = db.prepare('SELECT account, id, copies FROM shared_email').all();
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      [1, 8, 2],
      [1, 9, 1],
    ],
  );
  assert.equal(db.prepare('SELECT count(*) AS n FROM expunged_email').get()?.['n'], 0);
});

test('schema: emails that were stored before there were descriptions keep their texts, and have none', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteAccountMigrations.findIndex(({ sql }) => sql.includes('ADD COLUMN description'));
  for (const { sql } of sqliteAccountMigrations.slice(0, before)) db.exec(sql);
  db.exec(`INSERT INTO email (account, id, refs, thread, size_bytes, header_bytes, received_ms, prefix, envelope, body, bodystructure, structure)
    VALUES (1, 7, 1, 7, 1, 1, 1, x'', '(e)', '', '(s)', '{}')`);
  db.exec(sqliteAccountMigrations[before]?.sql ?? '');
  const row = db.prepare('SELECT envelope, bodystructure, structure, description FROM email').get();
  assert.deepEqual({ ...row }, { envelope: '(e)', bodystructure: '(s)', structure: '{}', description: null });
});

test('schema: tables that nothing used go, with their indexes, and emails stay as they are', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteAccountMigrations.findIndex(({ sql }) => sql.includes('DROP TABLE outbox'));
  for (const { sql } of sqliteAccountMigrations.slice(0, before)) db.exec(sql);
  db.exec(`INSERT INTO email (account, id, refs, thread, trained, size_bytes, header_bytes, received_ms, message_id, from_address, from_domain,
    remote_ip, remote_mask1, helo, prefix, envelope, body, bodystructure, structure)
    VALUES (1, 7, 1, 7, 1, 1, 1, 1, 'a@x', 'a@far.example', 'far.example', '192.0.2.1', '192.0.2.1', 'far.example', x'', '', '', '', '');
    INSERT INTO annotation (account, mailbox, entry, value, modseq) VALUES (1, 0, '/private/comment', x'61', 1);
    INSERT INTO outbox (account, id, kind, body, created_ms, due_ms, attempts) VALUES (1, 1, 'x', '{}', 1, 1, 0)`);
  const emails = (): unknown => db.prepare('SELECT * FROM email').all();
  const given = emails();
  db.exec(sqliteAccountMigrations[before]?.sql ?? '');
  assert.deepEqual(emails(), given);
  const left = db.prepare(`SELECT name FROM sqlite_schema WHERE name IN ('annotation', 'outbox', 'outbox_due')`).all();
  assert.deepEqual(left, []);
});

test('schema: app passwords that were made before they were bearer tokens are found by their digest', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteServerMigrations.findIndex(({ sql }) => sql.includes('app_password_digest'));
  for (const { sql } of sqliteServerMigrations.slice(0, before)) db.exec(sql);
  db.exec(`INSERT INTO app_password (account, name, scopes, created_ms, digest, scram_sha1, scram_sha256, cram_md5)
    VALUES (1, 'phone', 'mail', 1, x'0102', '', '', x'')`);
  db.exec(sqliteServerMigrations[before]?.sql ?? '');
  const find = "SELECT name FROM app_password WHERE digest = x'0102'";
  assert.deepEqual({ ...db.prepare(find).get() }, { name: 'phone' });
  const [plan] = db.prepare(`EXPLAIN QUERY PLAN ${find}`).all();
  assert.match(String(plan?.['detail']), /app_password_digest/);
});

test('schema: recipients that waited before there were submissions stay as they are, and belong to none', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteServerMigrations.findIndex(({ sql }) => sql.includes('CREATE TABLE email_submission'));
  for (const { sql } of sqliteServerMigrations.slice(0, before)) db.exec(sql);
  db.exec(`INSERT INTO queue_recipient (message, number, address, domain, lane_transport, lane_destination, state, hold, attempts, next_attempt_ms,
    notify, delay_told, last_reply_is_smtp) VALUES (1, 1, 'a@b.example', 'b.example', '', 'b.example', 'queued', 0, 2, 5, 0, 0, 0)`);
  const given = db.prepare('SELECT * FROM queue_recipient').get();
  db.exec(sqliteServerMigrations[before]?.sql ?? '');
  const now = { ...db.prepare('SELECT * FROM queue_recipient').get() };
  assert.deepEqual(now, { ...given, was_leased: null, is_final: null });
  assert.equal(db.prepare('SELECT count(*) AS n FROM email_submission').get()?.['n'], 0);
});

test('schema: an account from before sessions of pages keeps its secrets, and has no session', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteServerMigrations.findIndex(({ sql }) => sql.includes('CREATE TABLE web_session'));
  for (const { sql } of sqliteServerMigrations.slice(0, before)) db.exec(sql);
  db.exec(`INSERT INTO credential (account, changed_ms, password_hash, scram_sha1, scram_sha256, cram_md5)
    VALUES (7, 1, 'hash', 'a', 'b', x'00')`);
  db.exec(sqliteServerMigrations[before]?.sql ?? '');
  assert.deepEqual(
    { ...db.prepare('SELECT account, password_hash FROM credential').get() },
    { account: 7, password_hash: 'hash' },
  );
  assert.deepEqual(db.prepare('SELECT id FROM web_session').all(), []);
  const insert =
    db.prepare(`INSERT INTO web_session (account, login, digest, device, created_ms, last_used_ms, last_address)
    VALUES (7, 'ann', x'01', '', 1, 1, '')`);
  insert.run();
  assert.throws(() => insert.run(), /UNIQUE/);
});

test('schema: an account from before identities has none, and its emails stay as they are', () => {
  using db = new DatabaseSync(':memory:');
  const before = sqliteAccountMigrations.findIndex(({ sql }) => sql.includes('CREATE TABLE identity ('));
  for (const { sql } of sqliteAccountMigrations.slice(0, before)) db.exec(sql);
  db.exec('INSERT INTO account_state (account, modseq, next_id, next_uidvalidity) VALUES (1, 9, 4, 7)');
  db.exec(sqliteAccountMigrations[before]?.sql ?? '');
  assert.deepEqual(
    { ...db.prepare('SELECT * FROM account_state').get() },
    {
      account: 1,
      modseq: 9,
      next_id: 4,
      next_uidvalidity: 7,
    },
  );
  assert.equal(db.prepare('SELECT count(*) AS n FROM identity').get()?.['n'], 0);
});
