import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import {
  prepareLogin,
  preparePassword,
  type CredentialStore,
  type Identity,
  type ScramKeys,
  type ScramLogin,
} from '#lib/sasl';
import type { Clock } from '#ports/clock';
import type { ConditionSink } from '#ports/conditions';
import type { Database } from '#ports/database';
import type { Random } from '#ports/random';
import type { SlowHash } from '#ports/slow-hash';
import { accountOfDigest, appPasswordProofs, type AppPasswordProof } from './app-password-rows.ts';
import { digestOf } from './app-passwords.ts';
import { cramMd5Digest } from './cram-md5.ts';
import { activeAccount, clientKeyOf, credentialOf, serverSecret, type CredentialRow } from './credential-rows.ts';
import { readScram } from './derive.ts';
import { keyFingerprint } from './key-fingerprint.ts';
import { appPasswordProof, clientKeyProof, fingerprintOf, passwordProof, sessionDigestOf } from './proof-names.ts';
import { webSessionOf } from './web-session-rows.ts';
import { sessionFloor } from './web-sessions.ts';
import { authLimits, type AuthLimits } from './limits.ts';
import { PasswordHasher } from './password-hasher.ts';
import { VerifiedPasswords } from './verified-passwords.ts';

/** Maps login names to accounts, by configuration. */
export interface LoginDirectory {
  /** Returns the name of the account that may log in as `login` (prepared: lower case, NFC); null when there is none. */
  accountOf(login: string): string | null;
}

/** Dependencies of `CredentialChecker`. */
export interface CredentialCheckerDeps {
  /** The server's database. */
  readonly db: Database;
  readonly directory: LoginDirectory;
  readonly clock: Clock;
  readonly random: Random;
  readonly hash: SlowHash;
  readonly limits?: Partial<AuthLimits>;
  /** Receives the condition that too many logins wait. */
  readonly conditions?: ConditionSink;
}

/** A `CredentialStore` for SASL mechanisms on the stored secrets. Unknown logins get the answers of wrong passwords, after the same time. */
export class CredentialChecker implements CredentialStore {
  readonly #deps: CredentialCheckerDeps;
  readonly #limits: AuthLimits;
  readonly #hasher: PasswordHasher;
  readonly #verified: VerifiedPasswords;
  #decoyHash: Promise<string> | null = null;
  #fakeKey: Promise<Uint8Array> | null = null;

  constructor(deps: CredentialCheckerDeps) {
    this.#deps = deps;
    this.#limits = { ...authLimits, ...deps.limits };
    this.#hasher = new PasswordHasher(deps.hash, this.#limits, deps.conditions);
    const { clock, random } = deps;
    this.#verified = new VerifiedPasswords({ clock, key: random.bytes(32), limits: this.#limits });
  }

