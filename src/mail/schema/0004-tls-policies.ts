import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Records what is known about TLS of other servers, and the results. */
export function tlsPolicies0004({ integer, keyedTail }: Dialect): Migration {
  return {
    version: 4,
    sql: `
-- Policies of MTA-STS by the domain that publishes them: the file as it was understood, and the id of the TXT record that led to it. failed_*: why
-- the last fetch brought nothing. used_ms: last delivery, to the day. refresh_ms: when to fetch anew. expires_ms: when the row counts no more.
CREATE TABLE mta_sts_policy (
  domain TEXT NOT NULL PRIMARY KEY,
  policy_id TEXT,
  policy TEXT,
  fetched_ms ${integer},
  failed_id TEXT,
  failed_ms ${integer},
  failed_result TEXT,
  failed_reason TEXT,
  used_ms ${integer} NOT NULL,
  refresh_ms ${integer},
  expires_ms ${integer} NOT NULL
)${keyedTail};
CREATE INDEX mta_sts_policy_refresh ON mta_sts_policy (refresh_ms) WHERE refresh_ms IS NOT NULL;
CREATE INDEX mta_sts_policy_expires ON mta_sts_policy (expires_ms);

-- How TLS went with other servers, for reports (RFC 8460): per UTC day, domain of the policy and distinct fact (JSON; fact_key is its hash),
-- the number of sessions.
CREATE TABLE tls_result (
  day_ms ${integer} NOT NULL,
  domain TEXT NOT NULL,
  fact_key TEXT NOT NULL,
  fact TEXT NOT NULL,
  sessions ${integer} NOT NULL,
  PRIMARY KEY (day_ms, domain, fact_key)
)${keyedTail};
`,
  };
}
