import { SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import { encodeHex } from '#lib/codecs';
import { roomOf } from '#mail/accounts';
import { ContentMemory, contentLimits } from '#mail/content';
import { flagsOf } from '#mail/emails';
import type { NewMessage } from '#mail/messages';
import { BlobReads } from './blob-reads.ts';
import { composedEmail } from './composed-email.ts';
import { keywordsIn } from './email-patch.ts';
import type { MailContext } from './mail-context.ts';
import { readNewEmail } from './new-email.ts';
import { placedMessage, takeMessage } from './storable-message.ts';

/** Bytes that each message of a call may keep in memory beside what all of them share. */
const ownBytes = 4096;

/** An email that is composed and has no row yet. */
export interface NewStoredEmail {
  readonly kind: 'composed';
  readonly message: NewMessage;
  readonly keywords: ReadonlySet<string>;
  readonly mailboxIds: JsonValue;
}

/** An email that a call creates, or the reason why it does not. */
export type Creation = NewStoredEmail | { readonly kind: 'refused'; readonly error: SetError };

/**
 * Composes the emails that a call creates and places their bytes, so that one transaction can add them all.
 * @param undo  Drops incoming bytes, when the call is done.
 */
export async function composedEmails(
  create: ReadonlyMap<string, JsonObject>,
  context: MailContext,
  createdIds: ReadonlyMap<string, string>,
  undo: AsyncDisposableStack,
): Promise<ReadonlyMap<string, Creation>> {
  const creations = new Map<string, Creation>();
  if (create.size === 0) return creations;
  const composer = new Composer(context, createdIds, undo, await roomOf(context.account, context.quotaBytes));
  for (const [creationId, object] of create) {
    try {
      creations.set(creationId, await composer.compose(object));
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      creations.set(creationId, { kind: 'refused', error });
    }
  }
  return creations;
}

/** Composes the emails of one call within its limits. */
class Composer {
  readonly #context: MailContext;
  readonly #reads: BlobReads;
  readonly #undo: AsyncDisposableStack;
  readonly #memory: ContentMemory;
  #roomBytes: number;
  #leftBytes: number;

  constructor(
    context: MailContext,
    createdIds: ReadonlyMap<string, string>,
    undo: AsyncDisposableStack,
    roomBytes: number,
  ) {
    this.#context = context;
    this.#reads = new BlobReads(context, createdIds);
    this.#undo = undo;
    this.#roomBytes = roomBytes;
    this.#leftBytes = context.limits.maxSizeComposed;
    // They become rows in one transaction, as those of one APPEND.
    this.#memory = new ContentMemory(contentLimits.appendBytes, context.memory);
  }

  /** @throws SetError. */
  async compose(object: JsonObject): Promise<NewStoredEmail> {
    const { clock, random, hostname } = this.#context;
    const nowMs = clock.now();
    const messageId = `${encodeHex(random.bytes(16))}@${hostname}`;
    const email = readNewEmail(object, { nowMs, messageId });
    const keywords = keywordsIn(email.keywords, new Set());
    const composed = await composedEmail(email, this.#context, this.#reads, this.#leftBytes);
    this.#leftBytes -= composed.sourceBytes;
    const room = { memory: this.#memory, ownBytes };
    const taken = await takeMessage(composed.chunks(), this.#context, this.#undo, room);
    if (taken.body.sizeBytes > this.#roomBytes) throw new SetError('overQuota', 'the account would be over its quota');
    this.#roomBytes -= taken.body.sizeBytes;
    const facts = { ...flagsOf([...keywords], 'add'), receivedMs: email.receivedMs ?? nowMs };
    const message = await placedMessage(taken, facts, this.#context);
    return { kind: 'composed', message, keywords, mailboxIds: email.mailboxIds };
  }
}
