import { crc32 } from 'node:zlib';
import type { Address } from '#lib/address';
import type { QueueId, RecipientId } from '#lib/ids';
import type { Suppression } from '#mail/suppressions';
import { sql, type Tx } from '#ports/database';
import { wantsNotice } from './advance.ts';
import { writeEvent, type NewQueueEvent } from './events.ts';
import type { Reservation } from './express.ts';
import { finishMessages } from './finish.ts';
import { holdRuleFor, readHoldRules } from './hold-rules.ts';
import type { Lane } from './lane.ts';
import { noticeId } from './notice-id.ts';
import type { OutgoingPolicy, PerAccount } from './per-account.ts';
import type { LeasedRecipient } from './recipient-row.ts';
import { giveUp, insertRecipient, oweNotice } from './recipient-rows.ts';
import { addressText, domainOf, senderText } from './stored-address.ts';
import type { NewFailure, NewMessage, NewRecipient } from './types.ts';

/** Arguments of `insertMessage` besides the message. */
interface EnqueueContext {
  readonly nowMs: number;
  readonly keepFinishedMs: number;
  readonly laneOf: (domain: string) => Lane;
  /** Null when accounts have no wishes. */
  readonly perAccount: (PerAccount & { readonly policy: OutgoingPolicy | null }) | null;
  /** Name of the account for people, null when it has none. */
  readonly accountName: string | null;
  /** Lease of the recipients that may be tried at once, null when all of them wait. */
  readonly reservation: Reservation | null;
  /** Writes what belongs to the message, with its row there and before its recipients; null for nothing. */
  readonly also: ((tx: Tx, message: QueueId) => Promise<void>) | null;
}

/** Rows that `insertMessage` wrote. */
export interface Inserted {
  readonly id: QueueId;
  /** Reverse-path as its row has it. */
  readonly sender: string;
  readonly startMs: number;
  /** Recipients that are leased. */
  readonly leased: readonly LeasedRecipient[];
  /** Recipients that wait to be found. */
  readonly waiting: number;
}

/** Writes a message with its recipients: those that are leased or wait, those that a rule holds, and those that have failed already: suppressed or refused. */
export async function insertMessage(tx: Tx, message: NewMessage, context: EnqueueContext): Promise<Inserted> {
  const { nowMs, perAccount, laneOf, reservation } = context;
  const startMs = Math.max(nowMs, message.holdUntilMs ?? 0);
  const sender = senderText(message.sender);
  const id = await insertMessageRow(tx, message, { sender, nowMs, startMs });
  await context.also?.(tx, id);
  const { account, recipients } = message;
  const suppressed =
    account === null || perAccount === null
      ? new Map<Address, Suppression>()
      : await perAccount.suppressions.findIn(
          tx,
          account,
          recipients.map(({ address }) => address),
        );
  const rules = await readHoldRules(tx);
  const senderDomain = message.sender === null ? '' : domainOf(message.sender);
  const failed: FailedRecipient[] = [];
  const leased: LeasedRecipient[] = [];
  for (const [i, recipient] of recipients.entries()) {
    const number = i + 1;
    const { notify = 0, orcpt = null } = recipient;
    const address = addressText(recipient.address);
    const domain = domainOf(recipient.address);
    const failure = failureOf(recipient, suppressed.get(recipient.address) ?? null, context.accountName);
    const rule = holdRuleFor(rules, { account, senderDomain, recipientDomain: domain });
    const isHeld = failure === null && rule !== null;
    const lane = laneOf(domain);
    const lease = isHeld || failure !== null ? null : reservation;
    const recipientId = await insertRecipient(tx, {
      message: id,
      number,
      address,
      domain,
      lane,
      lease,
      isHeld,
      nextAttemptMs: startMs,
      notify,
      orcpt,
    });
    if (failure !== null) failed.push({ id: recipientId, recipient, failure });
    if (lease !== null) leased.push(untried({ id: recipientId, message: id, number, address, domain, notify, orcpt }));
    if (isHeld) {
      const detail = { rule: rule.id, reason: rule.reason };
      await writeEvent(tx, { message: id, recipient: recipientId }, { atMs: nowMs, kind: 'heldByRule', detail });
    }
  }
  if (failed.length > 0) await failAtOnce(tx, { id, message, failed }, context);
  return { id, sender, startMs, leased, waiting: recipients.length - leased.length - failed.length };
}

/** Returns a recipient of which nothing is known yet but what the submitter said. */
function untried(
  given: Pick<LeasedRecipient, 'id' | 'message' | 'number' | 'address' | 'domain' | 'notify' | 'orcpt'>,
): LeasedRecipient {
  return { ...given, transport: null, tls: null, attempts: 0, delayTold: 0, releasedMs: null };
}

