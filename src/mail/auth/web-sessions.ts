import { createHash } from 'node:crypto';
import { encodeBase64url } from '#lib/codecs';
import type { Identity } from '#lib/sasl';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { activeAccount, credentialOf } from './credential-rows.ts';
import { authLimits, type AuthLimits } from './limits.ts';
import { passwordProof, webSessionProof } from './proof-names.ts';
import {
  deleteWebSession,
  deleteWebSessions,
  insertWebSession,
  putWebSessionUse,
  trimWebSessions,
  webSessionOf,
  webSessionsOf,
  type SessionFloor,
  type WebSession,
} from './web-session-rows.ts';

/** Dependencies of `WebSessions`. */
export interface WebSessionsDeps {
  /** The server's database. */
  readonly db: Database;
  /** Wakes, on the topic `logins`, those who hold open what a session proved that is gone. */
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<AuthLimits>;
}

/** A session that has begun. */
export interface NewWebSession {
  readonly id: number;
  /** 256 random bits in base64url, which only its client has: stored is a hash. */
  readonly token: string;
}

const tokenBytes = 32;

/** Sessions of pages, each proved by a random token. They end when they were not used for some time, some time after the login, and with the account's password. */
export class WebSessions {
  readonly #deps: WebSessionsDeps;
  readonly #limits: AuthLimits;
  /** When the use of each was last stored. */
  readonly #notedMs = new Map<number, number>();

  constructor(deps: WebSessionsDeps) {
    this.#deps = deps;
    this.#limits = { ...authLimits, ...deps.limits };
  }

  /** Longest life of a session in ms. */
  get lifeMs(): number {
    return this.#limits.webSessionLifeMs;
  }

  /**
   * Begins a session for a login that the account's own password has just proved; past `maxWebSessions` the one that was not used for the longest time ends.
   * @returns null when that password was changed meanwhile.
   */
  async begin({ account, login, proof }: Identity, device: string, address: string): Promise<NewWebSession | null> {
    const { db, clock, random } = this.#deps;
    const token = encodeBase64url(random.bytes(tokenBytes));
    const id = await db.write(async (tx) => {
      const row = await credentialOf(tx, account);
      if (row === null || passwordProof(row) !== proof) return null;
      await trimWebSessions(tx, row.account, this.#floor(), this.#limits.maxWebSessions - 1);
      const session = { login, device, createdMs: clock.now(), lastAddress: address };
      return await insertWebSession(tx, row.account, digestOfToken(token), session);
    });
    if (id === null) return null;
    await db.durable();
    // Another may have ended for it.
    this.#deps.bus.publish('logins');
    return { id, token };
  }

  /** Returns who is logged in with a token, and notes the use, those of the same minute once; null when there is no such session. */
  async check(token: string, address: string): Promise<Identity | null> {
    if (token.length > this.#limits.maxPasswordLength) return null;
    const digest = digestOfToken(token);
    const session = await this.#deps.db.read((reader) => webSessionOf(reader, digest, this.#floor()));
    if (session === null) return null;
    const { id, account, login, createdMs } = session;
    void this.#noteUse(session, address);
    const untilMs = createdMs + this.#limits.webSessionLifeMs;
    return { account, login, webSession: id, proof: webSessionProof(digest), untilMs };
  }

  /** Returns the sessions of an account, the latest login first; empty when there is no such account. */
  async list(account: string): Promise<WebSession[]> {
    return await this.#deps.db.read(async (reader) => {
      const id = await activeAccount(reader, account);
      return id === null ? [] : await webSessionsOf(reader, id, this.#floor());
    });
  }

  /** Ends one session of an account. @returns false when there is none of that id. */
  async end(account: string, session: number): Promise<boolean> {
    return (await this.#remove(account, async (tx, id) => Number(await deleteWebSession(tx, id, session)))) > 0;
  }

  /** Ends the sessions of an account. @param except  One that goes on; null for none. @returns how many. */
  async endAll(account: string, except: number | null = null): Promise<number> {
    return await this.#remove(account, (tx, id) => deleteWebSessions(tx, id, except));
  }

  async #remove(
    account: string,
    remove: (tx: Parameters<typeof deleteWebSessions>[0], id: number) => Promise<number>,
  ): Promise<number> {
    const { db, bus } = this.#deps;
    const removed = await db.write(async (tx) => {
      const id = await activeAccount(tx, account);
      return id === null ? 0 : await remove(tx, id);
    }, 'reserve');
    await db.durable();
    bus.publish('logins');
    return removed;
  }

  async #noteUse({ id, lastUsedMs }: WebSession, address: string): Promise<void> {
    const { db, clock, log } = this.#deps;
    const atMs = clock.now();
    if (atMs - Math.max(lastUsedMs, this.#notedMs.get(id) ?? 0) < this.#limits.useIntervalMs) return;
    this.#notedMs.set(id, atMs);
    try {
      await db.write((tx) => putWebSessionUse(tx, id, atMs, address));
    } catch (error) {
      log.warn('webSession.useNotNoted', { id, reason: error instanceof Error ? error.message : String(error) });
    } finally {
      // What is stored says the same from now on.
      this.#notedMs.delete(id);
    }
  }

  #floor(): SessionFloor {
    return sessionFloor(this.#deps.clock.now(), this.#limits);
  }
}

/** Returns the times from which sessions are still good. */
export function sessionFloor(nowMs: number, limits: AuthLimits): SessionFloor {
  return { usedMs: nowMs - limits.webSessionIdleMs, createdMs: nowMs - limits.webSessionLifeMs };
}

function digestOfToken(token: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(token).digest());
}
