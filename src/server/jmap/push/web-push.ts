import { encodeHex } from '#lib/codecs';
import { vapidPublicKey } from '#lib/web-push';
import type { Account, Accounts } from '#mail/accounts';
import type { NewPushSubscription, PushSubscription, PushSubscriptions } from '#mail/push-subscriptions';
import type { Bus } from '#ports/bus';
import type { Log } from '#ports/log';
import { accountIds } from '../ids.ts';
import type { PushRequestDeps } from './push-request.ts';
import { PushTarget } from './push-target.ts';
import { RequestGate } from './request-gate.ts';
import type { StateWatch } from './state-watch.ts';

/** Dependencies of `WebPush`. */
export interface WebPushDeps extends PushRequestDeps {
  readonly store: PushSubscriptions;
  readonly accounts: Pick<Accounts, 'open'>;
  readonly watch: StateWatch;
  /** Reports whether credentials of some time ago still hold. */
  readonly holds: (identity: PushSubscription['identity']) => Promise<boolean>;
  readonly bus: Bus;
  readonly log: Log;
}

/** Wishes of a client for a new subscription, checked. */
export type WantedSubscription = Omit<NewPushSubscription, 'identity' | 'verificationCode'>;

interface Entry {
  readonly target: PushTarget;
  watching: Disposable | null;
}

const hourMs = 60 * 60_000;

/** Pushes changes to the URLs that clients have subscribed (RFC 8620 §7.2), from the start of the server on. */
export class WebPush implements AsyncDisposable {
  readonly #deps: WebPushDeps;
  readonly #entries = new Map<number, Entry>();
  readonly #gate: RequestGate;
  readonly #stopping = new AbortController();
  readonly #subscriptions = new DisposableStack();
  /** When accounts made subscriptions within the last hour. */
  readonly #made = new Map<number, number[]>();
  #checking: Promise<void> = Promise.resolve();

  constructor(deps: WebPushDeps) {
    this.#deps = deps;
    this.#gate = new RequestGate(deps.limits.maxRequests);
    for (const topic of ['logins', 'config'])
      this.#subscriptions.use(deps.bus.subscribe(topic, () => void this.#checkLogins()));
  }

  /** Public key by which push services know this server (RFC 9749 §3). */
  get publicKey(): string {
    return vapidPublicKey(this.#deps.key);
  }

  get limits(): WebPushDeps['limits'] {
    return this.#deps.limits;
  }

  /** Takes up the subscriptions that were verified before the server started, and sends what their clients have missed. */
  async start(): Promise<void> {
    const { store, accounts, log } = this.#deps;
    for await (const page of store.verified()) {
      for (const subscription of page) {
        const { account: name } = subscription.identity;
        try {
          const account = await accounts.open(name);
          if (account !== null) await this.#add(account, subscription);
        } catch (error) {
          log.error('push.notStarted', { account: name, id: subscription.id }, error);
        }
      }
    }
  }

  /** Returns the subscriptions that some credentials have made. */
  async list(account: Account, identity: PushSubscription['identity']): Promise<PushSubscription[]> {
    const { store, clock } = this.#deps;
    const all = await store.list(account.id, identity);
    return all.filter(({ expiresMs }) => expiresMs > clock.now());
  }

  /** Adds a subscription and sends its verification code. @returns `tooMany` or `tooOften` when there are limits in the way. */
  async create(
    account: Account,
    identity: PushSubscription['identity'],
    wanted: WantedSubscription,
  ): Promise<PushSubscription | 'tooMany' | 'tooOften'> {
    const { store, clock, random, limits } = this.#deps;
    const nowMs = clock.monotonic();
    const made = (this.#made.get(account.id) ?? []).filter((ms) => ms > nowMs - hourMs);
    if (made.length >= limits.maxPerHour) return 'tooOften';
    this.#made.set(account.id, [...made, nowMs]);
    const { account: name, login, proof, untilMs } = identity;
    const own = {
      account: name,
      login,
      ...(proof !== undefined && { proof }),
      ...(untilMs !== undefined && { untilMs }),
    };
    const verificationCode = encodeHex(random.bytes(16));
    const added = await store.add(account.id, { ...wanted, identity: own, verificationCode }, limits.maxSubscriptions);
    if (added === null) return 'tooMany';
    await this.#add(account, added);
    return added;
  }

  /** Stores a subscription as the client has changed it. */
  async update(subscription: PushSubscription): Promise<void> {
    await this.#deps.store.update(subscription);
    this.#entries.get(subscription.id)?.target.change(subscription);
  }

  /** Removes a subscription. */
  async remove(id: number): Promise<void> {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    entry?.target[Symbol.dispose]();
    entry?.watching?.[Symbol.dispose]();
    await this.#deps.store.remove(id);
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    await this.#gate.idle();
  }

  /** Ends requests under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriptions.dispose();
    this.#stopping.abort(new Error('the server is stopping'));
    for (const { target, watching } of this.#entries.values()) {
      target[Symbol.dispose]();
      watching?.[Symbol.dispose]();
    }
    this.#entries.clear();
    await this.#checking;
    await this.idle();
  }

  async #add(account: Account, subscription: PushSubscription): Promise<void> {
    const { store, watch, holds, log } = this.#deps;
    const target = new PushTarget(subscription, {
      ...this.#deps,
      accountId: accountIds.write(account.id),
      slot: () => this.#gate.enter(),
      holds: ({ identity }) => holds(identity),
      onPushed: (id, states) => store.notePushed(id, states),
      onGone: async (id, reason) => {
        log.info('push.subscriptionEnded', { account: account.name, id, reason });
        await this.remove(id);
      },
      onFailure: (id, reason) => log.info('push.failed', { account: account.name, id, reason }),
      signal: this.#stopping.signal,
    });
    const entry: Entry = { target, watching: null };
    this.#entries.set(subscription.id, entry);
    const watching = await watch.watch(account, target);
    // Removed meanwhile.
    if (this.#entries.get(subscription.id) !== entry) return watching[Symbol.dispose]();
    entry.watching = watching;
    target.start(watching.states);
  }

  /** Removes the subscriptions whose credentials no longer hold (RFC 8620 §7.2). */
  #checkLogins(): Promise<void> {
    this.#checking = this.#checking.then(async () => {
      try {
        for (const { target } of this.#entries.values()) {
          const { id, identity } = target.subscription;
          if (await this.#deps.holds(identity)) continue;
          this.#deps.log.info('push.subscriptionEnded', { id, reason: 'its credentials are no longer valid' });
          await this.remove(id);
        }
      } catch (error) {
        this.#deps.log.error('push.checkFailed', {}, error);
      }
    });
    return this.#checking;
  }
}
