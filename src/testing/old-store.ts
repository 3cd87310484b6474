import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteAccountMigrations, sqliteServerMigrations } from '#mail/schema';

/** Versions of the schemas of the first release. */
const firstVersions = { server: 2, account: 1 } as const;

/** Inserts into the columns that the first release had. */
const accountRows = `
INSERT INTO account_state (account, modseq, next_id, next_uidvalidity) VALUES (1, 3, 4, 1001);
INSERT INTO mailbox (account, id, name, special_use, uidvalidity, uidnext, create_modseq, modseq, message_modseq, total, unseen, deleted,
  size_bytes, deleted_size_bytes, expunged) VALUES (1, 1, 'INBOX', '', 1000, 3, 1, 1, 3, 2, 2, 0, 43, 0, 0);
INSERT INTO message (account, mailbox, uid, id, email, modseq, create_modseq, flags, keywords, size_bytes, received_ms, save_ms, subject_key)
  VALUES (1, 1, 1, 2, 2, 2, 2, 0, '', 27, 5, 6, 0), (1, 1, 2, 3, 3, 3, 3, 0, '', 16, 5, 6, 0);
INSERT INTO email (account, id, refs, thread, size_bytes, header_bytes, received_ms, message_id, mail_from, remote_ip, rcpt_to, prefix, envelope,
  body, bodystructure, structure)
  VALUES (1, 2, 1, 2, 27, 21, 5, 'a@x', 'bob@far.example', '192.0.2.1', 'mara@example.org', x'', '()', '()', '()', '{"o":[0,21,27,1]}'),
  (1, 3, 1, 3, 16, 9, 5, NULL, NULL, NULL, NULL, x'', '()', '()', '()', '{"o":[0,9,16,1]}');
INSERT INTO content (account, id, size_bytes, has_nul, blob_id, bytes) VALUES
  (1, 2, 27, 0, NULL, CAST('Message-ID: <a@x>' || char(13, 10, 13, 10) || 'Hello' || char(13) AS BLOB)),
  (1, 3, 16, 0, NULL, CAST('To: x' || char(13, 10, 13, 10) || 'Hello' || char(13, 10) AS BLOB));
`;

/** Writes the databases of the first release: the account `mara` with two messages, 27 and 16 bytes long. */
export function writeOldStore(directory: string): void {
  write(join(directory, 'server.db'), sqliteServerMigrations.slice(0, firstVersions.server), serverRows);
  mkdirSync(join(directory, 'accounts', '1'), { recursive: true });
  write(
    join(directory, 'accounts', '1', 'account.db'),
    sqliteAccountMigrations.slice(0, firstVersions.account),
    accountRows,
  );
}

const serverRows = `INSERT INTO account (name, state, created_ms) VALUES ('mara', 'active', 4);`;

function write(path: string, migrations: typeof sqliteAccountMigrations, rows: string): void {
  using database = new DatabaseSync(path);
  for (const { sql } of migrations) database.exec(sql);
  database.exec(rows);
  database.exec(`PRAGMA user_version = ${migrations.length}`);
}
