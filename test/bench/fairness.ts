import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
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
  'COPY 1:* other',
  'STATUS other (MESSAGES UNSEEN SIZE)',
  'STORE 1:* +FLAGS.SILENT (\\Flagged)',
  'STORE 1:* +FLAGS (\\Answered)',
  `MOVE 1:${fifth} other`,
  `STORE 1:${fifth} +FLAGS.SILENT (\\Deleted)`,
  'EXPUNGE',
  'UNSELECT',
  'SELECT other',
  'UNSELECT',
  'DELETE other',
  'SELECT big',
  'COPY 1:* INBOX',
  'UNSELECT',
];

/** Not every server does these; a refusal is no figure. */
const optionalCommands: readonly string[] = ['RENAME INBOX renamed', 'DELETE renamed'];

/** Milliseconds after a reply that count as the command's. */
const afterMs = 100;

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
    const ms = performance.now() - start;
    // Round trips that are under way, and work that goes on behind the reply, belong to the command.
    await pause(afterMs);
    const one = { command, ms, ...(await prober.waits()) };
    measured.push(one);
    console.log(
      `${server.name}: ${command}: ${Math.round(one.ms)} ms; others p99 ${one.p99Ms.toFixed(1)}, longest ${one.maxMs.toFixed(1)} ms of ${one.count}`,
    );
  };
  for (const command of imapCommands(effort.mailbox / 5)) {
    // Steps on the way to the next command, and repetitions, are no figures.
    const isMeasured = command !== 'UNSELECT' && measured.every((one) => one.command !== command);
    if (isMeasured) await measure(command, () => client.drain(command));
    else await client.drain(command);
  }
  for (const command of optionalCommands) {
    await measure(command, () => client.drain(command)).catch((error: unknown) => {
      console.log(`${server.name}: ${command}: ${String(error)}`);
    });
  }
  await empty(client, 'INBOX');
  const body = Buffer.from(`Subject: large\r\n\r\n${'A line of a large message.\r\n'.repeat(1_600_000)}`);
  await measure('APPEND of 45 MB', () => client.append('INBOX', [body]));
  const small = Buffer.from('Subject: small\r\n\r\nHello\r\n');
  await measure('MULTIAPPEND of 1,000', () =>
    client.append(
      'INBOX',
      Array.from({ length: 1000 }, () => small),
    ),
  );
  await measure('STORE and EXPUNGE of INBOX', () => empty(client, 'INBOX'));
  client.close();
  if (isGodwit(server)) await measureOperations(server, effort, measure);
  return measured;
}

async function empty(client: ImapLoadClient, mailbox: string): Promise<void> {
  if ((await client.count(mailbox)) === 0) return;
  await client.drain(`SELECT ${mailbox}`);
  await client.drain('STORE 1:* +FLAGS (\\Deleted)');
  await client.drain('EXPUNGE');
  await client.drain('UNSELECT');
}

function isGodwit(server: Peer): server is GodwitPeer {
  return 'config' in server;
}

type Measure = (command: string, run: () => Promise<unknown>) => Promise<void>;

/** Runs a command of the program. */
type Run = (...args: string[]) => Promise<unknown>;

/** Measures the operator's commands: the check of the store, those over a long queue, and the removal of the account with the large mailbox. */
async function measureOperations(server: GodwitPeer, { waiting }: Effort, measure: Measure): Promise<void> {
  const { main, config } = server;
  const godwit: Run = (...args) => {
    const options = { maxBuffer: 2 ** 30 };
    return promisify(execFile)(process.execPath, [main, ...args, '--config', config], options);
  };
  await measure('godwit check', () => godwit('check'));
  if (server.sink !== null) await measureQueue(server, waiting, godwit, measure);
  await measure('godwit account remove', () => godwit('account', 'remove', 'user0', '--yes'));
}

async function measureQueue(
  { submissionPort }: GodwitPeer,
  waiting: number,
  godwit: Run,
  measure: Measure,
): Promise<void> {
  // They wait for a day (RFC 4865).
  await load('submit', [submissionPort, 50, 3600, 1024, waiting, 86_400]);
  for (const args of [
    ['queue', 'list', '--limit', '20000', '--json'],
    ['queue', 'list', '--to', 'nobody@example.net', '--json'],
    ['queue', 'hold', '--all'],
    ['queue', 'release', '--all'],
    ['queue', 'drop', '--all', '--yes'],
  ]) {
    await measure(`godwit ${args.join(' ')} of ${waiting}`, () => godwit(...args));
  }
}

/** Rows of the table: each command, then the worst of all. */
export function fairnessRows(
  ours: readonly Measured[],
  theirs: { readonly name: string; readonly waits: readonly Measured[] } | null,
): Row[] {
  const row = (name: string, figure: number, peerFigure: number | undefined): Row => ({
    scenario: { name, unit: 'ms', better: 'less' },
    ours: figure,
    theirs: theirs === null || peerFigure === undefined ? null : { name: theirs.name, figure: peerFigure },
  });
  const rows = ours.map(({ command, maxMs }) =>
    row(
      `longest wait of another account, ${command}`,
      maxMs,
      theirs?.waits.find((one) => one.command === command)?.maxMs,
    ),
  );
  const worst = (waits: readonly Measured[], of: (one: Measured) => number): number => Math.max(...waits.map(of));
  for (const [name, of] of [
    ['longest wait of another account, any of these commands', ({ maxMs }: Measured) => maxMs],
    ['99 % of the waits of other accounts are shorter, worst of these commands', ({ p99Ms }: Measured) => p99Ms],
  ] as const) {
    rows.push(row(name, worst(ours, of), theirs === null ? undefined : worst(theirs.waits, of)));
  }
  return rows;
}
