import type { Address } from '#lib/address';
import { showReply } from '#lib/smtp';
import { placeInQueue, type ReceivedBody } from '#mail/content';
import type { Verdict } from '#mail/inbound';
import type { NewFailure, NewMessage, Queue } from '#mail/queue';
import { acceptanceOf, writeOrigin } from '#mail/story';
import type { BlobStore } from '#ports/blobs';
import type { SessionFacts } from '#proto/smtp-server';

/** Dependencies of the leftovers of a message. */
interface LeftoversDeps {
  readonly queue: Queue;
  readonly blobs: BlobStore;
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

/** RFC 3463 §3.8: X.7.0, a matter of security or policy, for refusals without a status of their own. */
const refusedStatus = '5.7.0';

/** Puts the rest of a transaction into the queue, from where it comes back to our own SMTP port; durable when it resolves. */
export async function enqueueLeftovers({ queue, blobs }: LeftoversDeps, leftovers: Leftovers): Promise<void> {
  // Others have the message already: it cannot be refused any more.
  await queue.enqueue(await queued(blobs, leftovers), 'reserve');
}

/** Reports to the sender that some recipients do not get the message: they fail in the queue at once, which makes the DSN; durable when it resolves. */
export async function reportRefused(
  { queue, blobs }: LeftoversDeps,
  leftovers: Leftovers,
  { reply, explanation }: Extract<Verdict, { readonly kind: 'refuse' }>,
): Promise<void> {
  const failure = { status: reply.enhanced ?? refusedStatus, reason: showReply(reply) };
  await queue.enqueue(await queued(blobs, leftovers, { explanation, failure }), 'reserve');
}

async function queued(
  blobs: BlobStore,
  { facts, sender, addresses, body, has8bit, smtputf8 }: Leftovers,
  refused: { readonly explanation: string | null; readonly failure: NewFailure } | null = null,
): Promise<NewMessage> {
  const explanation = refused?.explanation ?? null;
  const origin = { kind: 'leftover', by: acceptanceOf(facts), ...(explanation !== null && { explanation }) } as const;
  return {
    account: null,
    sender,
    recipients: addresses.map((address) => ({ address, ...(refused !== null && { failure: refused.failure }) })),
    prefix: new Uint8Array(0),
    body: await placeInQueue(blobs, body),
    has8bit,
    smtputf8,
    messageId: null,
    origin: writeOrigin(origin),
  };
}
