import type { MailboxId, Uid, UidValidity } from '#lib/ids';
import { MimeIndexer, type MessageIndex } from '#lib/mime';
import type { Account } from '#mail/accounts';
import { ContentMemory, contentLimits, ContentWriter, placeBody, type ReceivedBody } from '#mail/content';
import { describeMessage, encodeBinaryParts, inlinePreview, type NewMessage } from '#mail/messages';
import type { Clock } from '#ports/clock';
import { No, type AppendBatch, type AppendHead, type AppendSink } from '#proto/imap-server';
import { saying } from './refusals.ts';

/** Target of appended messages. */
export interface AppendGlueDeps {
  readonly account: Account;
  readonly mailbox: MailboxId;
  readonly clock: Clock;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  /** Bytes that the quota leaves. */
  readonly leftBytes: number;
  /** Client that stores them, as `ReceptionFacts.validation` wants it. */
  readonly storedBy: string;
}

interface Finished {
  readonly head: AppendHead;
  readonly body: ReceivedBody;
  readonly index: MessageIndex;
}

const noPrefix = new Uint8Array(0);
const notReceived = { remoteIp: null, mailFrom: null, rcptTo: null };

/** An APPEND of one or more messages, visible all at once. */
export class AppendGlue implements AppendBatch {
  readonly #deps: AppendGlueDeps;
  readonly #memory: ContentMemory;
  readonly #made = new AsyncDisposableStack();
  readonly #finished: Finished[] = [];
  #takenBytes = 0;

  constructor(deps: AppendGlueDeps) {
    this.#deps = deps;
    this.#memory = new ContentMemory(contentLimits.appendBytes, deps.contentMemory);
  }

  async message(head: AppendHead): Promise<AppendSink> {
    this.#takenBytes += head.sizeBytes;
    if (this.#takenBytes > this.#deps.leftBytes) throw overQuota();
    const { blobs } = this.#deps.account;
    const writer = this.#made.use(new ContentWriter({ blobs, memory: this.#memory }));
    const indexer = new MimeIndexer();
    return {
      write: async (chunk) => {
        indexer.push(chunk);
        const waiting = writer.write(chunk);
        if (waiting !== null) await waiting;
      },
      finish: async () => {
        const received = { body: await writer.finish(), index: indexer.finish() };
        const { body, index } = this.#made.use(await encodeBinaryParts(received, blobs));
        // Encoded parts are larger than what the client announced.
        this.#takenBytes += body.sizeBytes - received.body.sizeBytes;
        if (this.#takenBytes > this.#deps.leftBytes) throw overQuota();
        this.#finished.push({ head, body, index });
        const waiting = this.#deps.account.loop.pause();
        if (waiting !== null) await waiting;
      },
    };
  }

  async commit(): Promise<{ readonly uidValidity: UidValidity; readonly uids: readonly Uid[] }> {
    const { account, mailbox, clock, storedBy } = this.#deps;
    const nowMs = clock.now();
    const messages: NewMessage[] = [];
    for (const { head, body, index } of this.#finished) {
      messages.push({
        body: await placeBody(account.blobs, body, account.id),
        prefix: noPrefix,
        described: describeMessage(index),
        flags: head.flagBits,
        keywords: head.keywords,
        receivedMs: head.internalDateMs ?? nowMs,
        reception: { ...notReceived, validation: storedBy },
        preview: await inlinePreview(index, body),
      });
      const waiting = account.loop.pause();
      if (waiting !== null) await waiting;
    }
    const { uidValidity, uids } = await saying(() => account.messages.append({ id: mailbox }, messages), 'TRYCREATE');
    return { uidValidity, uids };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made.disposeAsync();
  }
}

/** RFC 9208 §4.3.1. */
function overQuota(): No {
  return new No('OVERQUOTA', 'the mailbox would be over its quota');
}
