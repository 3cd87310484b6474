import { placeInQueue, type ReceivedBody } from '#mail/content';
import type { Queue } from '#mail/queue';
import { acceptanceOf, writeOrigin } from '#mail/story';
import type { BlobStore } from '#ports/blobs';
import type { SessionFacts } from '#proto/smtp-server';

/** Recipients that could not be served when others of the same message were. */
interface Leftovers {
  /** Client that brought the message. */
  readonly facts: SessionFacts;
  readonly sender: string;
  readonly addresses: readonly string[];
  readonly body: ReceivedBody;
  readonly has8bit: boolean;
  readonly smtputf8: boolean;
}

/** Puts the rest of a transaction into the queue, from where it comes back to our own SMTP port; durable when it resolves. */
export async function enqueueLeftovers(
  { queue, blobs }: { readonly queue: Queue; readonly blobs: BlobStore },
  { facts, sender, addresses, body, has8bit, smtputf8 }: Leftovers,
): Promise<void> {
  const message = {
    account: null,
    sender,
    recipients: addresses.map((address) => ({ address })),
    prefix: new Uint8Array(0),
    body: await placeInQueue(blobs, body),
    has8bit,
    smtputf8,
    messageId: null,
    origin: writeOrigin({ kind: 'leftover', by: acceptanceOf(facts) }),
  };
  // Others have the message already: it cannot be refused any more.
  await queue.enqueue(message, 'reserve');
}
