import { writeAddress, type Address, wholeAddress } from '#lib/address';
import { reply, type Reply } from '#lib/smtp';
import type { DeliveryResult, LocalDelivery, LocalRecipient } from '#mail/delivery';
import {
  conclude,
  inboundLimits,
  type AcceptedRecipient,
  type Conclusion,
  type ContentFacts,
  type ContentPipeline,
  type CopyFacts,
  type InboundPolicy,
  type IncomingContent,
  type MessageFacts,
  type SinkFacts,
  type Verdict,
} from '#mail/inbound';
import type { Queue } from '#mail/queue';
import { acceptanceOf, writeReception } from '#mail/story';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { Refusal, type DataHandler, type SessionFacts } from '#proto/smtp-server';
import type { InboundTransaction } from './inbound-transaction.ts';
import { enqueueLeftovers, reportRefused } from './leftovers.ts';
import { besideOriginal, type Notices } from './notices.ts';
import type { Quotas } from './quotas.ts';
import { recipientText, traceFields, type TraceFields } from './trace-fields.ts';
import type { RecipientCheck } from './recipient-check.ts';

/** Dependencies of receiving one message. */
export interface IncomingMessageDeps {
  readonly delivery: LocalDelivery;
  readonly queue: Queue;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  /** Aborted when the server stops. */
  readonly shutdown: AbortSignal;
  readonly recipientCheck: RecipientCheck;
  readonly quotas: Quotas;
  readonly pipeline: ContentPipeline<InboundTransaction, SinkFacts>;
  readonly policy: InboundPolicy;
  readonly notices: Notices;
}

/** A copy for one account with its verdict. */
interface Judged extends CopyFacts {
  readonly verdict: Verdict;
}

/** A judged copy, and what came of its delivery. */
interface Copy extends Judged {
  /** Null when it was not to be delivered. */
  readonly result: DeliveryResult | null;
}

/** One message on its way in: content through the pipeline, a verdict on each copy, delivery, and one reply for all. */
export class IncomingMessage implements DataHandler {
  readonly #deps: IncomingMessageDeps;
  readonly #facts: SessionFacts;
  readonly #transaction: InboundTransaction;
  readonly #content: IncomingContent<SinkFacts>;
  /** Reverse-path as text; empty for the null one. */
  readonly #sender: string;

  constructor(deps: IncomingMessageDeps, facts: SessionFacts, transaction: InboundTransaction) {
    this.#deps = deps;
    this.#facts = facts;
    this.#transaction = transaction;
    this.#content = deps.pipeline.begin(transaction);
    this.#sender = transaction.from === null ? '' : writeAddress(transaction.from, 'unicode');
  }

  write(chunk: Uint8Array): Promise<void> | null {
    return this.#content.write(chunk);
  }

  async finish(): Promise<Reply> {
    await using incoming = this.#content;
    const content = await incoming.finish();
    const receivedMs = this.#deps.clock.now();
    const trace = traceFields(this.#facts, this.#transaction, this.#deps.hostname, receivedMs);
    const judged = await this.#judge(content, trace);
    const delayMs = longestDelayMs(judged);
    if (delayMs > 0) await this.#wait(delayMs);
    const copies = await this.#deliver(judged, content, trace, receivedMs);
    await this.#settle(conclude(copies), content);
    return reply(250, '2.0.0', `delivered, thank you (${this.#facts.id})`);
  }

  abort(): void {
    void this.#content[Symbol.asyncDispose]();
  }

  /** Gives a verdict on the copy for each account: one that several recipients lead to gets one copy. */
  async #judge(content: ContentFacts, trace: TraceFields): Promise<Judged[]> {
    const { policy, quotas } = this.#deps;
    const { from, recipients, senderFacts } = this.#transaction;
    const byAccount = new Map<string, Omit<CopyFacts, 'hasRoom'>>();
    for (const { facts: recipient } of recipients) {
      for (const account of recipient.accounts) {
        if (!byAccount.has(account)) byAccount.set(account, { recipient, account });
      }
    }
    const full = await quotas.fullAmong([...byAccount.keys()], trace.sizeBytes + content.body.sizeBytes);
    const envelope = {
      remoteIp: this.#facts.remote.address,
      helo: this.#facts.hello?.name ?? null,
      from,
      sender: senderFacts,
    };
    const message: MessageFacts = { envelope, content };
    return Array.from(byAccount.values(), (given) => {
      const copy: CopyFacts = { ...given, hasRoom: !full.has(given.account) };
      return { ...copy, verdict: policy(message, copy) };
    });
  }

