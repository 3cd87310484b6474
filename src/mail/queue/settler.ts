import type { AccountId, QueueId } from '#lib/ids';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { advance, replyText, type Advance, type NoticeKind } from './advance.ts';
import { writeEvents } from './events.ts';
import { finishMessages } from './finish.ts';
import type { Lane } from './lane.ts';
import type { LeasedMessage } from './lease.ts';
import { noticeId } from './notice-id.ts';
import { tellAccount } from './outcome-feedback.ts';
import { policyOf, type OutgoingPolicy, type PerAccount } from './per-account.ts';
import type { LeasedRecipient, OutcomeColumns } from './recipient-row.ts';
import { selectRecipients, writeOutcome } from './recipient-rows.ts';
import { refusesAddress } from './refused-address.ts';
import { ageStartMs } from './schedule.ts';
import type { QueueSettings } from './settings.ts';
import type { DeliveryOutcome } from './transmitter.ts';

/** Route of one attempt at one recipient. */
export interface AttemptRoute {
  /** Name of the transport, null for none. */
  readonly transport: string | null;
  /** Destination and reasons, in lines for people. */
  readonly explanation: string;
  /** Lane in which the recipient waits for another attempt. */
  readonly next: Lane;
  /** It went to a mailbox of ours. */
  readonly isLocal: boolean;
}

/** A transmission that ended. */
interface Ended {
  readonly message: LeasedMessage;
  readonly recipients: readonly LeasedRecipient[];
  /** One per recipient, in order. */
  readonly outcomes: readonly DeliveryOutcome[];
  /** One per recipient, in order. */
  readonly routes: readonly AttemptRoute[];
  /** The lease that the recipients were taken with. */
  readonly lease: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** The transport is paused, so nothing is counted as an attempt; null or absent when it is not. */
  readonly paused?: {
    /** Milliseconds since 1970. */
    readonly untilMs: number;
    /** This transmission is the one whose login was refused: its dialogue is kept. */
    readonly isTried: boolean;
  };
}

/** Dependencies of `Settler`. */
interface SettlerDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly settings: QueueSettings;
  /** Policies of accounts; without them, all are treated alike and nothing is suppressed. */
  readonly perAccount?: PerAccount;
  /** The server stops: outcomes that cannot be recorded within a few tries are given up. */
  readonly stopping: AbortSignal;
  /** Called when notices were recorded. */
  readonly onNotice: () => void;
}

const retryMs = 1000;
/** A full disk must not keep the server from stopping. */
const triesAtStop = 3;
const maxPerCommit = 200;
const maxReplyChars = 8192;

/** Records what became of transmissions, many in one transaction; the states and the notices owed change together. */
export class Settler {
  readonly #deps: SettlerDeps;
  #pending: { readonly ended: Ended; readonly done: () => void }[] = [];
  #running = false;

  constructor(deps: SettlerDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when the outcome is durable. Trouble with the database is waited out: the outcome must not be forgotten. Only when the server stops
   * it is given up after some tries; the recipients stay leased, so the next start tries them again: they may get the message twice, but never not at all.
   */
  settle(ended: Ended): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pending.push({ ended, done: resolve });
    if (!this.#running) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Outcomes that end in the same turn of the event loop share a transaction.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, maxPerCommit);
      await this.#commitSomehow(batch.map(({ ended }) => ended));
      for (const { done } of batch) done();
    }
    this.#running = false;
  }

