import { type Address, wholeAddress, writeAddress } from '#lib/address';
import { encodeHex } from '#lib/codecs';
import { ContentScan } from '#lib/conversion';
import type { AccountId } from '#lib/ids';
import { reply, type Reply } from '#lib/smtp';
import {
  ContentWriter,
  type ContentMemory,
  placeInQueue,
  storedMessageBytes,
  type ReceivedBody,
  type StoredBytes,
} from '#mail/content';
import type { Signing } from '#mail/dkim';
import type { NewMessage, Queue } from '#mail/queue';
import { convertContent, HeaderEditor, type PreparedHeader } from '#mail/submission';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { Refusal, type DataHandler, type SessionFacts, type Transaction } from '#proto/smtp-server';
import type { Configuration } from '#server/configuration';
import { receivedField } from '#server/smtp-in';
import { submissionOrigin } from './origin.ts';
import { newRecipients } from './new-recipients.ts';
import { OutgoingSignature, type SignatureResult } from './outgoing-signature.ts';
import { reversePathOf } from './reverse-path.ts';
import type { SubmissionRules } from './submission-rules.ts';

/** Dependencies of a submitted message. */
export interface SubmittedMessageDeps {
  readonly configuration: Pick<Configuration, 'config' | 'directory'>;
  readonly queue: Pick<Queue, 'enqueue'>;
  readonly blobs: BlobStore;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly signing: Signing;
  readonly rules: Pick<SubmissionRules, 'takesBareUtf8' | 'takesUnclearAuthors'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostname: string;
}

/** Account and transaction of a message. */
export interface Submitted {
  readonly facts: SessionFacts;
  readonly transaction: Transaction;
  readonly account: AccountId;
  readonly maySendAs: (address: Address) => boolean;
}

/** A message as it is queued. */
interface Outgoing {
  readonly body: ReceivedBody;
  readonly signature: Promise<SignatureResult>;
  readonly has8bit: boolean;
  readonly isConverted: boolean;
}

const encoder = new TextEncoder();

/** One message on its way from a user into the queue. */
export class SubmittedMessage implements DataHandler {
  readonly #deps: SubmittedMessageDeps;
  readonly #submitted: Submitted;
  readonly #writer: ContentWriter;
  readonly #editor: HeaderEditor;
  /** Of the message as it leaves, unless it is converted. */
  readonly #scan = new ContentScan();
  /** Null before the header was read. */
  #signature: OutgoingSignature | null = null;

