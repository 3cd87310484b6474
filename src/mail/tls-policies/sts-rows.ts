import {
  parseStsPolicy,
  writeStsPolicy,
  type CachedSts,
  type StsFailedFetch,
  type StsFetchFailure,
  type StsSettled,
} from '#lib/mta-sts';
import { sql, type Reader, type Tx } from '#ports/database';

/** Stored state of a domain's policy; all null for a domain that was never looked up. */
export interface StsRow {
  readonly cached: CachedSts | null;
  readonly lastFailure: StsFailedFetch | null;
  /** Report of `lastFailure`. */
  readonly report: StsSettled['report'];
  /** Milliseconds since 1970, null for a new row. */
  readonly usedMs: number | null;
}

/** New row of a domain. Times are milliseconds since 1970. */
export interface StsKept extends StsRow {
  readonly usedMs: number;
  /** Time of the next refresh by the sweep; null for never. */
  readonly refreshMs: number | null;
  /** Time at which the row is removed. */
  readonly expiresMs: number;
}

interface Columns {
  readonly policy_id: string | null;
  readonly policy: string | null;
  readonly fetched_ms: number | null;
  readonly failed_id: string | null;
  readonly failed_ms: number | null;
  readonly failed_result: StsFetchFailure | null;
  readonly failed_reason: string | null;
  readonly used_ms: number;
}

/** Reads the row of a domain; all null when there is none. */
export async function readStsRow(reader: Reader, domain: string): Promise<StsRow> {
  const row = await reader.get<Columns>(sql`SELECT policy_id, policy, fetched_ms, failed_id, failed_ms,
    failed_result, failed_reason, used_ms FROM mta_sts_policy WHERE domain = ${domain}`);
  if (row === undefined) return { cached: null, lastFailure: null, report: null, usedMs: null };
  const { failed_id: id, failed_ms: atMs, failed_result: result, failed_reason: reason } = row;
  return {
    cached: cachedOf(row),
    lastFailure: id === null || atMs === null ? null : { id, atMs },
    report: result === null || reason === null ? null : { result, reason },
    usedMs: row.used_ms,
  };
}

function cachedOf({ policy_id: id, policy: text, fetched_ms: fetchedAtMs }: Columns): CachedSts | null {
  if (id === null || text === null || fetchedAtMs === null) return null;
  const policy = parseStsPolicy(new TextEncoder().encode(text));
  return policy.ok ? { id, policy: policy.value, fetchedAtMs } : null;
}

/** Replaces the row of a domain. */
export async function writeStsRow(tx: Tx, domain: string, row: StsKept): Promise<void> {
  const { cached, lastFailure, report, usedMs, refreshMs, expiresMs } = row;
  const policy = cached === null ? null : writeStsPolicy(cached.policy);
  await tx.run(sql`INSERT INTO mta_sts_policy (domain, policy_id, policy, fetched_ms, failed_id, failed_ms,
      failed_result, failed_reason, used_ms, refresh_ms, expires_ms)
    VALUES (${domain}, ${cached?.id ?? null}, ${policy}, ${cached?.fetchedAtMs ?? null}, ${lastFailure?.id ?? null},
      ${lastFailure?.atMs ?? null}, ${report?.result ?? null}, ${report?.reason ?? null}, ${usedMs}, ${refreshMs}, ${expiresMs})
    ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, policy = excluded.policy,
      fetched_ms = excluded.fetched_ms, failed_id = excluded.failed_id, failed_ms = excluded.failed_ms,
      failed_result = excluded.failed_result, failed_reason = excluded.failed_reason, used_ms = excluded.used_ms,
      refresh_ms = excluded.refresh_ms, expires_ms = excluded.expires_ms`);
}

/** Records that a delivery asked for a policy. */
export async function noteUse(tx: Tx, domain: string, nowMs: number): Promise<void> {
  await tx.run(sql`UPDATE mta_sts_policy SET used_ms = ${nowMs} WHERE domain = ${domain}`);
}

/** Takes the domains whose policy is due for refresh, those due longest first. Policies not used since `usedAfterMs` are no longer refreshed. */
export async function takeDue(tx: Tx, nowMs: number, usedAfterMs: number, limit: number): Promise<string[]> {
  await tx.run(
    sql`UPDATE mta_sts_policy SET refresh_ms = NULL WHERE refresh_ms <= ${nowMs} AND used_ms < ${usedAfterMs}`,
  );
  const rows = await tx.all<{ domain: string }>(
    sql`SELECT domain FROM mta_sts_policy WHERE refresh_ms <= ${nowMs} ORDER BY refresh_ms LIMIT ${limit}`,
  );
  return rows.map(({ domain }) => domain);
}

/** Removes expired rows. @returns the number of removed rows. */
export async function removeExpired(tx: Tx, nowMs: number): Promise<number> {
  return await tx.run(sql`DELETE FROM mta_sts_policy WHERE expires_ms <= ${nowMs}`);
}
