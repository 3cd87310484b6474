import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import type { Log } from '#ports/log';
import type { Acceptance } from './acceptance.ts';
import type { RefusalLimits } from './limits.ts';
import type { Story } from './types.ts';

/** Dependencies of `Refusals`. */
export interface RefusalsDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: RefusalLimits;
}

/** A command about a message that was refused. */
export interface NewRefusal {
  readonly stage: 'MAIL' | 'RCPT' | 'DATA';
  /** Reverse-path, empty for the null one. */
  readonly sender: string;
  /** Empty when none was named yet. */
  readonly recipient: string;
  /** Code, status and text. */
  readonly reply: string;
  readonly by: Acceptance;
  /** Reason that the peer did not learn; null when the reply says it all. */
  readonly explanation: string | null;
}

/** Which refusals are asked for. */
interface RefusalQuestion {
  /** Any when absent. Without regard to ASCII case, as all that is kept is in lower case. */
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  /** Not before, in milliseconds since 1970. */
  readonly sinceMs: number;
}

interface Waiting {
  readonly refusal: NewRefusal;
  readonly dayMs: number;
  readonly firstMs: number;
  lastMs: number;
  times: number;
}

/** Rows of one day, all and by client. */
interface DayRows {
  readonly dayMs: number;
  count: number;
  readonly byClient: Map<string, number>;
}

const oneDayMs = 86_400_000;

/**
 * Mail that was refused. Sessions do not wait for it: refusals are gathered in memory and written seconds later, so a crash loses the last of them.
 * Equal ones of a day are one row.
 */
export class Refusals implements AsyncDisposable {
  readonly #deps: RefusalsDeps;
  #waiting = new Map<string, Waiting>();
  #timer: Disposable | null = null;
  #writing: Promise<void> = Promise.resolve();
  #rows: DayRows | null = null;
  #lost = 0;

  constructor(deps: RefusalsDeps) {
    this.#deps = deps;
  }

  /** Keeps a refusal, while there is room. */
  record(given: NewRefusal): void {
    const { clock, limits } = this.#deps;
    const nowMs = clock.now();
    const cut = (text: string): string => text.slice(0, limits.maxTextChars);
    const sender = cut(given.sender.toLowerCase());
    const explanation = given.explanation === null ? null : cut(given.explanation);
    const recipient = cut(given.recipient.toLowerCase());
    const refusal = { ...given, sender, recipient, reply: cut(given.reply), explanation };
    const dayMs = nowMs - (nowMs % oneDayMs);
    const { remoteIp, service } = given.by;
    const key = JSON.stringify([dayMs, refusal.recipient, sender, remoteIp, service, given.stage, refusal.reply]);
    const known = this.#waiting.get(key);
    if (known !== undefined) {
      known.lastMs = nowMs;
      known.times += 1;
    } else if (this.#waiting.size < limits.maxWaiting) {
      this.#waiting.set(key, { refusal, dayMs, firstMs: nowMs, lastMs: nowMs, times: 1 });
    } else this.#lost += 1;
    if (this.#waiting.size >= limits.flushCount) void this.flush();
    else this.#timer ??= clock.timer(limits.flushMs, () => void this.flush());
  }

