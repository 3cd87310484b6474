import type { AccountId, ModSeq, QueueId } from '#lib/ids';
import { canBeRecalled, statusOf, type RecipientStatus, type RecipientStatusRow } from '#mail/queue';
import { inBatches, inList } from '#mail/schema';
import { sql, type Reader, type Sql, type Tx } from '#ports/database';
import type { NewSubmission, Submission, SubmissionNotice, UndoStatus } from './submission.ts';

/** Takes the next MODSEQ of an account's submissions. */
export async function advanceSubmissions(tx: Tx, account: AccountId): Promise<ModSeq> {
  const row = await tx.get<{
    modSeq: number;
  }>(sql`INSERT INTO email_submission_state (account, modseq, first_modseq) VALUES (${account}, 1, 0)
    ON CONFLICT (account) DO UPDATE SET modseq = email_submission_state.modseq + 1 RETURNING modseq AS "modSeq"`);
  if (row === undefined) throw new Error('INSERT without a row');
  return row.modSeq as ModSeq;
}

/** Returns the MODSEQ of the last change of an account's submissions, and the one from which changes are known. */
export async function submissionState(
  reader: Reader,
  account: AccountId,
): Promise<{ readonly modSeq: ModSeq | 0; readonly firstModSeq: ModSeq | 0 }> {
  const row = await reader.get<{ modSeq: ModSeq; firstModSeq: ModSeq }>(
    sql`SELECT modseq AS "modSeq", first_modseq AS "firstModSeq" FROM email_submission_state WHERE account = ${account}`,
  );
  return row ?? { modSeq: 0, firstModSeq: 0 };
}

/** Writes a submission. @returns its row id. */
export async function insertSubmission(
  tx: Tx,
  message: QueueId,
  { account, identity, email, thread, envelope, sendAtMs }: NewSubmission,
  modSeq: ModSeq,
): Promise<number> {
  const row = await tx.get<{
    id: number;
  }>(sql`INSERT INTO email_submission (account, queue_message, identity, email, thread, envelope, send_at_ms, undo,
      create_modseq, modseq)
    VALUES (${account}, ${message}, ${identity}, ${email}, ${thread}, ${envelope}, ${sendAtMs}, 'pending', ${modSeq}, ${modSeq}) RETURNING id`);
  if (row === undefined) throw new Error('INSERT without a row');
  return row.id;
}

const columns = sql`id, queue_message AS message, identity, email, thread, envelope, send_at_ms AS "sendAtMs", undo,
  create_modseq AS "createModSeq", modseq AS "modSeq"`;

/** Returns submissions of an account by their ids, at most 512. */
export async function submissionsById(
  reader: Reader,
  account: AccountId,
  ids: readonly number[],
): Promise<Submission[]> {
  return await reader.all<Submission>(
    sql`SELECT ${columns} FROM email_submission WHERE account = ${account} AND id IN ${inList(ids)}`,
  );
}

/** Returns the newest submissions of an account, the newest first. */
export async function newestSubmissions(reader: Reader, account: AccountId, limit: number): Promise<Submission[]> {
  return await reader.all<Submission>(
    sql`SELECT ${columns} FROM email_submission WHERE account = ${account} ORDER BY id DESC LIMIT ${limit}`,
  );
}

/** A submission that changed, or is gone. */
export interface ChangedSubmission {
  readonly id: number;
  readonly createModSeq: ModSeq;
  readonly modSeq: ModSeq;
}

/** Returns the first submissions that changed after a MODSEQ. */
export async function changedSubmissions(
  reader: Reader,
  account: AccountId,
  since: number,
  limit: number,
): Promise<ChangedSubmission[]> {
  return await reader.all<ChangedSubmission>(sql`SELECT id, create_modseq AS "createModSeq", modseq AS "modSeq" FROM email_submission
    WHERE account = ${account} AND modseq > ${since} ORDER BY modseq, id LIMIT ${limit}`);
}

