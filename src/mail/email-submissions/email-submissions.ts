import type { AccountId, ModSeq, QueueId } from '#lib/ids';
import { accountTopic } from '#mail/changes';
import {
  NotRecalled,
  recipientStatuses,
  type FollowedNotice,
  type QueueFollower,
  type RecipientStatus,
} from '#mail/queue';
import { inBatches } from '#mail/schema';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Database, Sql, Tx } from '#ports/database';
import { submissionLimits, type SubmissionLimits } from './limits.ts';
import {
  advanceSubmissions,
  changedSubmissions,
  crowdedAccount,
  destroyedSubmissions,
  forgetDestroyed,
  insertNotice,
  insertSubmission,
  keepRecipients,
  keptRecipients,
  newestSubmissions,
  noticesOf,
  oldestSubmissions,
  oldSubmissions,
  removeSubmissions,
  setUndo,
  submissionsById,
  submissionsOf,
  submissionState,
  touchSubmissions,
} from './submission-rows.ts';
import type { NewSubmission, Submission, SubmissionNotice } from './submission.ts';

/** Dependencies of `EmailSubmissions`. */
export interface EmailSubmissionsDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly limits?: SubmissionLimits;
}

/** Submissions of an account, with the state that they are of or one that is later. */
export interface ListedSubmissions {
  readonly state: ModSeq | 0;
  readonly submissions: readonly Submission[];
}

/** Status of a submission's recipients, and the notices that came (RFC 8621 §7: `deliveryStatus`, `dsnBlobIds`). */
export interface SubmissionOutcome {
  readonly recipients: readonly RecipientStatus[];
  readonly notices: readonly SubmissionNotice[];
}

/** Ids of submissions that changed after a state. */
export interface SubmissionChanges {
  readonly upTo: ModSeq | 0;
  readonly isPartial: boolean;
  readonly created: readonly number[];
  readonly updated: readonly number[];
  readonly destroyed: readonly number[];
}

/** Reports that submissions have another state than the client expects; nothing was done. */
export class SubmissionsChanged extends Error {
  override readonly name = 'SubmissionsChanged';
}

/** Result of `EmailSubmissions.cancel`; the state is that after it. */
type Canceled = { readonly kind: 'canceled'; readonly state: ModSeq } | { readonly kind: 'tooLate' | 'notFound' };

const batch = 500;

/** The submissions of all accounts. What is read is durable. */
export class EmailSubmissions implements QueueFollower {
  readonly #deps: EmailSubmissionsDeps;
  readonly #limits: SubmissionLimits;

  constructor(deps: EmailSubmissionsDeps) {
    this.#deps = deps;
    this.#limits = deps.limits ?? submissionLimits;
  }

  /**
   * Records a submission in the transaction that queues its message.
   * @param expected  State that the client expects; null for any. @throws SubmissionsChanged for another one.
   */
  async recordIn(
    tx: Tx,
    message: QueueId,
    submission: NewSubmission,
    expected: ModSeq | 0 | null = null,
  ): Promise<{ readonly id: number; readonly state: ModSeq }> {
    const state = await this.#advance(tx, submission.account, expected);
    return { id: await insertSubmission(tx, message, submission, state), state };
  }

  /** Returns the MODSEQ of the last change of an account's submissions; 0 when there never was one. */
  async state(account: AccountId): Promise<ModSeq | 0> {
    const { db } = this.#deps;
    const { modSeq } = await db.read((reader) => submissionState(reader, account));
    await db.durable();
    return modSeq;
  }

  /** Returns submissions by their ids, or the newest ones of the account for null. */
  async list(account: AccountId, ids: readonly number[] | null): Promise<ListedSubmissions> {
    const { db } = this.#deps;
    const listed = await db.read(async (reader): Promise<ListedSubmissions> => {
      const { modSeq: state } = await submissionState(reader, account);
      if (ids === null)
        return { state, submissions: await newestSubmissions(reader, account, this.#limits.maxOfAccount) };
      const submissions: Submission[] = [];
      for (const some of inBatches(ids)) submissions.push(...(await submissionsById(reader, account, some)));
      return { state, submissions };
    });
    await db.durable();
    return listed;
  }

  /** Returns what became of a submission so far. */
  async outcome({ id, message }: Pick<Submission, 'id' | 'message'>): Promise<SubmissionOutcome> {
    const { db } = this.#deps;
    const { maxNotices, maxRecipients } = this.#limits;
    const outcome = await db.read(async (reader) => {
      const queued = await recipientStatuses(reader, message, maxRecipients);
      const kept = await keptRecipients(reader, id, maxRecipients);
      const recipients = [...kept, ...queued].toSorted((a, b) => a.number - b.number);
      return { recipients, notices: await noticesOf(reader, id, maxNotices) };
    });
    await db.durable();
    return outcome;
  }

  /**
   * Returns at most `limit` submissions that changed after a state; null when that is not known anymore, or never was.
   * @param known  State from which the client went on to `since` page by page.
   */
  async changesSince(
    account: AccountId,
    since: number,
    limit: number,
    known: number = since,
  ): Promise<SubmissionChanges | null> {
    const { db } = this.#deps;
    const found = await db.read(async (reader) => {
      const state = await submissionState(reader, account);
      if (known < state.firstModSeq || since > state.modSeq || known > since) return null;
      const changed = await changedSubmissions(reader, account, since, limit + 1);
      const gone = await destroyedSubmissions(reader, account, since, limit + 1);
      return { state, changed, gone };
    });
    await db.durable();
    if (found === null) return null;
    const all = [
      ...found.changed.map((one) => ({ ...one, isGone: false })),
      ...found.gone.map((one) => ({ ...one, isGone: true })),
    ].toSorted((a, b) => a.modSeq - b.modSeq);
    // Whole transactions only: the first one that does not fit, and those after it, are for the next call.
    const cut = all[limit]?.modSeq;
    const shown = cut === undefined ? all : all.filter(({ modSeq }) => modSeq < cut);
    if (cut !== undefined && shown.length === 0) return null;
    const ids = (isWanted: (one: (typeof all)[number]) => boolean): number[] =>
      shown.filter(isWanted).map(({ id }) => id);
    return {
      upTo: cut === undefined ? found.state.modSeq : (shown.at(-1)?.modSeq ?? found.state.modSeq),
      isPartial: cut !== undefined,
      created: ids(({ isGone, createModSeq }) => !isGone && createModSeq > known),
      updated: ids(({ isGone, createModSeq }) => !isGone && createModSeq <= known),
      destroyed: ids(({ isGone, createModSeq }) => isGone && createModSeq <= since),
    };
  }

  /**
   * Takes a submission back, if nothing of it can have left the queue. Both change in one transaction: it is never canceled and sent.
   * @param recall  Takes the message out of the queue; false when that is too late.
   */
  async cancel(
    account: AccountId,
    id: number,
    recall: (tx: Tx, message: QueueId) => Promise<boolean>,
    expected: ModSeq | 0 | null = null,
  ): Promise<Canceled> {
    try {
      return await this.#deps.db.write(async (tx): Promise<Canceled> => {
        const [submission] = await submissionsById(tx, account, [id]);
        if (submission === undefined) return { kind: 'notFound' };
        if (submission.undo !== 'pending' || !(await recall(tx, submission.message))) return { kind: 'tooLate' };
        const state = await this.#advance(tx, account, expected);
        await setUndo(tx, id, 'canceled', state);
        return { kind: 'canceled', state };
      }, 'reserve');
    } catch (error) {
      if (error instanceof NotRecalled) return { kind: 'tooLate' };
      throw error;
    }
  }

