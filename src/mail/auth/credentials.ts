import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import type { Random } from '#ports/random';
import type { SlowHash } from '#ports/slow-hash';
import { appPasswordSalts } from './app-password-rows.ts';
import {
  activeAccount,
  clientKeyOf,
  clientKeysOf,
  credentialOf,
  deleteClientKey,
  insertClientKey,
  putCredential,
  type ClientKeyRow,
} from './credential-rows.ts';
import { deriveSecrets, PasswordRefusal, saltsOf } from './derive.ts';
import { authLimits, type AuthLimits } from './limits.ts';
import { PasswordHasher } from './password-hasher.ts';
import { deleteWebSessions } from './web-session-rows.ts';

/** Dependencies of `Credentials`. */
export interface CredentialsDeps {
  /** The server's database. */
  readonly db: Database;
  /** Wakes, on the topic `logins`, those who hold open what a secret proved that is gone. */
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly hash: SlowHash;
  readonly limits?: Partial<AuthLimits>;
}

/** A TLS client certificate's public key and its account. */
export type ClientKey = ClientKeyRow;

/** The secrets of accounts. Account names are in their normalised form. */
export class Credentials {
  readonly #deps: CredentialsDeps;
  readonly #limits: AuthLimits;
  readonly #hasher: PasswordHasher;

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
    this.#limits = { ...authLimits, ...deps.limits };
    this.#hasher = new PasswordHasher(deps.hash, this.#limits);
  }

  /** Sets an account's password; the old one is invalid at once, and sessions of pages end. @throws PasswordRefusal, or Error when there is no such account. */
  async setPassword(account: string, password: string): Promise<void> {
    const { db, clock, random } = this.#deps;
    // Only app passwords bind their account to salts; without them each new password gets new ones.
    const salts = await db.read((reader) => appPasswordSalts(reader, account));
    const secrets = await deriveSecrets(password, this.#hasher, random, this.#limits, salts);
    await db.write(async (tx) => {
      const now = await appPasswordSalts(tx, account);
      if (now !== null && now.join() !== saltsOf(secrets).join())
        throw new PasswordRefusal('an app password of the account was made at the same moment: please try again');
      const id = await existing(activeAccount(tx, account), account);
      await putCredential(tx, id, secrets, clock.now());
      await deleteWebSessions(tx, id);
    }, 'reserve');
    this.#deps.bus.publish('logins');
  }

  /** Reports whether the account has a password. */
  async hasPassword(account: string): Promise<boolean> {
    return (await this.#deps.db.read((reader) => credentialOf(reader, account))) !== null;
  }

  /** Lets a certificate's key log in. `fingerprint` is the SHA-256 of its SubjectPublicKeyInfo. @returns false when the key is in use already. */
  async addClientKey(account: string, fingerprint: Uint8Array, login: string, label: string): Promise<boolean> {
    const createdMs = this.#deps.clock.now();
    return await this.#deps.db.write(async (tx) => {
      const id = await existing(activeAccount(tx, account), account);
      return await insertClientKey(tx, id, { fingerprint, login, label, createdMs });
    });
  }

  /** Returns an account's keys, oldest first. */
  async clientKeys(account: string): Promise<ClientKey[]> {
    return await this.#deps.db.read(async (reader) => {
      const id = await activeAccount(reader, account);
      return id === null ? [] : await clientKeysOf(reader, id);
    });
  }

  /** Returns the key with a fingerprint; null when there is none. */
  async clientKey(fingerprint: Uint8Array): Promise<ClientKey | null> {
    return await this.#deps.db.read((reader) => clientKeyOf(reader, fingerprint));
  }

  /** Removes a key. @returns the removed key; null when it was unknown. */
  async removeClientKey(fingerprint: Uint8Array): Promise<ClientKey | null> {
    const { db, bus } = this.#deps;
    const removed = await db.write(async (tx) => {
      const key = await clientKeyOf(tx, fingerprint);
      if (key !== null) await deleteClientKey(tx, fingerprint);
      return key;
    }, 'reserve');
    bus.publish('logins');
    return removed;
  }
}

async function existing(id: Promise<number | null>, account: string): Promise<number> {
  const found = await id;
  if (found === null) throw new Error(`no account ${account}`);
  return found;
}