  constructor(deps: SubmittedMessageDeps, submitted: Submitted) {
    const { blobs, clock, configuration, contentMemory, hostname, random, rules } = deps;
    const { pedantic } = configuration.config.server;
    this.#deps = deps;
    this.#submitted = submitted;
    this.#writer = new ContentWriter({ blobs, memory: contentMemory });
    this.#editor = new HeaderEditor({
      rules: {
        maySendAs: submitted.maySendAs,
        nowMs: clock.now(),
        newMessageId: `<${encodeHex(random.bytes(16))}@${hostname}>`,
        mayUseUtf8: submitted.transaction.parameters.smtputf8 || rules.takesBareUtf8,
        pedantic,
        takesUnclearAuthors: rules.takesUnclearAuthors,
      },
    });
  }

  write(chunk: Uint8Array): Promise<void> | null {
    const passed = this.#editor.push(chunk);
    return passed === null ? null : this.#pass(passed);
  }

  async finish(): Promise<Reply> {
    const { blobs, contentMemory } = this.#deps;
    await using writers = new AsyncDisposableStack();
    const writer = writers.use(this.#writer);
    const { rest, result } = this.#editor.finish();
    if (result.kind === 'refused') throw new Refusal(result.code, result.enhanced, result.text);
    if (rest !== null) await this.#pass(rest);
    if (!this.#mustBeConverted(result)) {
      // Before anything waits for the disk: other threads sign meanwhile.
      const signature = (this.#signature ?? this.#newSignature(result)).finish();
      // It is awaited later.
      signature.catch(() => undefined);
      return await this.#enqueue(result, {
        body: await writer.finish(),
        signature,
        has8bit: this.#scan.has8bit,
        isConverted: false,
      });
    }
    const received = await writer.finish();
    const content = storedMessageBytes(blobs, 'incoming', storedBytes(received), new Uint8Array(0));
    const converted = writers.use(new ContentWriter({ blobs, memory: contentMemory }));
    const signing = this.#newSignature(result);
    const scan = await convertContent(content, {
      keepEightBit: result.needsSmtputf8,
      write(piece) {
        signing.push(piece);
        return converted.write(piece);
      },
    });
    // Signed parts stay as they are, and no host takes this (RFC 5321 §2.3.8).
    if (scan.hasBareEnd) throw new Refusal(550, '5.6.0', 'the message has a bare CR where it must not be encoded');
    const signature = await signing.finish();
    return await this.#enqueue(result, {
      body: await converted.finish(),
      signature: Promise.resolve(signature),
      has8bit: scan.has8bit,
      isConverted: true,
    });
  }

  abort(): void {
    this.#writer.abort().catch((error: unknown) => this.#deps.log.error('submission.abortFailed', {}, error));
  }

  /** Lets bytes of the message as it leaves pass into the signature and the store. */
  #pass(passed: Uint8Array): Promise<void> | null {
    this.#scan.push(passed);
    const { prepared } = this.#editor;
    if (prepared !== null) this.#signature ??= this.#newSignature(prepared);
    this.#signature?.push(passed);
    return this.#writer.write(passed);
  }

  /**
   * Reports whether the message has to be brought into a form that every host takes (RFC 6376 §5.3: before it is signed). Signatures of others
   * are spared where it can be sent as it is.
   */
  #mustBeConverted({ needsSmtputf8, isSigned }: PreparedHeader): boolean {
    return this.#scan.hasUnsendable || (this.#scan.has8bit && !needsSmtputf8 && !isSigned);
  }

  /** A signature that has seen the fields that we add. */
  #newSignature(prepared: PreparedHeader): OutgoingSignature {
    const { signing, clock, log } = this.#deps;
    const { facts, transaction } = this.#submitted;
    const choice = signing.plan.choose({ from: prepared.from, sender: transaction.from, nowMs: clock.now() });
    const signature = new OutgoingSignature({ choice, log, cid: facts.id });
    signature.push(encoder.encode(prepared.added));
    return signature;
  }

  async #enqueue(header: PreparedHeader, outgoing: Outgoing): Promise<Reply> {
    const { queue, log } = this.#deps;
    const { facts } = this.#submitted;
    const message = await this.#newMessage(header, outgoing);
    const id = await queue.enqueue(message);
    log.info('submission.queued', {
      cid: facts.id,
      remoteAddress: facts.remote.address,
      account: facts.identity?.account ?? null,
      queueId: id,
      messageId: header.messageId,
      recipients: message.recipients.map(({ address }) => writeAddress(address, 'ascii')),
    });
    return reply(250, '2.0.0', `queued as ${id} (${facts.id})`);
  }

  async #newMessage(
    header: PreparedHeader,
    { body, signature: signing, has8bit, isConverted }: Outgoing,
  ): Promise<NewMessage> {
    const { blobs, clock, configuration, hostname } = this.#deps;
    const { facts, transaction, account } = this.#submitted;
    const { from, parameters, recipients } = transaction;
    const nowMs = clock.now();
    const [first, ...others] = recipients;
    const only =
      first !== undefined && others.length === 0 ? writeAddress(wholeAddress(first.address, hostname), 'ascii') : null;
    const received = receivedField(facts, transaction, { hostname, recipient: only, nowMs, hideClient: true });
    const signature = await signing;
    const signed = signature.kind === 'signed' ? signature.fields : '';
    return {
      account,
      ...reversePathOf(from, facts.identity?.account ?? null, this.#deps),
      recipients: newRecipients(recipients, { directory: configuration.directory, hostname }),
      // RFC 6376 §5.6: the signature goes before all that it is about.
      prefix: encoder.encode(signed + received + header.added),
      body: await placeInQueue(blobs, body),
      has8bit,
      // RFC 6531 §3.4: what the client announced does not matter, the message does. Addresses are looked at when they are sent.
      smtputf8: header.needsSmtputf8,
      tls: parameters.requireTls ? 'required' : header.tlsNotRequired ? 'optional' : 'default',
      envid: parameters.envid,
      ret: parameters.ret === null ? null : parameters.ret === 'FULL' ? 'full' : 'hdrs',
      messageId: header.messageId,
      holdUntilMs: parameters.holdForS === null ? parameters.holdUntilMs : nowMs + parameters.holdForS * 1000,
      origin: submissionOrigin({ facts, transaction, header, signature, isConverted }),
    };
  }
}

function storedBytes(body: ReceivedBody): StoredBytes {
  const { sizeBytes } = body;
  return body.kind === 'blob'
    ? { sizeBytes, crc32: body.crc32, blobId: body.id, bytes: null }
    : { sizeBytes, crc32: null, blobId: null, bytes: body.bytes };
}