  async checkPassword(login: string, password: string): Promise<Identity | null> {
    const found = await this.#find(login);
    const prepared = password.length > this.#limits.maxPasswordLength ? null : preparePassword(password);
    const digest = found === null || found.apps.length === 0 ? null : digestOf(prepared ?? '');
    const app = found?.apps.find((one) => digest !== null && timingSafeEqual(one.digest, digest));
    if (found !== null && app !== undefined) return provedBy(found.identity, app);
    if (found?.row != null && prepared !== null) {
      const { row } = found;
      const identity = provedByPassword(found.identity, row);
      if (this.#verified.has(identity.account, row.passwordHash, prepared)) return identity;
      if (!(await this.#hasher.verify(prepared, row.passwordHash))) return null;
      this.#verified.add(identity.account, row.passwordHash, prepared);
      return identity;
    }
    await this.#hasher.verify(prepared ?? '', await this.#decoy());
    return null;
  }

  /**
   * Checks an app password that a client sends as a bearer token (RFC 6750 §2.1): it is long enough to be found by its digest alone, so that no name is needed.
   * A guess steers the digest nowhere, and thus learns nothing from the time of the search.
   */
  async checkToken(token: string, login: string | null = null): Promise<Identity | null> {
    if (token.length > this.#limits.maxPasswordLength) return null;
    const digest = digestOf(token);
    const account = await this.#deps.db.read((reader) => accountOfDigest(reader, digest));
    const found = account === null ? null : await this.#find(login ?? account);
    if (found?.identity.account !== account) return null;
    const app = found?.apps.find((one) => timingSafeEqual(one.digest, digest));
    return found === null || app === undefined ? null : provedBy(found.identity, app);
  }

  async scramKeys(login: string, hash: 'SHA-1' | 'SHA-256'): Promise<ScramLogin> {
    const found = await this.#find(login);
    const stored = (keys: Pick<CredentialRow, 'scramSha1' | 'scramSha256'>): ScramKeys =>
      readScram(hash === 'SHA-1' ? keys.scramSha1 : keys.scramSha256);
    const appPasswords = found?.apps.map((app) => ({ ...stored(app), identity: provedBy(found.identity, app) })) ?? [];
    if (found?.row != null)
      return { ...stored(found.row), identity: provedByPassword(found.identity, found.row), appPasswords };
    const [first] = appPasswords;
    if (first === undefined) return await this.#fakeKeys(login, hash);
    // The account has no password of its own: no proof fits a random key.
    const noKey = this.#deps.random.bytes(first.storedKey.length);
    const { salt, iterations } = first;
    return { salt, iterations, storedKey: noKey, serverKey: noKey, appPasswords };
  }

  async #fakeKeys(login: string, hash: 'SHA-1' | 'SHA-256'): Promise<ScramKeys> {
    // RFC 5802 §7: servers may hide that a user is unknown. Such a login gets a salt, too, the same each time, also after a restart.
    const key = await this.#secretForFakes();
    const name = prepareLogin(login) ?? login;
    const part = (use: string): Uint8Array => createHmac('sha256', key).update(`${use} ${hash} ${name}`).digest();
    const hashBytes = hash === 'SHA-1' ? 20 : 32;
    return {
      salt: part('salt').subarray(0, 16),
      iterations: this.#limits.scramIterations,
      storedKey: part('stored').subarray(0, hashBytes),
      serverKey: part('server').subarray(0, hashBytes),
    };
  }

  async checkCramMd5(login: string, challenge: string, digest: string): Promise<Identity | null> {
    const found = await this.#find(login);
    const isRight = (states: Uint8Array): boolean =>
      timingSafeEqual(hashed(digest), hashed(cramMd5Digest(states, challenge)));
    const isOwn = isRight(found?.row?.cramMd5 ?? new Uint8Array(32));
    if (found === null) return null;
    if (isOwn && found.row !== null) return provedByPassword(found.identity, found.row);
    const app = found.apps.find(({ cramMd5 }) => isRight(cramMd5));
    return app === undefined ? null : provedBy(found.identity, app);
  }

  async identify(login: string): Promise<Identity | null> {
    return (await this.#find(login))?.identity ?? null;
  }

  async identifyCertificate(certificate: Uint8Array, authorizationId: string | null): Promise<Identity | null> {
    const fingerprint = keyFingerprint(certificate);
    if (fingerprint === null) return null;
    const key = await this.#deps.db.read((reader) => clientKeyOf(reader, fingerprint));
    if (key === null) return null;
    // RFC 4422 §3.4.1: an authorization identity may differ; we accept another name of the same account, while the configuration gives it that name.
    const isAsked = authorizationId !== null && authorizationId !== '';
    const identity = await this.identify(isAsked ? authorizationId : key.login);
    return identity?.account === key.account ? { ...identity, proof: clientKeyProof(fingerprint) } : null;
  }

  /** Reports whether a login could be proved again in the same way: its name, its account and the secret are still there. */
  async isStillProved({ account, login, proof }: Identity): Promise<boolean> {
    const found = await this.#find(login);
    if (found?.identity.account !== account) return false;
    if (proof === undefined) return true;
    const fingerprint = fingerprintOf(proof);
    if (fingerprint !== null) {
      const key = await this.#deps.db.read((reader) => clientKeyOf(reader, fingerprint));
      return key?.account === account;
    }
    const digest = sessionDigestOf(proof);
    if (digest !== null) {
      const floor = sessionFloor(this.#deps.clock.now(), this.#limits);
      return (await this.#deps.db.read((reader) => webSessionOf(reader, digest, floor)))?.account === account;
    }
    if (found.row !== null && passwordProof(found.row) === proof) return true;
    return found.apps.some((app) => appPasswordProof(app) === proof);
  }

  async #find(login: string): Promise<FoundLogin | null> {
    const name = prepareLogin(login);
    const account = name === null ? null : this.#deps.directory.accountOf(name);
    if (name === null || account === null) return null;
    const { db, clock } = this.#deps;
    return await db.read(async (reader) => {
      const id = await activeAccount(reader, account);
      if (id === null) return null;
      const [row, apps] = [await credentialOf(reader, account), await appPasswordProofs(reader, id, clock.now())];
      return { identity: { account, login: name }, row, apps };
    });
  }

  /** Returns a hash to verify for unknown logins. A failure is not remembered: the next login tries again. */
  #decoy(): Promise<string> {
    this.#decoyHash ??= this.#hasher.hash('decoy', this.#deps.random.bytes(16)).catch((error: unknown) => {
      this.#decoyHash = null;
      throw error;
    });
    return this.#decoyHash;
  }

  #secretForFakes(): Promise<Uint8Array> {
    const { db, random } = this.#deps;
    const fresh = random.bytes(32);
    this.#fakeKey ??= db
      .write((tx) => serverSecret(tx, 'scram-fake-salt', fresh))
      .catch((error: unknown) => {
        this.#fakeKey = null;
        throw error;
      });
    return this.#fakeKey;
  }
}

/** An account that may be logged in to, and everything that proves it. */
interface FoundLogin {
  readonly identity: Identity;
  /** Null when the account has no password of its own. */
  readonly row: CredentialRow | null;
  readonly apps: readonly AppPasswordProof[];
}

function provedByPassword(identity: Identity, row: CredentialRow): Identity {
  return { ...identity, proof: passwordProof(row) };
}

function provedBy(identity: Identity, app: AppPasswordProof): Identity {
  const { id, scopes, expiresMs } = app;
  const proved = { ...identity, appPassword: { id, scopes }, proof: appPasswordProof(app) };
  return expiresMs === null ? proved : { ...proved, untilMs: expiresMs };
}

function hashed(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
