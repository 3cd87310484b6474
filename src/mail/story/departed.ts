import { asciiFolded, foldAscii } from '#mail/folded-text';
import { sql, type Sql } from '#ports/database';
import { beginning, type EmailRow, type EnvelopeQuestion, type IncomingContext } from './incoming.ts';
import type { Story } from './types.ts';

/** Which messages are asked for. */
type DepartedQuestion =
  | ({ readonly kind: 'envelope' } & EnvelopeQuestion)
  | { readonly kind: 'messageId'; readonly messageId: string };

const oneDayMs = 86_400_000;

type Departed = EmailRow & { readonly email: number; readonly goneMs: number };

/**
 * Returns the stories of messages that were in an account and are in none of its mailboxes anymore; the last to go first. Those that are not erased yet
 * (`EmailEraser`) are among them: a question writes nothing.
 */
export async function departedStories(
  { id: account, name, db }: IncomingContext,
  question: DepartedQuestion,
  limit: number,
): Promise<Story[]> {
  const pending = await db.read((reader) =>
    reader.all<Departed>(sql`SELECT x.id AS email, x.gone_ms AS "goneMs", ${columns} FROM expunged_email AS x
      JOIN email ON email.account = x.account AND email.id = x.id
      WHERE x.account = ${account} AND mail_from IS NOT NULL AND ${wanted(question)}
      ORDER BY x.gone_ms DESC, x.id DESC LIMIT ${limit}`),
  );
  // Read before those that were erased, so that one which is erased in between is found, perhaps twice.
  const found = new Map(pending.map((row) => [row.email, row]));
  const span = await db.read((reader) =>
    reader.get<{ first: number | null; last: number | null }>(
      sql`SELECT min(gone_ms) AS first, max(gone_ms) AS last FROM departed WHERE account = ${account}`,
    ),
  );
  const firstMs = span?.first ?? Infinity;
  // A day at a time: no index leads to a Message-ID, as this is read seldom and written often.
  for (let untilMs = span?.last ?? 0; untilMs >= firstMs && found.size < limit + pending.length; untilMs -= oneDayMs) {
    const endMs = untilMs;
    const rows = await db.read((reader) =>
      reader.all<Departed>(sql`SELECT email, gone_ms AS "goneMs", ${columns} FROM departed
        WHERE account = ${account} AND gone_ms <= ${endMs} AND gone_ms > ${endMs - oneDayMs} AND ${wanted(question)}
        ORDER BY gone_ms DESC LIMIT ${limit}`),
    );
    for (const row of rows) found.set(row.email, row);
  }
  const latest = [...found.values()].toSorted((a, b) => b.goneMs - a.goneMs).slice(0, limit);
  return latest.map((row) => beginning(row, name, [{ kind: 'deleted', atMs: row.goneMs }]));
}

/** Columns that `email` and `departed` both have. */
const columns = sql`message_id AS "messageId", size_bytes AS "sizeBytes", received_ms AS "receivedMs",
  remote_ip AS "remoteIp", mail_from AS "mailFrom", rcpt_to AS "rcptTo", validation`;

function wanted(question: DepartedQuestion): Sql {
  if (question.kind === 'messageId') return sql`message_id = ${question.messageId}`;
  const { sender, recipient, sinceMs } = question;
  return sql`received_ms >= ${sinceMs}
    ${sender === undefined ? sql`` : sql`AND ${asciiFolded(sql`mail_from`)} = ${foldAscii(sender)}`}
    ${recipient === undefined ? sql`` : sql`AND ${asciiFolded(sql`rcpt_to`)} = ${foldAscii(recipient)}`}`;
}