async function insertMessageRow(
  tx: Tx,
  message: NewMessage,
  { sender, nowMs, startMs }: { readonly sender: string; readonly nowMs: number; readonly startMs: number },
): Promise<QueueId> {
  const { body } = message;
  const bodySizeBytes = body.kind === 'inline' ? body.bytes.length : body.sizeBytes;
  const checksum = body.kind === 'inline' ? crc32(body.bytes) : body.crc32;
  const row = await tx.get<{ id: QueueId }>(sql`INSERT INTO queue_message
    (account, sender, message_id, envid, ret, tls, has_8bit, smtputf8, prefix, body_size_bytes, crc32, blob_id, received_ms, start_ms,
      origin, from_id)
    VALUES (${message.account}, ${sender}, ${message.messageId}, ${message.envid ?? null}, ${message.ret ?? null},
      ${message.tls ?? 'default'}, ${message.has8bit}, ${message.smtputf8}, ${message.prefix}, ${bodySizeBytes}, ${checksum},
      ${body.kind === 'blob' ? body.id : null}, ${nowMs}, ${startMs},
      ${message.origin ?? null}, ${message.fromId ?? null}) RETURNING id`);
  if (row === undefined) throw new Error('INSERT without a row');
  if (body.kind === 'inline') {
    await tx.run(sql`INSERT INTO queue_content (message, bytes) VALUES (${row.id}, ${body.bytes})`);
  }
  return row.id;
}

/** Reason why a recipient has failed before it was tried, as its row and its event have it. */
interface Failure extends NewFailure {
  readonly event: Pick<NewQueueEvent, 'kind' | 'detail'> & { readonly kind: 'suppressed' | 'failed' };
}

interface FailedRecipient {
  readonly id: RecipientId;
  readonly recipient: NewRecipient;
  readonly failure: Failure;
}

/** RFC 3463 §3.8: x.7.1 is for filtering by recipient, at any place; what a host once said of the mailbox is in the text. */
const suppressedStatus = '5.7.1';

/** Returns why a recipient is not tried: it was refused, or its account does not send to it any more; null when it is tried. */
function failureOf(
  { failure }: NewRecipient,
  suppression: Suppression | null,
  accountName: string | null,
): Failure | null {
  if (failure !== undefined) return { ...failure, event: { kind: 'failed', detail: { reason: failure.reason } } };
  if (suppression === null) return null;
  const { address, source, reason, createdMs: sinceMs } = suppression;
  return {
    status: suppressedStatus,
    reason: reasonFor(suppression, accountName),
    event: { kind: 'suppressed', detail: { address, source, reason, sinceMs } },
  };
}

/** Gives up recipients before the first attempt, and records what their sender and webhooks are owed. */
async function failAtOnce(
  tx: Tx,
  {
    id,
    message,
    failed,
  }: { readonly id: QueueId; readonly message: NewMessage; readonly failed: readonly FailedRecipient[] },
  { nowMs, keepFinishedMs, perAccount }: Pick<EnqueueContext, 'nowMs' | 'keepFinishedMs' | 'perAccount'>,
): Promise<void> {
  const { account } = message;
  const sender = senderText(message.sender);
  const told = failed.filter(({ recipient }) => wantsNotice({ sender, notify: recipient.notify ?? 0 }, 'failed'));
  for (const one of failed) {
    const { recipient, failure } = one;
    const { status, reason: reply } = failure;
    await giveUp(tx, [one.id], { nowMs, status, reply });
    await writeEvent(tx, { message: id, recipient: one.id }, { atMs: nowMs, ...failure.event });
    if (account === null || perAccount?.policy?.tellsWebhooks !== true) continue;
    const outcome = {
      status,
      reply,
      host: null,
      attempts: 0,
      nextAttemptMs: null,
      suppresses: false,
    };
    const ofMessage = {
      account,
      message: id,
      messageId: message.messageId,
      envid: message.envid ?? null,
      from: sender,
    };
    const event = {
      kind: failure.event.kind,
      ...ofMessage,
      fromId: message.fromId ?? null,
      recipient: one.id,
      to: addressText(recipient.address),
      ...outcome,
    } as const;
    await perAccount.outbox.addIn(tx, [event], nowMs);
  }
  if (told.length > 0) {
    const ids = told.map((one) => one.id);
    await oweNotice(tx, ids, { id: noticeId('failed', told), kind: 'failed', dueMs: nowMs });
  }
  const follower = perAccount?.follower ?? null;
  await follower?.changedIn(tx, [id]);
  await finishMessages(tx, [id], { nowMs, keepFinishedMs, follower });
}

const sources = {
  operator: 'an operator said so',
  refused: 'a host had refused the address',
  notice: 'a notice of failure had come back',
} as const;

/** Explains to the sender why a suppressed recipient is not tried: source, date, duration, and how to lift it. */
function reasonFor({ address, source, reason, createdMs, untilMs }: Suppression, accountName: string | null): string {
  const since = dayOf(createdMs);
  const when = untilMs === null ? 'again' : `before ${dayOf(untilMs)}`;
  return [
    `not tried: this account has sent nothing to ${address} since ${since}, as ${sources[source]}${reason === '' ? '' : ':'}`,
    ...(reason === '' ? [] : [reason]),
    `To send to it ${when}, have it taken off the suppression list: godwit suppression remove ${accountName ?? 'ACCOUNT'} ${address}`,
  ].join('\n');
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
