import type { JsonObject } from '#lib/jmap';
import type { PushSubscription } from '#mail/push-subscriptions';
import { sendPush, type PushOutcome, type PushRequestDeps, type Urgency } from './push-request.ts';
import type { StateWatcher } from './state-watch.ts';
import { changedTypes, readStates, stateChange, writeStates, type States } from './states.ts';

/** Means of a target. */
export interface PushTargetDeps extends PushRequestDeps {
  /** Waits for one of the slots for requests. */
  readonly slot: () => Promise<Disposable>;
  /** Reports whether the credentials that made the subscription still hold. */
  readonly holds: (subscription: PushSubscription) => Promise<boolean>;
  readonly accountId: string;
  /** Notes the states that were pushed. */
  readonly onPushed: (id: number, states: string) => Promise<void>;
  /** Removes the subscription. */
  readonly onGone: (id: number, reason: string) => Promise<void>;
  readonly onFailure: (id: number, reason: string) => void;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}

interface Message {
  readonly object: JsonObject;
  readonly ttlSeconds: number;
  readonly urgency: Urgency;
  /** States that the client has once this has arrived; null for a verification. */
  readonly states: States | null;
}

/** One subscription at work: never more than one request under way, and one change for all that happened meanwhile. */
export class PushTarget implements StateWatcher, Disposable {
  readonly #deps: PushTargetDeps;
  #subscription: PushSubscription;
  /** Attempts left to send the code; 0 when it was sent, or need not be. */
  #codeAttempts: number;
  #sent: States | null = null;
  #latest: States | null = null;
  #failures = 0;
  #isSending = false;
  #waiting: Disposable | null = null;
  #isEnded = false;

  constructor(subscription: PushSubscription, deps: PushTargetDeps) {
    this.#subscription = subscription;
    this.#deps = deps;
    this.#codeAttempts = subscription.isVerified ? 0 : deps.limits.verificationAttempts;
  }

  get subscription(): PushSubscription {
    return this.#subscription;
  }

  /** Begins, from the states that the account has now: after a restart, with what the client has missed. */
  start(states: States): void {
    this.#latest ??= states;
    const { pushed } = this.#subscription;
    this.#sent = pushed === '' ? states : readStates(pushed);
    this.#pump();
  }

  /** Takes the subscription as the client has changed it. */
  change(subscription: PushSubscription): void {
    // A client that has the code fetches what there is.
    if (subscription.isVerified && !this.#subscription.isVerified) this.#sent = this.#latest;
    this.#subscription = subscription;
    if (subscription.isVerified) this.#codeAttempts = 0;
    this.#pump();
  }

  onStates(states: States): void {
    this.#latest = states;
    this.#pump();
  }

  onRemoved(): void {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#isEnded = true;
    this.#waiting?.[Symbol.dispose]();
    this.#waiting = null;
  }

  #pump(): void {
    const isIdle = !this.#isEnded && !this.#isSending && this.#waiting === null && !this.#deps.signal.aborted;
    if (!isIdle || this.#next() === null) return;
    this.#isSending = true;
    this.#send()
      .catch((error: unknown) => this.#failed(error instanceof Error ? error.message : String(error), null))
      .finally(() => {
        this.#isSending = false;
        this.#pump();
      });
  }

  /** Returns the next message; null when there is none. */
  #next(): Message | null {
    const { id, isVerified, types, verificationCode } = this.#subscription;
    const { accountId, limits } = this.#deps;
    if (!isVerified) {
      if (this.#codeAttempts === 0) return null;
      const object = { '@type': 'PushVerification', pushSubscriptionId: `P${id}`, verificationCode };
      return { object, ttlSeconds: limits.verificationTtlSeconds, urgency: 'high', states: null };
    }
    const [sent, latest] = [this.#sent, this.#latest];
    if (sent === null || latest === null) return null;
    const changed = changedTypes(sent, latest, types === null ? null : new Set(types));
    if (changed === null) return null;
    const urgency = 'EmailDelivery' in changed ? 'normal' : 'low';
    return { object: stateChange(accountId, changed), ttlSeconds: limits.changeTtlSeconds, urgency, states: latest };
  }

  async #send(): Promise<void> {
    const { slot, holds, clock, onPushed, onGone, limits, signal } = this.#deps;
    using _slot = await slot();
    const message = this.#next();
    if (message === null || this.#isEnded) return;
    const { id, expiresMs } = this.#subscription;
    if (expiresMs <= clock.now()) return await onGone(id, 'it has expired');
    if (!(await holds(this.#subscription))) return await onGone(id, 'its credentials are no longer valid');
    const outcome: PushOutcome = await sendPush(this.#subscription, message, this.#deps, signal);
    if (this.#isEnded) return;
    if (outcome.kind === 'gone') return await onGone(id, outcome.reason);
    if (outcome.kind === 'failed') return this.#failed(outcome.reason, outcome.retryAfterMs);
    this.#failures = 0;
    if (message.states === null) {
      this.#codeAttempts = 0;
      return;
    }
    this.#sent = message.states;
    this.#wait(limits.pauseMs);
    await onPushed(id, writeStates(message.states));
  }

  #failed(reason: string, retryAfterMs: number | null): void {
    const { limits, onFailure, signal } = this.#deps;
    if (this.#isEnded || signal.aborted) return;
    if (this.#codeAttempts > 0) this.#codeAttempts -= 1;
    onFailure(this.#subscription.id, reason);
    const doubled = limits.firstRetryMs * 2 ** Math.min(this.#failures, 30);
    this.#failures += 1;
    this.#wait(Math.min(Math.max(doubled, retryAfterMs ?? 0), limits.maxRetryMs));
  }

  #wait(ms: number): void {
    this.#waiting?.[Symbol.dispose]();
    this.#waiting = this.#deps.clock.timer(ms, () => {
      this.#waiting = null;
      this.#pump();
    });
  }
}
