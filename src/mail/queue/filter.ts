import { inList } from '#mail/schema';
import { sql, type Sql } from '#ports/database';
import type { QueueFilter } from './types.ts';

/** Conditions of a filter on `queue_recipient r`, to follow a WHERE. At most 512 ids. */
export function conditions(filter: QueueFilter): Sql {
  const all: Sql[] = [];
  if (filter.ids !== undefined) all.push(filter.ids.length === 0 ? sql`1 = 0` : sql`r.id IN ${inList(filter.ids)}`);
  if (filter.message !== undefined) all.push(sql`r.message = ${filter.message}`);
  if (filter.states !== undefined) {
    all.push(filter.states.length === 0 ? sql`1 = 0` : sql`r.state IN ${inList(filter.states)}`);
  }
  if (filter.hold !== undefined) all.push(sql`r.hold = ${filter.hold}`);
  if (filter.domain !== undefined) all.push(sql`r.domain = ${filter.domain.toLowerCase()}`);
  if (filter.recipient !== undefined) all.push(sql`lower(r.address) = lower(${filter.recipient})`);
  const ofMessage: Sql[] = [];
  if (filter.account !== undefined) ofMessage.push(sql`account = ${filter.account}`);
  if (filter.sender !== undefined) ofMessage.push(sql`sender = ${filter.sender}`);
  if (filter.receivedBeforeMs !== undefined) ofMessage.push(sql`received_ms < ${filter.receivedBeforeMs}`);
  if (ofMessage.length > 0) all.push(sql`r.message IN (SELECT id FROM queue_message WHERE ${both(ofMessage)})`);
  return both(all);
}

function both(parts: readonly Sql[]): Sql {
  const [first, ...rest] = parts;
  if (first === undefined) return sql`1 = 1`;
  return rest.reduce((left, right) => sql`${left} AND ${right}`, first);
}
