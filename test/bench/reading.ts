import { load } from './load/run.ts';
import type { Peer } from './peers/peer.ts';
import { median, type Scenario } from './scenarios.ts';

/** Lists that clients ask for when they open a mailbox for the first time. */
const lists = {
  'ENVELOPE BODYSTRUCTURE': 'FETCH 1:* (ENVELOPE BODYSTRUCTURE)',
  'list view (7 header fields)': 'FETCH 1:* (BODY.PEEK[HEADER.FIELDS (From To Cc Subject Date Message-ID References)])',
} as const;

const searches = {
  'SEARCH SUBJECT': 'SEARCH SUBJECT zebra',
  'SEARCH FROM': 'SEARCH FROM yahoo',
  'SEARCH HEADER Message-ID': 'SEARCH HEADER Message-ID abcd',
  'SEARCH SENTSINCE': 'SEARCH SENTSINCE 1-Aug-2002',
  'SEARCH BODY': 'SEARCH BODY zebra',
  'SEARCH TEXT': 'SEARCH TEXT zebra',
} as const;

const bodies = { '20,000 bodies': 'UID FETCH 1:20000 (BODY.PEEK[])' } as const;

/** The first time that it is asked for after a restart of the server; the files are in the system's memory. */
function cold(name: string, command: string): Scenario {
  return {
    name: `${name} on the large mailbox, cold`,
    unit: 'ms',
    better: 'less',
    measure: async (peer) => {
      // The first lists of all make what later ones read, with both servers.
      for (const first of Object.values(lists)) await timed(peer, first, 1);
      await peer.restart();
      return median(await timed(peer, command, 1));
    },
  };
}

/** The first run is left out. What takes less than a millisecond is run until it is as fast as in a session of some length. */
function warm(name: string, command: string, runs = 4): Scenario {
  return {
    name: `${name} on the large mailbox, warm`,
    unit: 'ms',
    better: 'less',
    measure: async (peer) => median((await timed(peer, command, runs)).slice(runs >> 2)),
  };
}

async function timed({ imapPort }: Peer, command: string, runs: number): Promise<number[]> {
  const results = await load('imap', ['fetch', imapPort, command, runs]);
  return results.map(({ ms = Number.NaN }) => ms);
}

/** Lists and searches of a large mailbox of real mail. */
export const listing: readonly Scenario[] = [
  ...Object.entries(lists).flatMap(([name, command]) => [cold(name, command), warm(name, command)]),
  ...Object.entries({ ...bodies, ...searches }).map(([name, command]) => warm(name, command)),
  warm('one body', 'FETCH 4711 (BODY.PEEK[])', 1000),
];
