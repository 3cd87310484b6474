import type { Clock } from '#ports/clock';
import { sql, type Database, type Reader, type Sql, type Tx } from '#ports/database';
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
    const key = keyOf(dayMs, refusal);
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

  /** Returns refusals, the latest first, at most `limit`; those that wait to be written are included, and go on waiting: a question writes nothing. */
  async find(question: RefusalQuestion, limit: number): Promise<Story[]> {
    for (;;) {
      const writing = this.#writing;
      await writing;
      const waiting = [...this.#waiting.values()].filter((one) => isMeant(one, question));
      const latest = waiting.toSorted((a, b) => b.lastMs - a.lastMs).slice(0, limit);
      const rows = await this.#deps.db.read((reader) => findRows(reader, question, latest, limit));
      // What was written meanwhile would be counted twice.
      if (this.#writing !== writing) continue;
      const found = withWaiting(rows, latest).toSorted((a, b) => b.lastMs - a.lastMs);
      return found.slice(0, limit).map(storyOf);
    }
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
  async #writeOne(tx: Tx, one: Waiting): Promise<boolean> {
    const { refusal, dayMs, firstMs, lastMs, times } = one;
    const { sender, recipient, stage, reply, by } = refusal;
    const { remoteIp, service } = by;
    const facts = factsOf(refusal);
    const changed =
      await tx.run(sql`UPDATE refused_mail SET last_ms = ${lastMs}, times = times + ${times}, facts = ${facts}
      WHERE ${isSame(one)}`);
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
  readonly dayMs: number;
  readonly recipient: string;
  readonly sender: string;
  readonly stage: string;
  readonly reply: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly times: number;
  /** Acceptance, as JSON. */
  readonly facts: string;
}

const columns = sql`day_ms AS "dayMs", recipient, sender, stage, reply, first_ms AS "firstMs", last_ms AS "lastMs", times, facts`;

/** Reads the rows that a question means, the latest first, and those that `waiting` will add to. */
async function findRows(
  reader: Reader,
  { sender, recipient, sinceMs }: RefusalQuestion,
  waiting: readonly Waiting[],
  limit: number,
): Promise<RefusalRow[]> {
  // A client that was refused at MAIL named no recipient.
  const ofRecipient =
    recipient === undefined
      ? sql``
      : sender === undefined
        ? sql`AND recipient = ${recipient.toLowerCase()}`
        : sql`AND recipient IN (${recipient.toLowerCase()}, '')`;
  const ofSender = sender === undefined ? sql`` : sql`AND sender = ${sender.toLowerCase()}`;
  const rows = await reader.all<RefusalRow>(sql`SELECT ${columns} FROM refused_mail
    WHERE last_ms >= ${sinceMs} ${ofRecipient} ${ofSender} ORDER BY last_ms DESC LIMIT ${limit}`);
  const known = new Set(rows.map(keyOfRow));
  for (const one of waiting) {
    if (known.has(keyOf(one.dayMs, one.refusal))) continue;
    const row = await reader.get<RefusalRow>(sql`SELECT ${columns} FROM refused_mail WHERE ${isSame(one)}`);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** Adds refusals that are not written yet to their rows. */
function withWaiting(rows: readonly RefusalRow[], waiting: readonly Waiting[]): RefusalRow[] {
  const found = new Map(rows.map((row) => [keyOfRow(row), row]));
  for (const { refusal, dayMs, firstMs, lastMs, times } of waiting) {
    const { sender, recipient, stage, reply } = refusal;
    const key = keyOf(dayMs, refusal);
    const row = found.get(key) ?? { dayMs, recipient, sender, stage, reply, firstMs, times: 0 };
    found.set(key, { ...row, lastMs, times: row.times + times, facts: factsOf(refusal) });
  }
  return [...found.values()];
}

function isMeant({ refusal, lastMs }: Waiting, { sender, recipient, sinceMs }: RefusalQuestion): boolean {
  if (lastMs < sinceMs || (sender !== undefined && refusal.sender !== sender.toLowerCase())) return false;
  if (recipient === undefined || refusal.recipient === recipient.toLowerCase()) return true;
  return sender !== undefined && refusal.recipient === '';
}

function isSame({ refusal, dayMs }: Waiting): Sql {
  const { sender, recipient, stage, reply, by } = refusal;
  return sql`day_ms = ${dayMs} AND recipient = ${recipient} AND sender = ${sender} AND remote_ip = ${by.remoteIp}
    AND service = ${by.service} AND stage = ${stage} AND reply = ${reply}`;
}

/** Returns what equal refusals of a day have in common. */
function keyOf(
  dayMs: number,
  {
    recipient,
    sender,
    stage,
    reply,
    by,
  }: Pick<NewRefusal, 'recipient' | 'sender' | 'reply' | 'by'> & {
    readonly stage: string;
  },
): string {
  return JSON.stringify([dayMs, recipient, sender, by.remoteIp, by.service, stage, reply]);
}

function keyOfRow({ dayMs, facts, ...row }: RefusalRow): string {
  return keyOf(dayMs, { ...row, by: readFacts(facts) });
}

function factsOf({ by, explanation }: NewRefusal): string {
  return JSON.stringify(explanation === null ? by : { ...by, explanation });
}

/** Reads what `factsOf` wrote. */
function readFacts(facts: string): Acceptance & { readonly explanation?: string } {
  return JSON.parse(facts) as Acceptance & { readonly explanation?: string };
}

function storyOf({ recipient, sender, stage, reply, firstMs, lastMs, times, facts }: RefusalRow): Story {
  const { explanation = null, ...by } = readFacts(facts);
  return {
    kind: 'refused',
    sender,
    recipient,
    events: [{ kind: 'refused', atMs: firstMs, lastMs, times, by, stage, reply, explanation }],
  };
}
