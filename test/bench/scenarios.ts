import { setTimeout as pause } from 'node:timers/promises';
import { ImapLoadClient } from './load/imap-client.ts';
import { idling, load } from './load/run.ts';
import { memoryMb } from './memory.ts';
import { accountCount, type Peer } from './peers/peer.ts';

/** Amount of work in a run of the bench. */
export interface Effort {
  /** Times each figure is taken; the median is shown. */
  readonly runs: number;
  /** Seconds that a rate is measured for, about. */
  readonly seconds: number;
  /** Messages in the large mailbox. */
  readonly mailbox: number;
  readonly idleConnections: number;
  /** Messages that wait in the queue. */
  readonly waiting: number;
}

/** One row of the table: what is measured, and which direction is better. */
export interface Scenario {
  readonly name: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly measure: (peer: Peer, effort: Effort) => Promise<number>;
}

/** Before each measurement: caches fill, and compilers see what is hot. */
export const warmUpSeconds = 1;

/** Messages per second until all are in their mailboxes; a connection brings one message. */
function delivered(connections: number, sizeKib: number): Scenario {
  return {
    name: `SMTP delivered and durable, ${sizeKib} KiB, ${connections} connection${connections === 1 ? '' : 's'} at a time`,
    unit: 'messages/s',
    better: 'more',
    measure: async (peer, { seconds }) => {
      await deliver(peer, connections, warmUpSeconds, sizeKib);
      return deliver(peer, connections, seconds, sizeKib);
    },
  };
}

/** Sends for some seconds, and waits for the mailboxes to have grown by that. @returns messages per second. */
async function deliver(peer: Peer, connections: number, seconds: number, sizeKib: number): Promise<number> {
  const readers = await Promise.all(
    Array.from({ length: accountCount }, (_, n) => ImapLoadClient.login(peer.imapPort, n)),
  );
  const total = async (): Promise<number> => {
    const counts = await Promise.all(readers.map((reader) => reader.count('INBOX')));
    return counts.reduce((sum, one) => sum + one, 0);
  };
  const before = await total();
  const [sent] = await load('smtp', [peer.smtpPort, connections, seconds, sizeKib * 1024]);
  const { count = 0, ms = Number.NaN } = sent ?? {};
  // What was acknowledged but not delivered at the end counts with the time that it still takes.
  const acknowledged = performance.now();
  let lagMs = 0;
  while ((await total()) < before + count) {
    await pause(20);
    lagMs = performance.now() - acknowledged;
  }
  for (const reader of readers) reader.close();
  return (count / (ms + lagMs)) * 1000;
}

function append(connections: number): Scenario {
  return {
    name: `IMAP APPEND 1 KiB, ${connections} connection${connections === 1 ? '' : 's'}`,
    unit: 'messages/s',
    better: 'more',
    measure: async ({ imapPort }, { seconds }) => {
      const once = async (howLong: number): Promise<number> => {
        const [result] = await load('imap', ['append', imapPort, connections, howLong, 1024]);
        const { count = 0, ms = Number.NaN } = result ?? {};
        return (count / ms) * 1000;
      };
      await once(warmUpSeconds);
      return once(seconds);
    },
  };
}

/** The median time of a command that reads the large mailbox; the first runs warm up. */
function onLargeMailbox(name: string, command: string, runs = 4, warmUps = 1): Scenario {
  return {
    name: `${name} on the large mailbox, warm`,
    unit: 'ms',
    better: 'less',
    measure: async ({ imapPort }) => {
      const results = await load('imap', ['fetch', imapPort, command, runs]);
      return median(results.slice(warmUps).map(({ ms = Number.NaN }) => ms));
    },
  };
}

/** Rates of receiving. */
export const receiving: readonly Scenario[] = [1, 10, 100].flatMap((sizeKib) =>
  [1, 10, 50].map((connections) => delivered(connections, sizeKib)),
);

/** Rates of APPEND. */
export const appending: readonly Scenario[] = [append(1), append(10)];

/** Reading a large mailbox of real mail. */
export const reading: readonly Scenario[] = [
  // As short as this is, the first runs would measure a load process that has just begun.
  onLargeMailbox('SELECT', 'SELECT big', 60, 20),
  onLargeMailbox('FETCH 1:* (FLAGS)', 'FETCH 1:* (FLAGS)'),
  onLargeMailbox('FETCH 1:* (BODY.PEEK[])', 'FETCH 1:* (BODY.PEEK[])'),
];

/** Costs of an idle server. */
export const resting: readonly Scenario[] = [
  { name: 'start to first greeting', unit: 'ms', better: 'less', measure: ({ startMs }) => Promise.resolve(startMs) },
  {
    name: 'memory, idle (PSS of all processes)',
    unit: 'MB',
    better: 'less',
    measure: ({ pid }) => Promise.resolve(memoryMb(pid)),
  },
  {
    name: 'memory with idling connections',
    unit: 'MB',
    better: 'less',
    measure: async ({ imapPort, pid }, { idleConnections }) => {
      await using _clients = await idling(imapPort, idleConnections);
      return memoryMb(pid);
    },
  },
];

/** Puts the large mailbox of real mail into account 0. @returns its bytes. */
export async function fillLargeMailbox({ imapPort }: Peer, { mailbox }: Effort): Promise<number> {
  const [result] = await load('imap', ['fill', imapPort, mailbox]);
  return result?.['bytes'] ?? 0;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
