import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ImapLoadClient } from './load/imap-client.ts';
import { load, probing, type Waits } from './load/run.ts';
import type { GodwitPeer } from './peers/godwit.ts';
import type { Peer } from './peers/peer.ts';
import { fillLargeMailbox, type Effort } from './scenarios.ts';
import type { Row } from './table.ts';

/** Commands of one session that touch all or a fifth of the large mailbox, in an order in which each finds something to do. */
const imapCommands = (fifth: number): readonly string[] => [
  'SELECT big',
  'FETCH 1:* (FLAGS)',
  'FETCH 1:* (ENVELOPE BODYSTRUCTURE)',
  'FETCH 1:* (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (From To Cc Subject Date Message-ID)])',
  `FETCH 1:${fifth} (BODY.PEEK[])`,
  'SEARCH SUBJECT zebra-crossing',
  'SEARCH HEADER Message-ID zebra-crossing',
  'SEARCH SENTSINCE 1-Jan-2003',
  'SEARCH BODY zebra-crossing',
  'SEARCH TEXT zebra-crossing',
  'STATUS other (MESSAGES UIDNEXT UNSEEN)',
  'COPY 1:* other',
  'STORE 1:* +FLAGS.SILENT (\\Flagged)',
  'STORE 1:* +FLAGS (\\Answered)',
  `MOVE 1:${fifth} other`,
  `STORE 1:${fifth} +FLAGS.SILENT (\\Deleted)`,
  'EXPUNGE',
  'UNSELECT',
  'SELECT other',
  'UNSELECT',
  'DELETE other',
];

/** One long command, with the round trips of other connections meanwhile. */
interface Measured extends Waits {
  readonly command: string;
  /** Milliseconds that it took. */
  readonly ms: number;
}

/** Measures how long other connections wait while one session is at long commands on a large mailbox, which is filled first. */
export async function measureFairness(server: Peer, effort: Effort): Promise<readonly Measured[]> {
  await fillLargeMailbox(server, effort);
  const measured: Measured[] = [];
  const client = await ImapLoadClient.login(server.imapPort, 0);
  await client.command('CREATE other');
  await using prober = await probing(server.imapPort, server.smtpPort);
  const measure = async (command: string, run: () => Promise<unknown>): Promise<void> => {
    await prober.waits();
    const start = performance.now();
    await run();
    const one = { command, ms: performance.now() - start, ...(await prober.waits()) };
    measured.push(one);
    console.log(
      `${server.name}: ${command}: ${Math.round(one.ms)} ms; others p99 ${one.p99Ms.toFixed(1)}, longest ${one.maxMs.toFixed(1)} ms of ${one.count}`,
    );
  };
  for (const command of imapCommands(effort.mailbox / 5)) await measure(command, () => client.drain(command));
  const body = Buffer.from(`Subject: large\r\n\r\n${'A line of a large message.\r\n'.repeat(1_600_000)}`);
  await measure('APPEND of 45 MB', () => client.append('INBOX', [body]));
  const small = Buffer.from('Subject: small\r\n\r\nHello\r\n');
  await measure('MULTIAPPEND of 1,000', () =>
    client.append(
      'INBOX',
      Array.from({ length: 1000 }, () => small),
    ),
  );
  await measure('STORE and EXPUNGE of INBOX', async () => {
    await client.command('SELECT INBOX');
    await client.drain('STORE 1:* +FLAGS (\\Deleted)');
    await client.drain('EXPUNGE');
  });
  client.close();
  if (isGodwit(server)) await measureOperations(server, effort, measure);
  return measured;
}

function isGodwit(server: Peer): server is GodwitPeer {
  return 'config' in server;
}

/** The operator's commands over a long queue, and the check of the store. */
async function measureOperations(
  { main, config, submissionPort, sink }: GodwitPeer,
  { waiting }: Effort,
  measure: (command: string, run: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const godwit = (...args: string[]) => {
    const options = { maxBuffer: 2 ** 30 };
    return promisify(execFile)(process.execPath, [main, ...args, '--config', config], options);
  };
  await measure('godwit check', () => godwit('check'));
  if (sink === null) return;
  // They wait for a day (RFC 4865).
  await load('submit', [submissionPort, 50, 3600, 1024, waiting, 86_400]);
  for (const args of [
    ['queue', 'list', '--limit', '20000', '--json'],
    ['queue', 'list', '--to', 'nobody@example.net', '--json'],
    ['queue', 'hold', '--all'],
    ['queue', 'release', '--all'],
    ['queue', 'drop', '--all'],
  ]) {
    await measure(`godwit ${args.join(' ')} of ${waiting}`, () => godwit(...args));
  }
}

/** The worst of all commands as rows of the table. */
export function fairnessRows(
  ours: readonly Measured[],
  theirs: { readonly name: string; readonly waits: readonly Measured[] } | null,
): Row[] {
  const row = (name: string, of: (one: Measured) => number): Row => {
    const worst = (waits: readonly Measured[]) => Math.max(...waits.map(of));
    const peer = theirs === null ? null : { name: theirs.name, figure: worst(theirs.waits) };
    return { scenario: { name, unit: 'ms', better: 'less' }, ours: worst(ours), theirs: peer };
  };
  return [
    row('longest wait of another account during any long command', ({ maxMs }) => maxMs),
    row('99 % of the waits during the worst long command', ({ p99Ms }) => p99Ms),
  ];
}
