import type { OutgoingEventKind } from '#mail/webhook-outbox';
import type { Tx } from '#ports/database';
import type { Advance } from './advance.ts';
import { writeEvent } from './events.ts';
import type { LeasedMessage } from './lease.ts';
import type { LeasedRecipient } from './recipient-row.ts';
import type { OutgoingPolicy, PerAccount } from './per-account.ts';
import type { DeliveryOutcome } from './transmitter.ts';

/** Outcome of one recipient in one attempt. */
interface SettledStep {
  readonly message: LeasedMessage;
  readonly recipient: LeasedRecipient;
  readonly outcome: DeliveryOutcome;
  readonly step: Advance;
  /** The host said that the address is bad. */
  readonly badAddress: boolean;
  readonly nowMs: number;
}

const kinds: Readonly<Record<Advance['state'], OutgoingEventKind>> = {
  delivered: 'delivered',
  queued: 'delayed',
  failed: 'failed',
};

/** Draws the conclusions that the account wants of an outcome: a suppression of its address, a row for webhooks. */
export async function tellAccount(
  tx: Tx,
  { message, recipient, outcome, step, badAddress, nowMs }: SettledStep,
  { suppressions, outbox, policy }: PerAccount & { readonly policy: OutgoingPolicy },
): Promise<void> {
  const { account, id } = message;
  if (account === null) return;
  const { address } = recipient;
  const suppresses = badAddress && policy.suppressesRefused;
  if (suppresses) {
    const added = { account, address, source: 'refused', reason: step.reply, message: id } as const;
    const isNew = await suppressions.addIn(tx, added);
    const event = { atMs: nowMs, kind: 'suppressing', detail: { address, reply: step.reply } } as const;
    if (isNew) await writeEvent(tx, { message: id, recipient: recipient.id }, event);
  }
  if (!policy.tellsWebhooks) return;
  const { messageId, fromId, envid, sender: from } = message;
  const { status, reply, nextAttemptMs } = step;
  const ofMessage = { account, message: id, messageId, fromId, envid, from };
  const ofRecipient = { recipient: recipient.id, to: address, attempts: recipient.attempts + 1 };
  const host = outcome.remote?.name ?? null;
  const said = { status, reply, host, nextAttemptMs, suppresses };
  await outbox.addIn(tx, [{ kind: kinds[step.state], ...ofMessage, ...ofRecipient, ...said }], nowMs);
}
