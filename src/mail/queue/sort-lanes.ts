import type { RecipientId } from '#lib/ids';
import { decideRoute } from '#mail/routes';
import type { Database } from '#ports/database';
import { laneOf, type Lane, type Routing } from './lane.ts';
import type { LaneRow } from './recipient-row.ts';
import { putIntoLane, waitingByLane } from './recipient-rows.ts';
import { senderDomainOf } from './stored-address.ts';

const batch = 500;
/** Before all rows: times and ids are positive. */
const beginning = { laneTransport: '', laneDestination: '', nextAttemptMs: 0, id: 0 };

/**
 * Puts all who wait into the lanes that the routes of now want, except those on hold, who are sorted when they are released. Goes along the index of lanes,
 * so that finished rows cost nothing; a recipient that changes lanes meanwhile may be passed over, which does no harm. @returns how many were elsewhere.
 */
export async function sortIntoLanes(db: Database, routing: Routing, signal: AbortSignal): Promise<number> {
  let moved = 0;
  let last: Parameters<typeof waitingByLane>[1] = beginning;
  for (let more = true; more && !signal.aborted;) {
    const from = last;
    const rows = await db.read((reader) => waitingByLane(reader, from, batch));
    const moves = await movesOf(rows, routing);
    if (moves.length > 0) {
      await db.write(async (tx) => {
        for (const { id, lane } of moves) await putIntoLane(tx, id, lane);
      });
    }
    moved += moves.length;
    more = rows.length === batch;
    last = rows.at(-1) ?? last;
  }
  return moved;
}

async function movesOf(
  rows: readonly LaneRow[],
  routing: Routing,
): Promise<{ readonly id: RecipientId; readonly lane: Lane }[]> {
  const moves: { readonly id: RecipientId; readonly lane: Lane }[] = [];
  for (const { id, domain, attempts, transport, account: accountId, sender, ...row } of rows) {
    const account = accountId === null ? null : await routing.findAccount(accountId);
    const decision = decideRoute(
      { account, senderDomain: senderDomainOf(sender), recipientDomain: domain, attempts, transport },
      routing.table(),
    );
    const lane = laneOf(decision, domain);
    if (lane.transport !== row.laneTransport || lane.destination !== row.laneDestination) moves.push({ id, lane });
  }
  return moves;
}
