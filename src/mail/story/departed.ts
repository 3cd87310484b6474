import { sql, type Sql } from '#ports/database';
import { beginning, type EmailRow, type EnvelopeQuestion, type IncomingContext } from './incoming.ts';
import type { Story } from './types.ts';

/** Which messages are asked for. */
type DepartedQuestion =
  | ({ readonly kind: 'envelope' } & EnvelopeQuestion)
  | { readonly kind: 'messageId'; readonly messageId: string };

const oneDayMs = 86_400_000;

/** The stories of messages that were in an account and are in none of its mailboxes any more; the last to go first. */
export async function departedStories(
  { id: account, name, db }: IncomingContext,
  question: DepartedQuestion,
  limit: number,
): Promise<Story[]> {
  const span = await db.read((reader) =>
    reader.get<{ first: number | null; last: number | null }>(
      sql`SELECT min(gone_ms) AS first, max(gone_ms) AS last FROM departed WHERE account = ${account}`,
    ),
  );
  const stories: Story[] = [];
  const firstMs = span?.first ?? Infinity;
  // A day at a time: no index leads to a Message-ID, as this is read seldom and written often.
  for (let untilMs = span?.last ?? 0; untilMs >= firstMs && stories.length < limit; untilMs -= oneDayMs) {
    const endMs = untilMs;
    const rows = await db.read((reader) =>
      reader.all<EmailRow & { readonly goneMs: number }>(sql`SELECT gone_ms AS "goneMs", message_id AS "messageId",
        size_bytes AS "sizeBytes", received_ms AS "receivedMs", remote_ip AS "remoteIp", mail_from AS "mailFrom", rcpt_to AS "rcptTo", validation FROM departed
        WHERE account = ${account} AND gone_ms <= ${endMs} AND gone_ms > ${endMs - oneDayMs} AND ${wanted(question)}
        ORDER BY gone_ms DESC LIMIT ${limit - stories.length}`),
    );
    for (const { goneMs, ...row } of rows) stories.push(beginning(row, name, [{ kind: 'deleted', atMs: goneMs }]));
  }
  return stories;
}

function wanted(question: DepartedQuestion): Sql {
  if (question.kind === 'messageId') return sql`message_id = ${question.messageId}`;
  const { sender, recipient, sinceMs } = question;
  return sql`received_ms >= ${sinceMs}
    ${sender === undefined ? sql`` : sql`AND lower(mail_from) = ${sender.toLowerCase()}`}
    ${recipient === undefined ? sql`` : sql`AND lower(rcpt_to) = ${recipient.toLowerCase()}`}`;
}
