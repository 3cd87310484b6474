import type { TlsFact } from '#lib/tlsrpt';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import type { Log } from '#ports/log';
import type { TlsPolicyLimits } from './limits.ts';
import {
  addSessions,
  countRows,
  cutFact,
  readDomains,
  readFacts,
  removeFacts,
  removeFactsBefore,
  type CountedFact,
} from './result-rows.ts';

/** Dependencies of `TlsResults`. */
export interface TlsResultsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: TlsPolicyLimits;
}

const oneDayMs = 86_400_000;

/** Returns the beginning of the UTC day that contains a time, both in milliseconds since 1970. */
export function dayOf(ms: number): number {
  return Math.floor(ms / oneDayMs) * oneDayMs;
}

/**
 * Results of TLS sessions, counted per UTC day and policy domain for reports (RFC 8460 §4.1). Deliveries do not wait for the database: facts are
 * collected in memory and written seconds later, so a crash loses the last seconds only.
 */
export class TlsResults implements AsyncDisposable {
  readonly #deps: TlsResultsDeps;
  #waiting = new Map<string, { readonly dayMs: number; readonly fact: TlsFact; sessions: number }>();
  #timer: Disposable | null = null;
  #writing: Promise<void> = Promise.resolve();
  #writes = 0;
  /** Number of rows of the current day; null before the first write. */
  #rows: { readonly dayMs: number; count: number } | null = null;
  #lost = 0;

  constructor(deps: TlsResultsDeps) {
    this.#deps = deps;
  }

  /** Counts sessions by the facts that `judgeTls` and `factsOfSkipped` return. */
  record(facts: readonly TlsFact[]): void {
    const { clock, limits } = this.#deps;
    const dayMs = dayOf(clock.now());
    for (const { sessions = 1, ...given } of facts) {
      const fact = cutFact(given, limits);
      const key = `${dayMs} ${JSON.stringify(fact)}`;
      const known = this.#waiting.get(key);
      if (known !== undefined) known.sessions += sessions;
      else if (this.#waiting.size < limits.maxWaitingFacts) this.#waiting.set(key, { dayMs, fact, sessions });
      else this.#lost += sessions;
    }
    // One write at a time: with a slow database, facts wait here, where their number is bounded.
    if (this.#waiting.size >= limits.flushFacts && this.#writes === 0) void this.flush();
    else if (this.#waiting.size > 0) this.#timer ??= clock.timer(limits.flushMs, () => void this.flush());
  }

  /** Writes the waiting facts. Never rejects: facts that cannot be written are logged and lost. */
  flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    const waiting = this.#waiting;
    const lost = this.#lost;
    this.#waiting = new Map();
    this.#lost = 0;
    if (waiting.size > 0 || lost > 0) {
      this.#writes += 1;
      this.#writing = this.#writing.then(() =>
        this.#write([...waiting.values()], lost)
          .catch((cause: unknown) => {
            this.#rows = null;
            this.#deps.log.error('tlsResults.notWritten', { facts: waiting.size }, cause);
          })
          .finally(() => (this.#writes -= 1)),
      );
    }
    return this.#writing;
  }

  /** Returns up to `limit` domains with facts of the day that begins at `dayMs`, sorted by name, after the name `after`. */
  async domains(dayMs: number, after = '', limit = 500): Promise<string[]> {
    return await this.#deps.db.read((reader) => readDomains(reader, dayMs, after, limit));
  }

  /** Returns the facts of a day to report to a policy domain; for `tallyTls`. */
  async facts(dayMs: number, domain: string): Promise<TlsFact[]> {
    return await this.#deps.db.read((reader) => readFacts(reader, dayMs, domain));
  }

  /** Removes facts that were reported. */
  async remove(dayMs: number, domain: string): Promise<void> {
    await this.#deps.db.write((tx) => removeFacts(tx, dayMs, domain));
  }

  /** Removes rows that were not reported in time. @returns the number of removed rows. */
  async sweep(): Promise<number> {
    const { db, clock, limits } = this.#deps;
    return await db.write((tx) => removeFactsBefore(tx, dayOf(clock.now() - limits.keepResultsMs)));
  }

  /** Writes the waiting facts. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.flush();
  }

  async #write(counted: readonly CountedFact[], lostBefore: number): Promise<void> {
    const { db, log, limits } = this.#deps;
    const lost = await db.write(async (tx) => {
      let sum = lostBefore;
      for (const one of counted) {
        const rows = await this.#rowsOf(tx, one.dayMs);
        const added = await addSessions(tx, one, rows.count < limits.maxFactsPerDay ? limits.maxFactsPerDomain : 0);
        if (added === null) sum += one.sessions;
        else rows.count += added;
      }
      return sum;
    });
    if (lost > 0) log.warn('tlsResults.tooMany', { sessions: lost });
  }

  async #rowsOf(tx: Parameters<typeof countRows>[0], dayMs: number): Promise<{ count: number }> {
    if (this.#rows?.dayMs !== dayMs) this.#rows = { dayMs, count: await countRows(tx, dayMs) };
    return this.#rows;
  }
}
