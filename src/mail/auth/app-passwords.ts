import { createHash } from 'node:crypto';
import type { AppPasswordScope, Identity } from '#lib/sasl';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Database, Reader } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import {
  appPasswordSalts,
  appPasswordsOf,
  deleteAppPassword,
  insertAppPassword,
  putAppPasswordUse,
  type AppPassword,
  type AppPasswordSecrets,
  type AppPasswordUse,
} from './app-password-rows.ts';
import { activeAccount, credentialOf } from './credential-rows.ts';
import { cramMd5States } from './cram-md5.ts';
import { deriveScram, PasswordRefusal, saltsOf, type ScramSalts } from './derive.ts';
import { generatePassword } from './generate-password.ts';
import { authLimits, type AuthLimits } from './limits.ts';

/** Dependencies of `AppPasswords`. */
export interface AppPasswordsDeps {
  /** The server's database. */
  readonly db: Database;
  /** Wakes, on the topic `logins`, those who hold open what a secret proved that is gone. */
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<AuthLimits>;
}

/** Settings of a new app password. */
export interface NewAppPassword {
  /** Name in lists, one of its account's. */
  readonly name: string;
  /** At least one. */
  readonly scopes: readonly AppPasswordScope[];
  /** Milliseconds since 1970; null for never. */
  readonly expiresMs: number | null;
}

/**
 * Passwords of single programs: random, named, limited to scopes and perhaps to a time, and removed one by one. They serve every SASL mechanism
 * that passwords serve: all passwords of an account share the salt of its SCRAM keys, because the server sends it before it sees a proof (RFC 5802 §3).
 */
export class AppPasswords {
  readonly #deps: AppPasswordsDeps;
  readonly #limits: AuthLimits;
  /** When the use of each was last stored. */
  readonly #notedMs = new Map<number, number>();

  constructor(deps: AppPasswordsDeps) {
    this.#deps = deps;
    this.#limits = { ...authLimits, ...deps.limits };
  }

  /**
   * Makes an app password and returns it, the only time that anyone sees it. At most `maxAppPasswords` an account.
   * @throws PasswordRefusal when the name is taken, there are too many, or the account's own password was set at the same moment;
   * Error when there is no such account.
   */
  async add(account: string, asked: NewAppPassword): Promise<string> {
    const { db, clock, random } = this.#deps;
    const password = generatePassword(random);
    const salts = await db.read((reader) => accountSalts(reader, account));
    const secrets = await this.#derive(password, salts);
    await db.write(async (tx) => {
      const id = await activeAccount(tx, account);
      if (id === null) throw new Error(`no account ${account}`);
      const now = await accountSalts(tx, account);
      if (now !== null && now.join() !== saltsOf(secrets).join())
        throw new PasswordRefusal('another password of the account was set at the same moment: please try again');
      const most = this.#limits.maxAppPasswords;
      if ((await appPasswordsOf(tx, id)).length >= most)
        throw new PasswordRefusal(`the account has ${most} app passwords, which is the limit: remove one first`);
      if ((await insertAppPassword(tx, id, { ...asked, createdMs: clock.now() }, secrets)) === null)
        throw new PasswordRefusal(`the account has an app password named ${asked.name}: choose another name`);
    }, 'reserve');
    return password;
  }

  /** Returns the app passwords of an account, oldest first; empty when there is no such account. */
  async list(account: string): Promise<AppPassword[]> {
    return await this.#deps.db.read(async (reader) => {
      const id = await activeAccount(reader, account);
      return id === null ? [] : await appPasswordsOf(reader, id);
    });
  }

  /** Removes an app password; it is invalid at once. @returns false when there is none of that name. */
  async remove(account: string, name: string): Promise<boolean> {
    const { db, bus } = this.#deps;
    const wasThere = await db.write(async (tx) => {
      const id = await activeAccount(tx, account);
      return id !== null && (await deleteAppPassword(tx, id, name));
    }, 'reserve');
    bus.publish('logins');
    return wasThere;
  }

  /** Notes a login, if it was one with an app password; those of the same minute once. A note that cannot be stored never fails the login. */
  async noteUse({ appPassword }: Identity, use: Omit<AppPasswordUse, 'atMs'>): Promise<void> {
    const { db, clock, log } = this.#deps;
    if (appPassword === undefined) return;
    const { id } = appPassword;
    const atMs = clock.now();
    if (atMs - (this.#notedMs.get(id) ?? Number.NEGATIVE_INFINITY) < this.#limits.useIntervalMs) return;
    this.#notedMs.set(id, atMs);
    try {
      await db.write((tx) => putAppPasswordUse(tx, id, { ...use, atMs }));
    } catch (error) {
      this.#notedMs.delete(id);
      log.warn('appPassword.useNotNoted', { id, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async #derive(password: string, salts: ScramSalts | null): Promise<AppPasswordSecrets> {
    return {
      digest: digestOf(password),
      ...(await deriveScram(password, this.#deps.random, this.#limits, salts)),
      cramMd5: cramMd5States(password),
    };
  }
}

/** Returns the SHA-256 of an app password. */
export function digestOf(password: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(password).digest());
}

/** Returns the salts that the SCRAM keys of an account have already; null when it has no password yet. */
async function accountSalts(reader: Reader, account: string): Promise<ScramSalts | null> {
  const own = await credentialOf(reader, account);
  return own === null ? await appPasswordSalts(reader, account) : saltsOf(own);
}