  /** Waits before a delivery. @throws Refusal when the server stops meanwhile. */
  async #wait(delayMs: number): Promise<void> {
    const { clock, shutdown } = this.#deps;
    await clock.sleep(delayMs, shutdown).catch(() => {
      throw new Refusal(451, '4.3.2', 'shutting down, please try again later');
    });
  }

  /** Delivers what shall be delivered. Never rejects. */
  async #deliver(
    judged: readonly Judged[],
    { body, index, notice }: ContentFacts,
    trace: TraceFields,
    receivedMs: number,
  ): Promise<Copy[]> {
    const { remote } = this.#facts;
    const reception = {
      remoteIp: remote.address,
      mailFrom: this.#sender,
      validation: null,
    };
    const by = acceptanceOf(this.#facts);
    const recipients: LocalRecipient[] = [];
    for (const { recipient, account, verdict } of judged) {
      if (verdict.kind !== 'deliver') continue;
      const { mailbox, flags, keywords, fields, checks, explanation } = verdict;
      recipients.push({
        account,
        address: recipientText(recipient.address),
        prefix: trace.prefixFor(recipient.address, fields),
        placement: { mailbox, flags, keywords },
        validation: writeReception({ by, checks, ...(explanation !== null && { explanation }) }),
      });
    }
    const message = { body, index: notice === null ? index : besideOriginal(index, notice), receivedMs, reception };
    const results = recipients.length === 0 ? [] : await this.#deps.delivery.deliver(message, recipients);
    let next = 0;
    return judged.map((copy) => ({
      ...copy,
      result: copy.verdict.kind === 'deliver' ? (results[next++] ?? null) : null,
    }));
  }

  /** Does what is left to do after the deliveries. @throws what refuses the message. */
  async #settle(conclusion: Conclusion<Copy>, content: ContentFacts): Promise<void> {
    const { notices, log } = this.#deps;
    const { id, remote } = this.#facts;
    switch (conclusion.kind) {
      case 'failed':
        throw conclusion.error ?? new Refusal(451, '4.3.0', 'could not be stored, please try again later');
      case 'declined': {
        const { reply: declined, explanation } = conclusion;
        throw new Refusal(declined.code, declined.enhanced, declined.lines.join('\n'), { explanation });
      }
      case 'accepted': {
        const { delivered, later, refused } = conclusion;
        const accounts = delivered.map(({ account }) => account);
        const { sizeBytes } = content.body;
        log.info('smtp.delivered', { cid: id, remoteAddress: remote.address, from: this.#sender, accounts, sizeBytes });
        if (later.length + refused.length > 0) await this.#leave(later, refused, content);
        if (content.notice !== null) await notices.take(content.notice, accounts, remote.address);
      }
    }
  }

  /** Puts into the queue what the client cannot be asked to bring again. */
  async #leave(later: readonly Copy[], refused: readonly Copy[], { body, index }: ContentFacts): Promise<void> {
    const { from: sender, parameters } = this.#transaction;
    const { smtputf8 } = parameters;
    const message = { facts: this.#facts, sender, body, has8bit: index.has8bit, smtputf8 };
    if (later.length > 0) {
      await enqueueLeftovers(this.#deps, { ...message, addresses: later.map((copy) => this.#againTo(copy)) });
    }
    const reported = new Set<AcceptedRecipient>();
    for (const { recipient, verdict } of refused) {
      // An alias is reported once.
      if (verdict.kind !== 'refuse' || reported.has(recipient)) continue;
      reported.add(recipient);
      await reportRefused(
        this.#deps,
        { ...message, addresses: [wholeAddress(recipient.address, this.#deps.hostname)] },
        verdict,
      );
    }
  }

  /** The address to bring a copy to again: an alias would reach those who have it already. */
  #againTo({ account, recipient: { address, isAlias } }: Copy): Address {
    const own = isAlias || address === 'postmaster' ? this.#deps.recipientCheck.ownAddress(account) : null;
    return own ?? wholeAddress(address, this.#deps.hostname);
  }
}

/** Returns the wait before the delivery of the slowest copy, within the limit; all copies wait as long, as there is one reply. */
function longestDelayMs(judged: readonly Judged[]): number {
  let longest = 0;
  for (const { verdict } of judged) if (verdict.kind === 'deliver') longest = Math.max(longest, verdict.delayMs);
  return Math.min(longest, inboundLimits.maxDelayMs);
}
