import type { AccountId } from '#lib/ids';
import { decideRoute } from '#mail/routes';
import { sql, type Database } from '#ports/database';
import { laneOf, type Lane, type Routing } from './lane.ts';

const batch = 500;
/** Before all rows: times and ids are positive. */
const beginning = { laneTransport: '', laneDestination: '', nextAttemptMs: 0, id: 0 };

interface WaitingRow {
  readonly id: number;
  readonly domain: string;
  readonly attempts: number;
  readonly transport: string | null;
  readonly laneTransport: string;
  readonly laneDestination: string;
  readonly nextAttemptMs: number;
  readonly account: AccountId | null;
  readonly sender: string;
}

/**
 * Puts all who wait into the lanes that the routes of now want, except those on hold, who are sorted when they are released. Goes along the index of lanes,
 * so that finished rows cost nothing; whoever changes lanes meanwhile may be passed over, which does no harm. @returns how many were elsewhere.
 */
export async function sortIntoLanes(db: Database, routing: Routing, signal: AbortSignal): Promise<number> {
  let moved = 0;
  let last: Pick<WaitingRow, 'laneTransport' | 'laneDestination' | 'nextAttemptMs' | 'id'> = beginning;
  for (let more = true; more && !signal.aborted;) {
    const { laneTransport, laneDestination, nextAttemptMs, id: lastId } = last;
    const rows = await db.read((reader) =>
      reader.all<WaitingRow>(sql`SELECT r.id, r.domain, r.attempts, r.set_transport AS transport,
        r.lane_transport AS "laneTransport", r.lane_destination AS "laneDestination",
        r.next_attempt_ms AS "nextAttemptMs", m.account, m.sender
        FROM queue_recipient r JOIN queue_message m ON m.id = r.message
        WHERE r.state = 'queued' AND r.hold = 0 AND (r.lane_transport, r.lane_destination, r.next_attempt_ms, r.id) >
          (${laneTransport}, ${laneDestination}, ${nextAttemptMs}, ${lastId})
        ORDER BY r.lane_transport, r.lane_destination, r.next_attempt_ms, r.id LIMIT ${batch}`),
    );
    const moves = await movesOf(rows, routing);
    if (moves.length > 0) {
      await db.write(async (tx) => {
        for (const { id, lane } of moves) {
          await tx.run(sql`UPDATE queue_recipient SET lane_transport = ${lane.transport},
            lane_destination = ${lane.destination} WHERE id = ${id} AND state = 'queued'`);
        }
      });
    }
    moved += moves.length;
    more = rows.length === batch;
    last = rows.at(-1) ?? last;
  }
  return moved;
}

async function movesOf(
  rows: readonly WaitingRow[],
  routing: Routing,
): Promise<{ readonly id: number; readonly lane: Lane }[]> {
  const moves: { readonly id: number; readonly lane: Lane }[] = [];
  for (const { id, domain, attempts, transport, account: accountId, sender, ...row } of rows) {
    const account = accountId === null ? null : await routing.findAccount(accountId);
    const decision = decideRoute({ account, sender, recipientDomain: domain, attempts, transport }, routing.table());
    const lane = laneOf(decision, domain);
    if (lane.transport !== row.laneTransport || lane.destination !== row.laneDestination) moves.push({ id, lane });
  }
  return moves;
}