  async #commitSomehow(batch: readonly Ended[]): Promise<void> {
    const { log, clock, stopping } = this.#deps;
    for (let tries = 0; tries < triesAtStop || !stopping.aborted; tries = stopping.aborted ? tries + 1 : 0) {
      try {
        await this.#commit(batch);
        return;
      } catch (cause) {
        log.error('queue.settleFailed', { transmissions: batch.length }, cause);
        // A stop is no time to wait for long.
        await clock.sleep(retryMs, stopping.aborted ? undefined : stopping).catch(() => undefined);
      }
    }
    const recipients = batch.flatMap(({ recipients: some }) =>
      some.map(({ message, number }) => `${message}.${number}`),
    );
    log.warn('queue.outcomesNotRecorded', { recipients, what: 'they are tried again after the next start' });
  }

  async #commit(batch: readonly Ended[]): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const { settings, perAccount } = this.#deps;
    const policies = await this.#policies(batch);
    await this.#deps.db.write(async (tx) => {
      const finished = new Set<QueueId>();
      let owesNotice = false;
      for (const ended of batch) {
        const { account } = ended.message;
        const policy = account === null ? undefined : policies.get(account);
        const steps = this.#steps(ended, nowMs);
        const notices = noticeIds(steps);
        for (const one of steps) {
          const isOurs = await applyStep(tx, ended, one, { nowMs, notice: noticeOf(one.step, notices) });
          if (!isOurs) {
            await this.#recordLate(tx, ended, one, nowMs);
            continue;
          }
          if (ended.paused?.isTried !== false) await recordAttempt(tx, ended, one);
          const isNews = ended.paused === undefined || one.step.state !== 'queued';
          if (perAccount !== undefined && policy !== undefined && isNews) {
            const badAddress = one.route?.isLocal !== true && refusesAddress(one.outcome, ended.outcomes);
            await tellAccount(tx, { ...one, message: ended.message, badAddress, nowMs }, { ...perAccount, policy });
          }
          if (one.step.notice !== null) owesNotice = true;
          if (one.step.state !== 'queued') finished.add(ended.message.id);
        }
      }
      const follower = perAccount?.follower ?? null;
      await follower?.changedIn(tx, [...new Set(batch.map(({ message }) => message.id))]);
      if (finished.size > 0) {
        await finishMessages(tx, [...finished], { nowMs, keepFinishedMs: settings.keepFinishedMs, follower });
      }
      if (owesNotice) tx.afterCommit(this.#deps.onNotice);
    }, 'reserve');
  }

  /** Returns the policies of a batch's accounts; none for mail of the server itself. */
  async #policies(batch: readonly Ended[]): Promise<ReadonlyMap<AccountId, OutgoingPolicy>> {
    const { perAccount } = this.#deps;
    const policies = new Map<AccountId, OutgoingPolicy>();
    for (const { message } of perAccount === undefined ? [] : batch) {
      const { account } = message;
      if (perAccount === undefined || account === null || policies.has(account)) continue;
      policies.set(account, await policyOf(perAccount.policies, account));
    }
    return policies;
  }

  /** Records an outcome after the lease had ended: the present holder decides, and this one only keeps what it saw. */
  async #recordLate(tx: Tx, { message }: Ended, { recipient, outcome, step }: Step, nowMs: number): Promise<void> {
    const detail = {
      outcome: outcome.kind,
      host: outcome.remote?.name ?? null,
      reply: step.reply.slice(0, maxReplyChars),
    };
    await writeEvents(tx, selectRecipients({ ids: [recipient.id] }), { atMs: nowMs, kind: 'lateOutcome', detail });
    const name = `${message.id}.${recipient.number}`;
    this.#deps.log.warn('queue.leaseLost', { message: message.id, recipient: name, outcome: outcome.kind });
  }

  #steps(ended: Ended, nowMs: number): Step[] {
    const { message } = ended;
    const pausedUntilMs = ended.paused?.untilMs ?? null;
    const chance = (this.#deps.random.bytes(1)[0] ?? 0) / 255;
    return ended.recipients.map((recipient, i) => {
      const outcome = ended.outcomes[i] ?? { kind: 'deferred', reason: 'no outcome', reply: null, remote: null };
      const facts = {
        attempts: recipient.attempts,
        startMs: ageStartMs(message, recipient),
        delayTold: recipient.delayTold !== 0,
        notify: recipient.notify,
        sender: message.sender,
      };
      const route = ended.routes[i] ?? null;
      return {
        recipient,
        outcome,
        route,
        step: advance(facts, outcome, { nowMs, chance, pausedUntilMs }, this.#deps.settings),
      };
    });
  }
}

interface Step {
  readonly recipient: LeasedRecipient;
  readonly outcome: DeliveryOutcome;
  readonly route: AttemptRoute | null;
  readonly step: Advance;
}

function noticeIds(steps: readonly Step[]): Map<NoticeKind, string> {
  const ids = new Map<NoticeKind, string>();
  for (const [kind, group] of Map.groupBy(steps, ({ step }) => step.notice)) {
    if (kind !== null)
      ids.set(
        kind,
        noticeId(
          kind,
          group.map(({ recipient }) => recipient),
        ),
      );
  }
  return ids;
}

function noticeOf(step: Advance, ids: ReadonlyMap<NoticeKind, string>): string | null {
  return step.notice === null ? null : (ids.get(step.notice) ?? null);
}

/**
 * Moves the row on. A delivery also counts when the lease had ended and no other attempt was made since: that spares the recipient a second copy.
 * @returns false when the row is another's by now.
 */
async function applyStep(
  tx: Tx,
  ended: Ended,
  { recipient, outcome, route, step }: Step,
  at: { readonly nowMs: number; readonly notice: string | null },
): Promise<boolean> {
  const { nowMs, notice } = at;
  const isFinal = step.state !== 'queued';
  const owed = notice === null || step.notice === null ? null : { id: notice, kind: step.notice, dueMs: nowMs };
  const columns: OutcomeColumns = {
    state: step.state,
    isCounted: ended.paused === undefined,
    nextAttemptMs: step.nextAttemptMs ?? nowMs,
    attemptMs: ended.paused?.isTried === false ? null : ended.endMs,
    status: step.status,
    reply: step.reply.slice(0, maxReplyChars),
    replyIsSmtp: step.replyIsSmtp,
    isFinal: outcome.kind === 'delivered' && outcome.final,
    host: ended.paused === undefined ? (outcome.remote?.name ?? null) : null,
    delayTold: recipient.delayTold !== 0 || step.notice === 'delayed',
    finishedMs: isFinal ? nowMs : null,
    lane: isFinal || route === null ? null : route.next,
    // A delay that was not told yet is superseded by the end, and kept otherwise.
    notice: owed ?? (isFinal ? null : 'keep'),
  };
  const attemptsIfFree = outcome.kind === 'delivered' ? recipient.attempts : null;
  return await writeOutcome(tx, { id: recipient.id, lease: ended.lease }, columns, attemptsIfFree);
}

async function recordAttempt(tx: Tx, ended: Ended, { recipient, outcome, route }: Step): Promise<void> {
  const reply =
    outcome.reply === null ? (outcome.kind === 'delivered' ? '' : outcome.reason) : replyText(outcome.reply);
  const session = outcome.remote?.session ?? null;
  await tx.run(sql`INSERT INTO queue_attempt (recipient, start_ms, duration_ms, host, ip, outcome, reply, transport, route, session)
    VALUES (${recipient.id}, ${ended.startMs}, ${ended.endMs - ended.startMs}, ${outcome.remote?.name ?? null},
      ${outcome.remote?.ip ?? null}, ${outcome.kind}, ${reply.slice(0, maxReplyChars)},
      ${route?.transport ?? null}, ${route?.explanation ?? null}, ${session === null ? null : JSON.stringify(session)})`);
}
