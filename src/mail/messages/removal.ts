import { SystemFlag } from '#lib/flags';
import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { advance } from '#mail/changes';
import { removeStates } from '#mail/flag-blocks';
import { moveCounters } from '#mail/mailboxes';
import type { Tx } from '#ports/database';
import { counted, summed } from './counters.ts';
import { dropPlaces } from './email-places.ts';
import { messageLimits } from './limits.ts';
import { buryPlaces, deletePlaces, firstPlaces, selectPlaces } from './message-rows.ts';
import type { Logged, Place, Removed } from './message.ts';

/** Removes those messages among `uids` that have \Deleted (RFC 9051 §6.4.3, RFC 4315 §2.1). @returns the UIDs that went. */
export async function expungeMessages(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
  nowMs: number,
): Promise<Removed & Logged> {
  const places = (await selectPlaces(tx, account, mailbox, uids)).filter(
    ({ flags }) => (flags & SystemFlag.Deleted) !== 0,
  );
  return await removeWithModSeq(tx, account, mailbox, places, nowMs);
}

/** Removes messages whatever their flags. @returns the UIDs that went. */
export async function removeMessages(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
  nowMs: number,
): Promise<Removed & Logged> {
  return await removeWithModSeq(tx, account, mailbox, await selectPlaces(tx, account, mailbox, uids), nowMs);
}

/** Removes the first messages of a mailbox, which may be gone itself, at least `atLeast` when there are as many. @returns whether some may be left. */
export async function removeFirst(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  atLeast: number,
  nowMs: number,
): Promise<boolean> {
  const limit = Math.min(atLeast, messageLimits.readMessages);
  for (let removed = 0; removed < atLeast; removed += limit) {
    const places = await firstPlaces(tx, account, mailbox, limit);
    await removeWithModSeq(tx, account, mailbox, places, nowMs);
    if (places.length < limit) return false;
  }
  return true;
}

async function removeWithModSeq(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  places: readonly Place[],
  nowMs: number,
): Promise<Removed & Logged> {
  if (places.length === 0) return { modSeq: null, uids: [] };
  const { modSeq } = await advance(tx, account);
  await removePlaces(tx, account, mailbox, places, modSeq, nowMs);
  return { modSeq, uids: places.map(({ uid }) => uid) };
}

/** Removes places of one mailbox: tombstones, rows, counters; emails that have no place left are recorded for `EmailEraser`. */
async function removePlaces(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  places: readonly Place[],
  modSeq: ModSeq,
  nowMs: number,
): Promise<void> {
  const uids = places.map(({ uid }) => uid);
  const emails = places.map(({ email }) => email);
  await buryPlaces(tx, account, mailbox, uids, modSeq);
  await dropPlaces(tx, account, { mailbox, uids, emails }, nowMs);
  await deletePlaces(tx, account, mailbox, uids);
  await removeStates(tx, account, mailbox, uids);
  await moveCounters(tx, account, mailbox, modSeq, summed(places.map((place) => counted(place, -1))));
}
