import { mailboxId, type AccountId, type MailboxId, type ModSeq, type UidValidity } from '#lib/ids';
import { advance, currentModSeq, takeIds, takeUidValidity } from '#mail/changes';
import { pushStates } from '#mail/flag-blocks';
import { dropStage, insertStage } from '#mail/mailboxes';
import type { Tx } from '#ports/database';
import { targetMailbox } from './append.ts';
import { addPlaces } from './email-places.ts';
import { messageLimits } from './limits.ts';
import { copyPlaces, firstPlaces, selectPlaces } from './message-rows.ts';
import type { Copied, Logged, Target } from './message.ts';
import { seatPlaces, seated } from './transfer.ts';

/**
 * A long COPY under way. One transaction for rows, flags and numbers of places of a hundred thousand messages would hold the event loop
 * at its end; so the copies first come into a mailbox that is gone as others see it, some in each transaction, and move from there to the target in one
 * (RFC 9051 §6.4.7). What a crash leaves goes as the messages of deleted mailboxes do.
 */
export interface Stage {
  readonly stage: MailboxId;
  readonly target: MailboxId;
  readonly uidValidity: UidValidity;
}

/** Begins a long COPY. @throws MailboxRefusal NONEXISTENT. */
export async function openStage(tx: Tx, account: AccountId, target: Target): Promise<Stage> {
  const { id, uidValidity } = await targetMailbox(tx, account, target);
  const stage = mailboxId(await takeIds(tx, account, 1));
  const modSeq = await stateOf(tx, account);
  await insertStage(tx, account, { id: stage, uidValidity: await takeUidValidity(tx, account), modSeq });
  return { stage, target: id, uidValidity };
}

/** Copies some messages into the stage, behind `done` others. @returns the UIDs of those that exist. */
export async function stageCopies(
  tx: Tx,
  account: AccountId,
  from: MailboxId,
  uids: readonly number[],
  { stage, done }: { readonly stage: MailboxId; readonly done: number },
  nowMs: number,
): Promise<number[]> {
  const places = await selectPlaces(tx, account, from, uids);
  if (places.length === 0) return [];
  // Nothing visible changes yet, so no MODSEQ is taken.
  const modSeq = await stateOf(tx, account);
  const firstId = await takeIds(tx, account, places.length);
  const found = places.map(({ uid }) => uid);
  const firstUid = done + 1;
  await copyPlaces(tx, account, { from, to: stage, uids: found, firstUid, modSeq, saveMs: nowMs }, firstId);
  await pushStates(tx, account, stage, seated(places, firstUid, modSeq));
  await addPlaces(tx, account, { mailbox: from, uids: found, emails: places.map(({ email }) => email) });
  return found;
}

/** Moves all copies from the stage to the target, with one MODSEQ. @throws MailboxRefusal NONEXISTENT when the target went meanwhile. */
export async function finishStage(
  tx: Tx,
  account: AccountId,
  { stage, target, uidValidity }: Stage,
  uids: readonly number[],
  nowMs: number,
): Promise<Copied & Logged> {
  await targetMailbox(tx, account, { id: target });
  const to: number[] = [];
  if (uids.length === 0) {
    await dropStage(tx, account, stage);
    return { uidValidity, from: [], to, modSeq: null };
  }
  const { modSeq } = await advance(tx, account);
  const mailboxes = { from: stage, to: target };
  for (let places; (places = await firstPlaces(tx, account, stage, messageLimits.readMessages)).length > 0;) {
    const firstUid = await seatPlaces(tx, account, mailboxes, places, modSeq, nowMs);
    for (let i = 0; i < places.length; i += 1) to.push(firstUid + i);
  }
  await dropStage(tx, account, stage);
  return { uidValidity, from: uids, to, modSeq };
}

async function stateOf(tx: Tx, account: AccountId): Promise<ModSeq> {
  const modSeq = await currentModSeq(tx, account);
  if (modSeq === null) throw new Error(`account ${account} has no state`);
  return modSeq;
}
