import type { AccountId, ContentId, MessageRowId, Uid } from '#lib/ids';
import { advance } from '#mail/changes';
import { insertContent } from '#mail/content';
import { packBlocks } from '#mail/flag-blocks';
import {
  MailboxRefusal,
  mailboxById,
  mailboxByName,
  moveCounters,
  normalizeMailboxName,
  type Mailbox,
} from '#mail/mailboxes';
import { findThread, subjectKey } from '#mail/threads';
import type { Reader, Tx } from '#ports/database';
import { counted, summed } from './counters.ts';
import { insertEmail } from './email-rows.ts';
import { newKeywordText, spelledKeywords } from './keyword-rows.ts';
import { insertPlace } from './message-rows.ts';
import type { Appended, NewMessage, Target } from './message.ts';

/** The live mailbox that a target names. @throws MailboxRefusal NONEXISTENT. */
export async function targetMailbox(reader: Reader, account: AccountId, target: Target): Promise<Mailbox> {
  const mailbox =
    'id' in target
      ? await mailboxById(reader, account, target.id)
      : await mailboxByName(reader, account, normalizeMailboxName(target.name));
  if (mailbox === null) throw new MailboxRefusal('NONEXISTENT', 'no such mailbox');
  return mailbox;
}

/** Adds messages to a mailbox: UIDs, bytes, rows, threads and counters, all in the caller's transaction. */
export async function appendMessages(
  tx: Tx,
  account: AccountId,
  target: Target,
  messages: readonly NewMessage[],
  nowMs: number,
): Promise<Appended> {
  const count = messages.length;
  const { modSeq, firstId } = await advance(tx, account, count);
  const sizes = messages.map(({ flags, prefix, body }) => ({ flags, sizeBytes: prefix.length + body.sizeBytes }));
  const by = summed(sizes.map((size) => counted(size)));
  const mailboxOrName = 'id' in target ? target.id : normalizeMailboxName(target.name);
  const seats = await moveCounters(tx, account, mailboxOrName, modSeq, by, count);
  if (seats === null) throw new MailboxRefusal('NONEXISTENT', 'no such mailbox');
  if (seats.uidNext > 0x1_0000_0000) throw new MailboxRefusal('LIMIT', 'mailbox has no UIDs left');
  const uids: Uid[] = [];
  const ids: MessageRowId[] = [];
  for (const [i, message] of messages.entries()) {
    const id = firstId + i;
    const uid = seats.uidNext - count + i;
    const thread = await findThread(tx, account, {
      clues: message.described,
      receivedMs: message.receivedMs,
      mailbox: seats.id,
      uidNext: uid,
    });
    await insertEmail(tx, account, id as ContentId, thread ?? id, message);
    await insertContent(tx, account, id as ContentId, message.body, message.described.hasNul);
    await insertPlace(tx, account, seats.id, {
      id: id as MessageRowId,
      uid,
      email: id as ContentId,
      modSeq,
      flags: message.flags,
      keywords: newKeywordText(await spelledKeywords(tx, account, message.keywords)),
      sizeBytes: message.prefix.length + message.body.sizeBytes,
      receivedMs: message.receivedMs,
      saveMs: nowMs,
      subjectKey: subjectKey(message.described.baseSubject),
    });
    uids.push(uid as Uid);
    ids.push(id as MessageRowId);
  }
  await packBlocks(tx, account, seats.id, seats.uidNext - count, seats.uidNext);
  return { mailbox: seats.id, uidValidity: seats.uidValidity, uids, ids, modSeq };
}
