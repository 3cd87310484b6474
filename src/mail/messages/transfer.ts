import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { advance } from '#mail/changes';
import { pushStates, removeStates, type BlockEntry } from '#mail/flag-blocks';
import { MailboxRefusal, moveCounters } from '#mail/mailboxes';
import type { Tx } from '#ports/database';
import { targetMailbox } from './append.ts';
import { counted, summed } from './counters.ts';
import { addPlaces } from './email-places.ts';
import { buryPlaces, copyPlaces, movePlaces, selectPlaces } from './message-rows.ts';
import type { Copied, Logged, Place, Target } from './message.ts';

/** Copies messages with flags and dates; bytes and description are shared (RFC 9051 §6.4.7). */
export async function copyMessages(
  tx: Tx,
  account: AccountId,
  from: MailboxId,
  uids: ArrayLike<number>,
  target: Target,
  nowMs: number,
): Promise<Copied & Logged> {
  const { id: to, uidValidity } = await targetMailbox(tx, account, target);
  const places = await selectPlaces(tx, account, from, uids);
  if (places.length === 0) return { uidValidity, from: [], to: [], modSeq: null };
  const { modSeq, firstId } = await advance(tx, account, places.length);
  const firstUid = await takeSeats(tx, account, to, places, modSeq);
  const found = places.map(({ uid }) => uid);
  await copyPlaces(tx, account, { from, to, uids: found, firstUid, modSeq, saveMs: nowMs }, firstId);
  await pushStates(tx, account, to, seated(places, firstUid, modSeq));
  await addPlaces(tx, account, { mailbox: from, uids: found, emails: places.map(({ email }) => email) });
  return { uidValidity, from: found, to: found.map((_, i) => firstUid + i), modSeq };
}

/** Moves messages: rows keep their ids and get new UIDs, and leave tombstones where they were (RFC 6851 §3.3). */
export async function moveMessages(
  tx: Tx,
  account: AccountId,
  from: MailboxId,
  uids: ArrayLike<number>,
  target: Target,
  nowMs: number,
): Promise<Copied & Logged> {
  const { id: to, uidValidity } = await targetMailbox(tx, account, target);
  const places = await selectPlaces(tx, account, from, uids);
  if (places.length === 0) return { uidValidity, from: [], to: [], modSeq: null };
  const { modSeq } = await advance(tx, account);
  const firstUid = await moveBetween(tx, account, { from, to }, places, modSeq, nowMs);
  return { uidValidity, from: places.map(({ uid }) => uid), to: places.map((_, i) => firstUid + i), modSeq };
}

/** Moves places between mailboxes in a write that has its MODSEQ. @returns the first of their new UIDs. */
export async function moveBetween(
  tx: Tx,
  account: AccountId,
  { from, to }: { readonly from: MailboxId; readonly to: MailboxId },
  places: readonly Place[],
  modSeq: ModSeq,
  nowMs: number,
): Promise<number> {
  const uids = places.map(({ uid }) => uid);
  await buryPlaces(tx, account, from, uids, modSeq);
  await moveCounters(tx, account, from, modSeq, summed(places.map((place) => counted(place, -1))));
  return await seatPlaces(tx, account, { from, to }, places, modSeq, nowMs);
}

/** Moves places to a mailbox, whatever becomes of the one where they were. @returns the first of their new UIDs. */
export async function seatPlaces(
  tx: Tx,
  account: AccountId,
  { from, to }: { readonly from: MailboxId; readonly to: MailboxId },
  places: readonly Place[],
  modSeq: ModSeq,
  nowMs: number,
): Promise<number> {
  const uids = places.map(({ uid }) => uid);
  const firstUid = await takeSeats(tx, account, to, places, modSeq);
  await movePlaces(tx, account, { from, to, uids, firstUid, modSeq, saveMs: nowMs });
  await removeStates(tx, account, from, uids);
  await pushStates(tx, account, to, seated(places, firstUid, modSeq));
  return firstUid;
}

/** The states of places at their new UIDs. */
export function seated(places: readonly Place[], firstUid: number, modSeq: ModSeq): BlockEntry[] {
  return places.map(({ flags, keywords }, i) => ({ uid: firstUid + i, flags, keywords, modSeq }));
}

/** Counts places in and takes their UIDs. @returns the first UID. */
async function takeSeats(
  tx: Tx,
  account: AccountId,
  mailbox: MailboxId,
  places: readonly Place[],
  modSeq: ModSeq,
): Promise<number> {
  const by = summed(places.map((place) => counted(place)));
  const seats = await moveCounters(tx, account, mailbox, modSeq, by, places.length);
  if (seats === null) throw new MailboxRefusal('NONEXISTENT', 'no such mailbox');
  if (seats.uidNext > 0x1_0000_0000) throw new MailboxRefusal('LIMIT', 'mailbox has no UIDs left');
  return seats.uidNext - places.length;
}
