import type { Address } from '#lib/address';
import { encodeHex } from '#lib/codecs';
import type { AccountId } from '#lib/ids';
import { reply, type Reply } from '#lib/smtp';
import { ContentWriter, type ContentMemory, placeInQueue, type ReceivedBody } from '#mail/content';
import type { NewMessage, Queue } from '#mail/queue';
import { HeaderEditor, type PreparedHeader } from '#mail/submission';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { Refusal, type MessageSink, type SessionFacts, type Transaction } from '#proto/smtp-server';
import type { Configuration } from '#server/configuration';
import type { DkimKeys } from '#server/dkim';
import { failOnPurpose, receivedField } from '#server/smtp-in';
import { submissionOrigin } from './origin.ts';
import { addressText, newRecipients } from './new-recipients.ts';
import { OutgoingSignature } from './outgoing-signature.ts';
import { reversePathOf } from './reverse-path.ts';

/** What a submitted message needs to be queued. */
export interface SubmittedMessageDeps {
  readonly configuration: Configuration;
  readonly queue: Queue;
  readonly blobs: BlobStore;
  /** What all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  /** Who signs what. */
  readonly dkim: Pick<DkimKeys, 'plan'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostname: string;
  /** Aborted when the server stops. */
  readonly shutdown: AbortSignal;
}

/** Whose message it is, and in which transaction. */
export interface Submitted {
  readonly facts: SessionFacts;
  readonly transaction: Transaction;
  readonly account: AccountId;
  readonly maySendAs: (address: Address) => boolean;
}

const encoder = new TextEncoder();

/** One message on its way from a user into the queue. */
export class SubmittedMessage implements MessageSink {
  readonly #deps: SubmittedMessageDeps;
  readonly #submitted: Submitted;
  readonly #writer: ContentWriter;
  readonly #editor: HeaderEditor;
  #highBits = 0;
  /** Null before the header was read. */
  #signature: OutgoingSignature | null = null;

  constructor(deps: SubmittedMessageDeps, submitted: Submitted) {
    const { blobs, clock, configuration, contentMemory, hostname, random } = deps;
    this.#deps = deps;
    this.#submitted = submitted;
    this.#writer = new ContentWriter({ blobs, memory: contentMemory });
    this.#editor = new HeaderEditor({
      rules: {
        maySendAs: submitted.maySendAs,
        nowMs: clock.now(),
        newMessageId: `<${encodeHex(random.bytes(16))}@${hostname}>`,
        pedantic: configuration.config.server.pedantic,
      },
    });
  }

  write(chunk: Uint8Array): void | Promise<void> {
    let bits = 0;
    for (let i = 0; i < chunk.length; i += 1) bits |= chunk[i] ?? 0;
    this.#highBits |= bits & 0x80;
    const passed = this.#editor.push(chunk);
    if (passed === null) return undefined;
    this.#sign(passed);
    return this.#writer.write(passed) ?? undefined;
  }

  async finish(): Promise<Reply> {
    const { queue, log, configuration } = this.#deps;
    const { facts, transaction } = this.#submitted;
    await using writer = this.#writer;
    const { rest, result } = this.#editor.finish();
    if (result.kind === 'refused') throw new Refusal(result.code, result.enhanced, result.text);
    if (rest !== null) {
      this.#sign(rest);
      await writer.write(rest);
    }
    if (configuration.config.server.pedantic) this.#checkPedantically(result);
    if (configuration.config.server.localserve) {
      for (const { address } of transaction.recipients) {
        if (address !== 'postmaster') await failOnPurpose(address.localpart, 'data', this.#deps);
      }
    }
    // Before anything waits for the disk: other threads sign meanwhile.
    const signed = this.#signature?.finish() ?? Promise.resolve('');
    // Whoever waits for it below may be late.
    signed.catch(() => undefined);
    const message = await this.#newMessage(await writer.finish(), result, signed);
    const id = await queue.enqueue(message);
    const recipients = message.recipients.map(({ address }) => address);
    const account = facts.identity?.account ?? null;
    log.info('submission.queued', {
      cid: facts.id,
      remoteAddress: facts.remote.address,
      account,
      queueId: id,
      messageId: result.messageId,
      recipients,
    });
    return reply(250, '2.0.0', `queued as ${id} (${facts.id})`);
  }

  abort(): void {
    this.#writer.abort().catch((error: unknown) => this.#deps.log.error('submission.abortFailed', {}, error));
  }

  #checkPedantically({ has8bit }: PreparedHeader): void {
    const { parameters } = this.#submitted.transaction;
    // RFC 6531 §3.1: what is sent must have been announced. 8-bit bodies are the session's business.
    if (has8bit && !parameters.smtputf8)
      throw new Refusal(550, '5.6.7', 'the header is not ASCII, and SMTPUTF8 was not requested');
  }

  /** Gives the signature bytes of the message as it will leave. */
  #sign(passed: Uint8Array): void {
    if (this.#signature === null) {
      const { prepared } = this.#editor;
      if (prepared === null) return;
      const { dkim, clock, log } = this.#deps;
      const { facts, transaction } = this.#submitted;
      const choice = dkim.plan.choose({ from: prepared.from, sender: transaction.from, nowMs: clock.now() });
      this.#signature = new OutgoingSignature({ choice, log, cid: facts.id });
      this.#signature.push(encoder.encode(prepared.added));
    }
    this.#signature.push(passed);
  }

  /** @param signing  DKIM-Signature fields. */
  async #newMessage(body: ReceivedBody, header: PreparedHeader, signing: Promise<string>): Promise<NewMessage> {
    const { blobs, clock, configuration, hostname } = this.#deps;
    const { facts, transaction, account } = this.#submitted;
    const { from, parameters, recipients } = transaction;
    const nowMs = clock.now();
    const only = recipients.length === 1 ? addressText(recipients[0]?.address ?? 'postmaster', hostname) : null;
    const received = receivedField(facts, transaction, { hostname, recipient: only, nowMs, hideClient: true });
    const signed = await signing;
    const isLocalserve = configuration.config.server.localserve;
    return {
      account,
      ...reversePathOf(from, facts.identity?.account ?? null, this.#deps),
      recipients: newRecipients(recipients, { directory: configuration.directory, hostname }),
      // RFC 6376 §5.6: the signature goes before all that it is about.
      prefix: encoder.encode(signed + received + header.added),
      body: await placeInQueue(blobs, body),
      has8bit: this.#highBits !== 0,
      smtputf8: parameters.smtputf8 || header.has8bit,
      tls: parameters.requireTls ? 'required' : header.tlsNotRequired ? 'optional' : 'default',
      envid: parameters.envid,
      ret: parameters.ret === null ? null : parameters.ret === 'FULL' ? 'full' : 'hdrs',
      messageId: header.messageId,
      holdUntilMs: parameters.holdForS === null ? parameters.holdUntilMs : nowMs + parameters.holdForS * 1000,
      origin: submissionOrigin({ facts, transaction, header, signed, isLocalserve }),
    };
  }
}