  /** Writes what waits. Never rejects: what cannot be written is logged and lost. */
  flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    const waiting = [...this.#waiting.values()];
    const lost = this.#lost;
    this.#waiting = new Map();
    this.#lost = 0;
    if (waiting.length > 0 || lost > 0) {
      this.#writing = this.#writing.then(() =>
        this.#write(waiting, lost).catch((cause: unknown) => {
          this.#rows = null;
          this.#deps.log.error('refusals.notWritten', { refusals: waiting.length }, cause);
        }),
      );
    }
    return this.#writing;
  }

  /** Returns refusals, the latest first, at most `limit`; those that wait to be written are included. */
  async find({ sender, recipient, sinceMs }: RefusalQuestion, limit: number): Promise<Story[]> {
    await this.flush();
    // Who was refused at MAIL named no recipient.
    const ofRecipient =
      recipient === undefined
        ? sql``
        : sender === undefined
          ? sql`AND recipient = ${recipient.toLowerCase()}`
          : sql`AND recipient IN (${recipient.toLowerCase()}, '')`;
    const ofSender = sender === undefined ? sql`` : sql`AND sender = ${sender.toLowerCase()}`;
    const rows = await this.#deps.db.read((reader) =>
      reader.all<RefusalRow>(sql`SELECT recipient, sender, stage, reply, first_ms AS "firstMs", last_ms AS "lastMs", times, facts
        FROM refused_mail WHERE last_ms >= ${sinceMs} ${ofRecipient} ${ofSender} ORDER BY last_ms DESC LIMIT ${limit}`),
    );
    return rows.map(storyOf);
  }

  /** Removes what is old. @returns how many rows. */
  async sweep(): Promise<number> {
    const { db, clock, limits } = this.#deps;
    const beforeMs = clock.now() - limits.keepMs;
    return await db.write(
      (tx) => tx.run(sql`DELETE FROM refused_mail WHERE day_ms < ${beforeMs - oneDayMs}`),
      'reserve',
    );
  }

  /** Writes what waits. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.flush();
  }

  async #write(waiting: readonly Waiting[], lostBefore: number): Promise<void> {
    const { db, log } = this.#deps;
    const lost = await db.write(async (tx) => {
      let sum = lostBefore;
      for (const one of waiting) if (!(await this.#writeOne(tx, one))) sum += one.times;
      return sum;
    });
    if (lost > 0) log.warn('refusals.tooMany', { refusals: lost });
  }

  /** @returns whether there was room. */
  async #writeOne(tx: Tx, { refusal, dayMs, firstMs, lastMs, times }: Waiting): Promise<boolean> {
    const { sender, recipient, stage, reply, by, explanation } = refusal;
    const { remoteIp, service } = by;
    const facts = JSON.stringify(explanation === null ? by : { ...by, explanation });
    const changed =
      await tx.run(sql`UPDATE refused_mail SET last_ms = ${lastMs}, times = times + ${times}, facts = ${facts}
      WHERE day_ms = ${dayMs} AND recipient = ${recipient} AND sender = ${sender} AND remote_ip = ${remoteIp}
        AND service = ${service} AND stage = ${stage} AND reply = ${reply}`);
    if (changed > 0) return true;
    const { limits } = this.#deps;
    const rows = await this.#rowsOf(tx, dayMs);
    const ofClient = rows.byClient.get(remoteIp) ?? 0;
    if (rows.count >= limits.maxPerDay || ofClient >= limits.maxPerClient) return false;
    await tx.run(sql`INSERT INTO refused_mail (day_ms, recipient, sender, remote_ip, service, stage, reply, first_ms, last_ms, times, facts)
      VALUES (${dayMs}, ${recipient}, ${sender}, ${remoteIp}, ${service}, ${stage}, ${reply}, ${firstMs}, ${lastMs}, ${times}, ${facts})`);
    rows.count += 1;
    rows.byClient.set(remoteIp, ofClient + 1);
    return true;
  }

  async #rowsOf(tx: Tx, dayMs: number): Promise<DayRows> {
    if (this.#rows?.dayMs === dayMs) return this.#rows;
    const found = await tx.all<{ ip: string; count: number }>(
      sql`SELECT remote_ip AS ip, count(*) AS count FROM refused_mail WHERE day_ms = ${dayMs} GROUP BY remote_ip`,
    );
    const byClient = new Map(found.map(({ ip, count }) => [ip, count]));
    this.#rows = { dayMs, count: found.reduce((sum, { count }) => sum + count, 0), byClient };
    return this.#rows;
  }
}

interface RefusalRow {
  readonly recipient: string;
  readonly sender: string;
  readonly stage: string;
  readonly reply: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly times: number;
  readonly facts: string;
}

function storyOf({ recipient, sender, stage, reply, firstMs, lastMs, times, facts }: RefusalRow): Story {
  // We wrote it ourselves.
  const { explanation = null, ...by } = JSON.parse(facts) as Acceptance & { readonly explanation?: string };
  return {
    kind: 'refused',
    sender,
    recipient,
    events: [{ kind: 'refused', atMs: firstMs, lastMs, times, by, stage, reply, explanation }],
  };
}
