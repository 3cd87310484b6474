import { load } from './load/run.ts';
import { median, warmUpSeconds, type Scenario } from './scenarios.ts';

/** Messages per second of a load process. */
async function rate(script: 'imap' | 'storing', args: readonly (string | number)[]): Promise<number> {
  const [result] = await load(script, args);
  const { count = 0, ms = Number.NaN } = result ?? {};
  return (count / ms) * 1000;
}

function appendLarge(connections: number): Scenario {
  return {
    name: `IMAP APPEND 100 KiB, ${connections} connection${connections === 1 ? '' : 's'}`,
    unit: 'messages/s',
    better: 'more',
    measure: async ({ imapPort }, { seconds }) => {
      await rate('imap', ['append', imapPort, connections, warmUpSeconds, 100 * 1024]);
      return rate('imap', ['append', imapPort, connections, seconds, 100 * 1024]);
    },
  };
}

const multiAppend: Scenario = {
  name: 'IMAP MULTIAPPEND of 50 × 5.5 KB, 1 connection',
  unit: 'messages/s',
  better: 'more',
  measure: async ({ imapPort }, { seconds }) => {
    await rate('storing', ['multiappend', imapPort, 1, warmUpSeconds]);
    return rate('storing', ['multiappend', imapPort, 1, seconds]);
  },
};

/** The median time of a command on the large mailbox; the first runs warm up. */
function timed(name: string, mode: string, args: readonly (string | number)[], warmUps: number): Scenario {
  return {
    name,
    unit: 'ms',
    better: 'less',
    measure: async ({ imapPort }) => {
      const results = await load('storing', [mode, imapPort, ...args]);
      return median(results.slice(warmUps).map(({ ms = Number.NaN }) => ms));
    },
  };
}

/** Rates of APPEND beyond those of one small message. */
export const appendingMore: readonly Scenario[] = [appendLarge(1), appendLarge(10), multiAppend];

/** Changes of a large mailbox, and opening one that is not in memory. */
export const storing: readonly Scenario[] = [
  timed('SELECT on a copy of the large mailbox, first time', 'select', [3], 0),
  timed(
    'STORE 1:10000 +FLAGS.SILENT on the large mailbox',
    'store',
    ['STORE 1:10000 +FLAGS.SILENT (\\Flagged)', 12],
    4,
  ),
  timed('STORE 1:10000 +FLAGS on the large mailbox', 'store', ['STORE 1:10000 +FLAGS (\\Flagged)', 12], 4),
  timed('STORE of one message on the large mailbox', 'store', ['STORE 777 +FLAGS (\\Flagged)', 60], 20),
  timed('COPY of 1,000 of the large mailbox', 'copy', [1000, 8], 2),
  timed('EXPUNGE of 1,000', 'expunge', [1000, 6], 2),
];
