import { hash } from 'node:crypto';
import type { TlsFact, TlsFailure } from '#lib/tlsrpt';
import { sql, type Reader, type Tx } from '#ports/database';
import type { TlsPolicyLimits } from './limits.ts';

/** A fact with the number of its sessions on one UTC day (RFC 8460 §4.1: reports cover a UTC day). */
export interface CountedFact {
  /** Milliseconds since 1970 at the beginning of the day. */
  readonly dayMs: number;
  readonly fact: TlsFact;
  readonly sessions: number;
}

/** Cuts texts and lists whose length a peer controls. */
export function cutFact({ policy, failures }: TlsFact, limits: TlsPolicyLimits): TlsFact {
  const cut = (text: string): string => text.slice(0, limits.maxTextChars);
  const cutOrNull = (text: string | null): string | null => (text === null ? null : cut(text));
  return {
    policy: {
      ...policy,
      strings: policy.strings.slice(0, limits.maxPolicyLines).map(cut),
      mxHosts: policy.mxHosts.slice(0, limits.maxPolicyLines).map(cut),
    },
    failures: failures.map((failure) => ({
      ...failure,
      mxHost: cutOrNull(failure.mxHost),
      mxHelo: cutOrNull(failure.mxHelo),
      reasonCode: cutOrNull(failure.reasonCode),
    })),
  };
}

/** Adds sessions to a fact if there is room. @returns the number of rows added, 0 or 1; null when there was no room. */
export async function addSessions(
  tx: Tx,
  { dayMs, fact, sessions }: CountedFact,
  maxFactsPerDomain: number,
): Promise<0 | 1 | null> {
  const { domain } = fact.policy;
  const row = await tx.get<{ count: number }>(
    sql`SELECT count(*) AS count FROM tls_result WHERE day_ms = ${dayMs} AND domain = ${domain}`,
  );
  const count = row?.count ?? 0;
  const full = await add(tx, dayMs, fact, sessions, count < maxFactsPerDomain);
  return full ?? (await add(tx, dayMs, withoutDetails(fact), sessions, count < 2 * maxFactsPerDomain));
}

async function add(tx: Tx, dayMs: number, fact: TlsFact, sessions: number, mayInsert: boolean): Promise<0 | 1 | null> {
  const { domain } = fact.policy;
  const text = JSON.stringify(fact);
  const key = hash('sha256', text);
  const changed = await tx.run(sql`UPDATE tls_result SET sessions = sessions + ${sessions}
    WHERE day_ms = ${dayMs} AND domain = ${domain} AND fact_key = ${key}`);
  if (changed > 0) return 0;
  if (!mayInsert) return null;
  await tx.run(sql`INSERT INTO tls_result (day_ms, domain, fact_key, fact, sessions)
    VALUES (${dayMs}, ${domain}, ${key}, ${text}, ${sessions})`);
  return 1;
}

/** Removes details from a fact, so that its sessions are still counted when there are too many distinct facts. */
function withoutDetails({ policy, failures }: TlsFact): TlsFact {
  const results = new Set(failures.map(({ result }) => result));
  const bare = (result: TlsFailure['result']): TlsFailure => ({
    result,
    sendingIp: null,
    mxHost: null,
    mxHelo: null,
    receivingIp: null,
    moreInfo: null,
    reasonCode: null,
  });
  return { policy, failures: Array.from(results, bare) };
}

/** Counts the rows of a day. */
export async function countRows(reader: Reader, dayMs: number): Promise<number> {
  const row = await reader.get<{ count: number }>(
    sql`SELECT count(*) AS count FROM tls_result WHERE day_ms = ${dayMs}`,
  );
  return row?.count ?? 0;
}

/** Reads the facts of one day and policy domain. */
export async function readFacts(reader: Reader, dayMs: number, domain: string): Promise<TlsFact[]> {
  const rows = await reader.all<{ fact: string; sessions: number }>(
    sql`SELECT fact, sessions FROM tls_result WHERE day_ms = ${dayMs} AND domain = ${domain} ORDER BY fact_key`,
  );
  // The JSON is our own, so it needs no validation.
  return rows.map(({ fact, sessions }) => ({ ...(JSON.parse(fact) as TlsFact), sessions }));
}

/** Reads the policy domains with facts of a day, sorted by name, after the name `after`. */
export async function readDomains(reader: Reader, dayMs: number, after: string, limit: number): Promise<string[]> {
  const rows = await reader.all<{ domain: string }>(sql`SELECT DISTINCT domain FROM tls_result
    WHERE day_ms = ${dayMs} AND domain > ${after} ORDER BY domain LIMIT ${limit}`);
  return rows.map(({ domain }) => domain);
}

/** Removes the facts of one day and policy domain. */
export async function removeFacts(tx: Tx, dayMs: number, domain: string): Promise<void> {
  await tx.run(sql`DELETE FROM tls_result WHERE day_ms = ${dayMs} AND domain = ${domain}`);
}

/** Removes the facts of earlier days. @returns the number of removed rows. */
export async function removeFactsBefore(tx: Tx, dayMs: number): Promise<number> {
  return await tx.run(sql`DELETE FROM tls_result WHERE day_ms < ${dayMs}`);
}