/** Returns the first submissions that were destroyed after a MODSEQ. */
export async function destroyedSubmissions(
  reader: Reader,
  account: AccountId,
  since: number,
  limit: number,
): Promise<ChangedSubmission[]> {
  return await reader.all<ChangedSubmission>(sql`SELECT submission AS id, create_modseq AS "createModSeq", modseq AS "modSeq"
    FROM email_submission_tombstone WHERE account = ${account} AND modseq > ${since} ORDER BY modseq, submission LIMIT ${limit}`);
}

/** A submission that follows a message of the queue. */
export interface FollowingSubmission {
  readonly id: number;
  readonly account: AccountId;
  readonly message: QueueId;
}

/** Returns the submissions of messages. */
export async function submissionsOf(reader: Reader, messages: readonly QueueId[]): Promise<FollowingSubmission[]> {
  const found: FollowingSubmission[] = [];
  for (const batch of inBatches(messages)) {
    found.push(
      ...(await reader.all<FollowingSubmission>(
        sql`SELECT id, account, queue_message AS message FROM email_submission WHERE queue_message IN ${inList(batch)}`,
      )),
    );
  }
  return found;
}

/** Marks submissions as changed, and as final once one of their recipients may have left. @param ids  At most 512, as below. */
export async function touchSubmissions(tx: Tx, ids: readonly number[], modSeq: ModSeq): Promise<void> {
  await tx.run(sql`UPDATE email_submission SET modseq = ${modSeq},
    undo = CASE WHEN undo = 'pending' AND NOT ${canBeRecalled(sql`email_submission.queue_message`)} THEN 'final' ELSE undo END
    WHERE id IN ${inList(ids)}`);
}

/** Sets whether a submission can be taken back. */
export async function setUndo(tx: Tx, id: number, undo: UndoStatus, modSeq: ModSeq): Promise<void> {
  await tx.run(sql`UPDATE email_submission SET undo = ${undo}, modseq = ${modSeq} WHERE id = ${id}`);
}

/** Keeps what the queue is about to forget. @param recipients  Selection of #mail/queue. */
export async function keepRecipients(tx: Tx, recipients: Sql): Promise<void> {
  await tx.run(sql`INSERT INTO email_submission_recipient (submission, number, address, state, is_final, last_status, last_reply, last_reply_is_smtp)
    SELECT s.id, r.number, r.address, r.state, r.is_final, r.last_status, r.last_reply, r.last_reply_is_smtp
    FROM (${recipients}) AS r JOIN email_submission AS s ON s.queue_message = r.message
    WHERE 1 = 1 ON CONFLICT DO NOTHING`);
}

/** Returns the recipients of a submission that the queue has forgotten. */
export async function keptRecipients(reader: Reader, id: number, limit: number): Promise<RecipientStatus[]> {
  const rows =
    await reader.all<RecipientStatusRow>(sql`SELECT number, address, state, is_final AS "isFinal", last_status AS "lastStatus", last_reply AS "lastReply",
    last_reply_is_smtp AS "lastReplyIsSmtp" FROM email_submission_recipient WHERE submission = ${id} ORDER BY number LIMIT ${limit}`);
  return rows.map(statusOf);
}

/** Writes a notice, unless there are `most` already. @returns false then. */
export async function insertNotice(
  tx: Tx,
  submission: number,
  { number, action, reply, messageId }: SubmissionNotice,
  most: number,
): Promise<boolean> {
  const row = await tx.get<{ count: number }>(
    sql`SELECT count(*) AS count FROM email_submission_notice WHERE submission = ${submission}`,
  );
  if ((row?.count ?? 0) >= most) return false;
  await tx.run(sql`INSERT INTO email_submission_notice (submission, number, action, reply, message_id)
    VALUES (${submission}, ${number}, ${action}, ${reply}, ${messageId})`);
  return true;
}

