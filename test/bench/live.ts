import { setTimeout as pause } from 'node:timers/promises';
import { load } from './load/run.ts';
import { memoryMb } from './memory.ts';
import type { Peer } from './peers/peer.ts';
import { median, type Scenario } from './scenarios.ts';

const sessions = 100;
const messages = 50;
const smtpConnections = 50;
/** Time after a peak in which a server should have given memory back. */
const quietSeconds = 60;

/** Highest memory of a server while it takes mail, in MB. */
async function peakMb({ smtpPort, pid }: Peer, seconds: number): Promise<number> {
  let highest = 0;
  const ended = load('smtp', [smtpPort, smtpConnections, seconds, 1024]).then(() => 'ended' as const);
  while ((await Promise.race([ended, pause(100)])) !== 'ended') highest = Math.max(highest, memoryMb(pid));
  return highest;
}

/** Time until clients get news, and memory that a busy minute leaves behind. */
export const live: readonly Scenario[] = [
  {
    name: `IDLE: ${sessions} sessions told after the OK of an APPEND, median`,
    unit: 'ms',
    better: 'less',
    measure: async ({ imapPort }) => {
      const results = await load('imap', ['told', imapPort, sessions, messages]);
      return median(results.map(({ medianMs = Number.NaN }) => medianMs));
    },
  },
  {
    name: 'APPEND 1 KiB, literal and line end sent apart',
    unit: 'ms',
    better: 'less',
    measure: async ({ imapPort }) => {
      const results = await load('imap', ['pieces', imapPort, messages]);
      return median(results.map(({ ms = Number.NaN }) => ms));
    },
  },
  {
    name: `memory, highest with ${smtpConnections} SMTP connections`,
    unit: 'MB',
    better: 'less',
    measure: (peer, { seconds }) => peakMb(peer, seconds),
  },
  {
    name: `memory, ${quietSeconds} s after that`,
    unit: 'MB',
    better: 'less',
    measure: async (peer, { seconds, runs }) => {
      await peakMb(peer, seconds);
      await pause(runs === 1 ? 25_000 : quietSeconds * 1000);
      return memoryMb(peer.pid);
    },
  },
];
