import type { AccountId, ModSeq } from '#lib/ids';
import { accountTopic, advance } from '#mail/changes';
import type { Bus } from '#ports/bus';
import type { Database, Tx } from '#ports/database';
import { allIdentities, expungeIdentity, insertIdentity, updateIdentity } from './identity-rows.ts';
import type { Identity, IdentityProperties } from './identity.ts';
import { identityLimits } from './limits.ts';

/** Dependencies of `Identities`. */
export interface IdentitiesDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly bus: Bus;
}

/** Reports that an account has as many identities as it may. */
export class TooManyIdentities extends Error {
  override readonly name = 'TooManyIdentities';
}

/** The stored identities of one account. */
export class Identities {
  readonly #deps: IdentitiesDeps;

  constructor(deps: IdentitiesDeps) {
    this.#deps = deps;
  }

  /** Returns all of them, those that are gone among them. */
  async list(): Promise<readonly Identity[]> {
    const { account, db } = this.#deps;
    const identities = await db.read((reader) => allIdentities(reader, account, identityLimits.maxIdentities));
    await db.durable();
    return identities;
  }

  /** Makes several changes in one transaction. `body` awaits nothing but the editor. */
  async edit<T>(body: (editor: IdentityEditor) => Promise<T>): Promise<T> {
    const { account, db, bus } = this.#deps;
    return await db.write(async (tx) => {
      const editor = new IdentityEditor(tx, account);
      const result = await body(editor);
      if (editor.hasChanged) tx.afterCommit(() => bus.publish(accountTopic(account)));
      return result;
    });
  }
}

/** Changes of identities within one transaction. */
export class IdentityEditor {
  readonly #tx: Tx;
  readonly #account: AccountId;
  #modSeq: ModSeq | null = null;

  constructor(tx: Tx, account: AccountId) {
    this.#tx = tx;
    this.#account = account;
  }

  get hasChanged(): boolean {
    return this.#modSeq !== null;
  }

  /** Returns all identities as they are now. */
  async list(): Promise<readonly Identity[]> {
    return await allIdentities(this.#tx, this.#account, identityLimits.maxIdentities);
  }

  /** Adds an identity. @returns its row id. @throws TooManyIdentities. */
  async add(given: Pick<Identity, 'address' | 'email'>, properties: IdentityProperties): Promise<number> {
    if ((await this.list()).length >= identityLimits.maxIdentities) throw new TooManyIdentities();
    const { modSeq, firstId: id } = await advance(this.#tx, this.#account, 1);
    this.#modSeq = modSeq;
    await insertIdentity(this.#tx, this.#account, { id, ...given }, properties, modSeq);
    return id;
  }

  async update(id: number, properties: IdentityProperties): Promise<void> {
    await updateIdentity(this.#tx, this.#account, id, properties, await this.#advance());
  }

  async remove(id: number): Promise<void> {
    await expungeIdentity(this.#tx, this.#account, id, await this.#advance());
  }

  async #advance(): Promise<ModSeq> {
    this.#modSeq ??= (await advance(this.#tx, this.#account)).modSeq;
    return this.#modSeq;
  }
}
