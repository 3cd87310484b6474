import type { AccountId } from '#lib/ids';
import { decideRoute } from '#mail/routes';
import { sql, type Database } from '#ports/database';
import { laneOf, type Lane, type Routing } from './lane.ts';

const batch = 500;

interface WaitingRow {
  readonly id: number;
  readonly domain: string;
  readonly attempts: number;
  readonly transport: string | null;
  readonly laneTransport: string;
  readonly laneDestination: string;
  readonly account: AccountId | null;
  readonly sender: string;
}

/** Puts all who wait into the lanes that the routes of now want. @returns how many were elsewhere. */
export async function sortIntoLanes(db: Database, routing: Routing, signal: AbortSignal): Promise<number> {
  let moved = 0;
  for (let afterId = 0, more = true; more && !signal.aborted;) {
    const last = afterId;
    const rows = await db.read((reader) =>
      reader.all<WaitingRow>(sql`SELECT r.id, r.domain, r.attempts, r.set_transport AS transport,
        r.lane_transport AS "laneTransport", r.lane_destination AS "laneDestination", m.account, m.sender
        FROM queue_recipient r JOIN queue_message m ON m.id = r.message
        WHERE r.state = 'queued' AND r.id > ${last} ORDER BY r.id LIMIT ${batch}`),
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
    afterId = rows.at(-1)?.id ?? last;
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