  /** Removes the record of a submission; what becomes of its message does not change. @returns the state after it, null when there is none. */
  async destroy(account: AccountId, id: number, expected: ModSeq | 0 | null = null): Promise<ModSeq | null> {
    return await this.#deps.db.write(async (tx) => {
      const [found] = await submissionsById(tx, account, [id]);
      return found === undefined ? null : await this.#remove(tx, account, [id], expected);
    }, 'reserve');
  }

  /** Removes submissions that are old or too many, and forgets what was destroyed long ago. To be run every hour or so. */
  async sweep(): Promise<void> {
    const { db, clock } = this.#deps;
    const { keepMs, maxOfAccount } = this.#limits;
    const beforeMs = clock.now() - keepMs;
    for (let removed = batch; removed === batch;) {
      removed = await db.write(async (tx) => {
        const old = await oldSubmissions(tx, beforeMs, batch);
        for (const [account, some] of Map.groupBy(old, (one) => one.account)) {
          await this.#remove(
            tx,
            account,
            some.map(({ id }) => id),
          );
        }
        return old.length;
      }, 'reserve');
    }
    for (let after = 0; ;) {
      const from = after;
      const crowded = await db.read((reader) => crowdedAccount(reader, from, maxOfAccount));
      if (crowded === null) break;
      after = crowded.account;
      if (crowded.newest !== null) await this.#thinOut(crowded.account, crowded.newest);
    }
    for (let forgotten = batch; forgotten === batch;)
      forgotten = await db.write((tx) => forgetDestroyed(tx, beforeMs, batch), 'reserve');
  }

  async changedIn(tx: Tx, messages: readonly QueueId[]): Promise<void> {
    const following = await submissionsOf(tx, messages);
    for (const [account, some] of Map.groupBy(following, (one) => one.account)) {
      const modSeq = await this.#advance(tx, account);
      for (const ids of inBatches(some.map(({ id }) => id))) await touchSubmissions(tx, ids, modSeq);
    }
  }

  async removingIn(tx: Tx, recipients: Sql): Promise<void> {
    await keepRecipients(tx, recipients);
  }

  async noticedIn(tx: Tx, { message, number, action, reply, messageId }: FollowedNotice): Promise<void> {
    const [following] = await submissionsOf(tx, [message]);
    if (following === undefined) return;
    const { maxNotices, maxReplyChars } = this.#limits;
    const notice = { number, action, reply: reply?.slice(0, maxReplyChars) ?? null, messageId };
    if (!(await insertNotice(tx, following.id, notice, maxNotices))) return;
    await touchSubmissions(tx, [following.id], await this.#advance(tx, following.account));
  }

  async #thinOut(account: AccountId, newest: number): Promise<void> {
    for (let removed = batch; removed === batch;) {
      removed = await this.#deps.db.write(async (tx) => {
        const ids = await oldestSubmissions(tx, account, newest, batch);
        if (ids.length > 0) await this.#remove(tx, account, ids);
        return ids.length;
      }, 'reserve');
    }
  }

  async #remove(
    tx: Tx,
    account: AccountId,
    ids: readonly number[],
    expected: ModSeq | 0 | null = null,
  ): Promise<ModSeq> {
    const modSeq = await this.#advance(tx, account, expected);
    const nowMs = this.#deps.clock.now();
    for (const some of inBatches(ids)) await removeSubmissions(tx, account, some, { modSeq, nowMs });
    return modSeq;
  }

  async #advance(tx: Tx, account: AccountId, expected: ModSeq | 0 | null = null): Promise<ModSeq> {
    const modSeq = await advanceSubmissions(tx, account);
    if (expected !== null && modSeq !== expected + 1) throw new SubmissionsChanged();
    tx.afterCommit(() => this.#deps.bus.publish(accountTopic(account)));
    return modSeq;
  }
}
