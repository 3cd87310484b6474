import type { Address } from '#lib/address';
import { showReply } from '#lib/smtp';
import { placeInQueue, type ReceivedBody } from '#mail/content';
import type { Verdict } from '#mail/inbound';
import type { NewMessage, Queue } from '#mail/queue';
import { acceptanceOf, writeOrigin } from '#mail/story';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { SessionFacts } from '#proto/smtp-server';

/** Dependencies of the leftovers of a message. */
interface LeftoversDeps {
  readonly queue: Queue;
  readonly blobs: BlobStore;
  readonly clock: Pick<Clock, 'now'>;
}

/** Recipients who did not get a message when others got it. */
interface Leftovers {
  /** Client that brought the message. */
  readonly facts: SessionFacts;
  /** Null for the null reverse-path. */
  readonly sender: Address | null;
  readonly addresses: readonly Address[];
  readonly body: ReceivedBody;
  readonly has8bit: boolean;
  readonly smtputf8: boolean;
}

/** Wait in ms before a refused copy would be tried, should we stop before it is given up. */
const refusedWaitMs = 60 * 60_000;

/** Puts the rest of a transaction into the queue, from where it comes back to our own SMTP port; durable when it resolves. */
export async function enqueueLeftovers({ queue, blobs }: LeftoversDeps, leftovers: Leftovers): Promise<void> {
  // Others have the message already: it cannot be refused any more.
  await queue.enqueue(await queued(blobs, leftovers, null), 'reserve');
}

/**
 * Reports to the sender that some recipients do not get the message; durable when it resolves. The copy is given up in the queue, which makes
 * the DSN. After a crash in between it is tried, and comes back to our own SMTP port to be judged again.
 */
export async function reportRefused(
  { queue, blobs, clock }: LeftoversDeps,
  leftovers: Leftovers,
  { reply, explanation }: Extract<Verdict, { readonly kind: 'refuse' }>,
): Promise<void> {
  const message = await queued(blobs, leftovers, explanation);
  const id = await queue.enqueue({ ...message, holdUntilMs: clock.now() + refusedWaitMs }, 'reserve');
  await queue.fail({ message: id }, showReply(reply));
}

async function queued(
  blobs: BlobStore,
  { facts, sender, addresses, body, has8bit, smtputf8 }: Leftovers,
  explanation: string | null,
): Promise<NewMessage> {
  const origin = { kind: 'leftover', by: acceptanceOf(facts), ...(explanation !== null && { explanation }) } as const;
  return {
    account: null,
    sender,
    recipients: addresses.map((address) => ({ address })),
    prefix: new Uint8Array(0),
    body: await placeInQueue(blobs, body),
    has8bit,
    smtputf8,
    messageId: null,
    origin: writeOrigin(origin),
  };
}
