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

/** Beginning of the UTC day in which a time lies, both in milliseconds since 1970. */
export function dayOf(ms: number): number {
  return Math.floor(ms / oneDayMs) * oneDayMs;
}

/**
 * How TLS went, counted per UTC day and policy domain, for reports (RFC 8460). Deliveries do not wait for it: facts are added up in memory
 * and written seconds later, so a crash loses the last of them, and no more than that.
 */
export class TlsResults implements AsyncDisposable {
  readonly #deps: TlsResultsDeps;
  #waiting = new Map<string, { readonly dayMs: number; readonly fact: TlsFact; sessions: number }>();
  #timer: Disposable | null = null;
  #writing: Promise<void> = Promise.resolve();
  #writes = 0;
  /** Rows of the day that is counted, null before the first. */
  #rows: { readonly dayMs: number; count: number } | null = null;
  #lost = 0;

  constructor(deps: TlsResultsDeps) {
    this.#deps = deps;
  }

  /** Counts sessions by what `judgeTls` and `factsOfSkipped` say of them. */
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
    // One write at a time: what a slow database cannot take waits here, where it is bounded.
    if (this.#waiting.size >= limits.flushFacts && this.#writes === 0) void this.flush();
    else if (this.#waiting.size > 0) this.#timer ??= clock.timer(limits.flushMs, () => void this.flush());
  }

  /** Writes what waits. Never rejects: what cannot be written is logged and lost. */
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

  /** Domains with facts of the day that begins at `dayMs`, in the order of their names, those after `after`; `limit` at the most. */
  async domains(dayMs: number, after = '', limit = 500): Promise<string[]> {
    return await this.#deps.db.read((reader) => readDomains(reader, dayMs, after, limit));
  }

  /** Returns the facts to report to a policy domain about a day; for `tallyTls`. */
  async facts(dayMs: number, domain: string): Promise<TlsFact[]> {
    return await this.#deps.db.read((reader) => readFacts(reader, dayMs, domain));
  }

  /** Forgets what was reported. */
  async remove(dayMs: number, domain: string): Promise<void> {
    await this.#deps.db.write((tx) => removeFacts(tx, dayMs, domain));
  }

  /** Removes rows that were not requested in time. @returns how many rows. */
  async sweep(): Promise<number> {
    const { db, clock, limits } = this.#deps;
    return await db.write((tx) => removeFactsBefore(tx, dayOf(clock.now() - limits.keepResultsMs)));
  }

  /** Writes what waits. */
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
