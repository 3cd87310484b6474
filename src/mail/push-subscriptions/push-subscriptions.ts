import type { AccountId } from '#lib/ids';
import type { Database } from '#ports/database';
import {
  deleteSubscription,
  insertSubscription,
  keptSecret,
  putPushed,
  subscriptionsOf,
  updateSubscription,
  verifiedSubscriptions,
} from './push-subscription-rows.ts';
import type { NewPushSubscription, PushSubscription } from './push-subscription.ts';

/** Subscriptions that are read at once. */
const pageSize = 500;

/** The push subscriptions of all accounts, in the server's database. */
export class PushSubscriptions {
  readonly #db: Database;

  /** @param db  The server's database. */
  constructor(db: Database) {
    this.#db = db;
  }

  /** Returns the subscriptions that some credentials of an account have made, oldest first. */
  async list(account: AccountId, { login, proof }: PushSubscription['identity']): Promise<PushSubscription[]> {
    const all = await this.#db.read((reader) => subscriptionsOf(reader, account));
    return all.filter(({ identity }) => identity.login === login && identity.proof === proof);
  }

  /** Returns all verified subscriptions of the server, in pages. */
  async *verified(): AsyncGenerator<readonly PushSubscription[]> {
    let afterId = 0;
    for (;;) {
      const from = afterId;
      const page = await this.#db.read((reader) => verifiedSubscriptions(reader, from, pageSize));
      if (page.length === 0) return;
      yield page;
      afterId = page.at(-1)?.id ?? 0;
    }
  }

  /** Reports whether the server has a verified subscription. */
  async hasVerified(): Promise<boolean> {
    return (await this.#db.read((reader) => verifiedSubscriptions(reader, 0, 1))).length > 0;
  }

  /** Adds a subscription that is not verified. @returns null when the account has `most` already, of whichever credentials. */
  async add(account: AccountId, one: NewPushSubscription, most: number): Promise<PushSubscription | null> {
    return await this.#db.write(async (tx) => {
      if ((await subscriptionsOf(tx, account)).length >= most) return null;
      return { ...one, id: await insertSubscription(tx, account, one), isVerified: false, pushed: '' };
    });
  }

  /** Stores what a client may change. */
  async update(subscription: PushSubscription): Promise<void> {
    await this.#db.write((tx) => updateSubscription(tx, subscription.id, subscription));
  }

  /** Notes the states that were pushed. */
  async notePushed(id: number, pushed: string): Promise<void> {
    await this.#db.write((tx) => putPushed(tx, id, pushed));
  }

  /** Removes a subscription with its URL and keys. */
  async remove(id: number): Promise<void> {
    await this.#db.write((tx) => deleteSubscription(tx, id), 'reserve');
  }

  /** Returns a secret of the server that is kept for push; `make` makes it at first use. */
  async secret(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const fresh = await make();
    return await this.#db.write((tx) => keptSecret(tx, name, fresh));
  }
}