/** Returns the notices about a submission, oldest first. */
export async function noticesOf(reader: Reader, submission: number, limit: number): Promise<SubmissionNotice[]> {
  return await reader.all<SubmissionNotice>(sql`SELECT number, action, reply, message_id AS "messageId" FROM email_submission_notice
    WHERE submission = ${submission} ORDER BY id LIMIT ${limit}`);
}

/** Removes submissions of an account, and remembers that they are gone. */
export async function removeSubmissions(
  tx: Tx,
  account: AccountId,
  ids: readonly number[],
  { modSeq, nowMs }: { readonly modSeq: ModSeq; readonly nowMs: number },
): Promise<void> {
  const list = inList(ids);
  await tx.run(sql`INSERT INTO email_submission_tombstone (account, modseq, submission, create_modseq, at_ms)
    SELECT account, CAST(${modSeq} AS BIGINT), id, create_modseq, CAST(${nowMs} AS BIGINT) FROM email_submission
    WHERE account = ${account} AND id IN ${list}`);
  await tx.run(sql`DELETE FROM email_submission_notice WHERE submission IN ${list}`);
  await tx.run(sql`DELETE FROM email_submission_recipient WHERE submission IN ${list}`);
  await tx.run(sql`DELETE FROM email_submission WHERE id IN ${list}`);
}

/** Returns submissions that were released at `beforeMs` or earlier and cannot be taken back. */
export async function oldSubmissions(
  reader: Reader,
  beforeMs: number,
  limit: number,
): Promise<Pick<FollowingSubmission, 'id' | 'account'>[]> {
  return await reader.all(sql`SELECT id, account FROM email_submission
    WHERE send_at_ms <= ${beforeMs} AND undo <> 'pending' ORDER BY send_at_ms LIMIT ${limit}`);
}

/** Returns an account after another one that has more than `most` submissions, with the newest of those that are too many; null when there is none. */
export async function crowdedAccount(
  reader: Reader,
  after: number,
  most: number,
): Promise<{ readonly account: AccountId; readonly newest: number | null } | null> {
  const row = await reader.get<{ account: AccountId }>(
    sql`SELECT account FROM email_submission_state WHERE account > ${after} ORDER BY account LIMIT 1`,
  );
  if (row === undefined) return null;
  const { account } = row;
  const newest = await reader.get<{ id: number }>(
    sql`SELECT id FROM email_submission WHERE account = ${account} ORDER BY id DESC LIMIT 1 OFFSET ${most}`,
  );
  return { account, newest: newest?.id ?? null };
}

/** Returns the oldest submissions of an account up to one of them that cannot be taken back. */
export async function oldestSubmissions(
  reader: Reader,
  account: AccountId,
  upTo: number,
  limit: number,
): Promise<number[]> {
  const rows = await reader.all<{ id: number }>(sql`SELECT id FROM email_submission
    WHERE account = ${account} AND id <= ${upTo} AND undo <> 'pending' ORDER BY id LIMIT ${limit}`);
  return rows.map(({ id }) => id);
}

/** Forgets submissions that were destroyed at `beforeMs` or earlier. @returns how many. */
export async function forgetDestroyed(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  const rows = await tx.all<{
    account: AccountId;
    modSeq: ModSeq;
    id: number;
  }>(sql`SELECT account, modseq AS "modSeq", submission AS id
    FROM email_submission_tombstone WHERE at_ms <= ${beforeMs} ORDER BY at_ms LIMIT ${limit}`);
  for (const { account, modSeq, id } of rows) {
    await tx.run(
      sql`DELETE FROM email_submission_tombstone WHERE account = ${account} AND modseq = ${modSeq} AND submission = ${id}`,
    );
    await tx.run(
      sql`UPDATE email_submission_state SET first_modseq = ${modSeq} WHERE account = ${account} AND first_modseq < ${modSeq}`,
    );
  }
  return rows.length;
}
