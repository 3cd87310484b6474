/**
 * `npm run bench`: Godwit beside Debian's Postfix and Dovecot, on the same disk, in the same run, in turns.
 * Options: `--quick` (smaller mailbox, fewer runs), `--runs N` (times each figure is taken), `--only WORD` (rows whose name contains it),
 * `--write` (docs/benchmarks.md), `--disk DIR` (where the servers keep their data). Load comes from processes of its own.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasSink, startSink, type Sink } from './load/sink.ts';
import { fairnessRows, measureFairness } from './fairness.ts';
import { startGodwit } from './peers/godwit.ts';
import type { Peer } from './peers/peer.ts';
import { hasPostfixDovecot, startPostfixDovecot, type DovecotFormat } from './peers/postfix-dovecot.ts';
import {
  appending,
  fillLargeMailbox,
  median,
  reading,
  receiving,
  resting,
  type Effort,
  type Scenario,
} from './scenarios.ts';
import { measureJmap } from './jmap.ts';
import { live } from './live.ts';
import { listing } from './reading.ts';
import { relaying } from './relaying.ts';
import { appendingMore, storing } from './storing.ts';
import { machine, table, type Row } from './table.ts';
import { measureFeeding, measureSearch } from './searching.ts';
import { measureWaiting } from './waiting.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    runs: { type: 'string' },
    only: { type: 'string', default: '' },
    disk: { type: 'string', default: tmpdir() },
  },
});
const usual: Effort = options.quick
  ? { runs: 1, seconds: 2, mailbox: 10_000, idleConnections: 200, waiting: 10_000 }
  : { runs: 3, seconds: 4, mailbox: 100_000, idleConnections: 1000, waiting: 100_000 };
const effort: Effort = { ...usual, ...(options.runs !== undefined && { runs: Number(options.runs) }) };

const folder = mkdtempSync(join(options.disk, 'godwit-bench-'));
// Postfix works as users of its own, who must be able to pass.
chmodSync(folder, 0o755);
const rows: Row[] = [];
try {
  const withPeer = hasPostfixDovecot();
  if (!withPeer) console.log('skipped: postfix and dovecot are not installed (or this is not root): Godwit alone');
  const postfix = (format: DovecotFormat) =>
    withPeer ? (sink: Sink | null) => startPostfixDovecot(folder, format, sink) : null;
  await group([...resting, ...live, ...receiving], postfix('mdbox'), {});
  if (hasSink()) {
    await group(relaying, postfix('mdbox'), { relays: true });
    if ('waiting'.includes(options.only)) await waiting();
  } else console.log('skipped: smtp-sink of Postfix is not installed: nothing to relay to');
  await group([...appending, ...appendingMore, ...reading, ...listing, ...storing], postfix('mdbox'), {
    isFilled: true,
  });
  if ('jmap'.includes(options.only)) await jmap();
  if ('search'.includes(options.only)) await search();
  if ('fairness'.includes(options.only)) await fairness(postfix('mdbox'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(table(rows));
if (options.write) {
  writeFileSync(new URL('../../docs/benchmarks.md', import.meta.url), document());
}

/** Measures some scenarios on both servers, taking turns. */
async function group(
  scenarios: readonly Scenario[],
  startPeer: ((sink: Sink | null) => Promise<Peer>) | null,
  { isFilled = false, relays = false }: { readonly isFilled?: boolean; readonly relays?: boolean },
): Promise<void> {
  const wanted = scenarios.filter(({ name }) => name.includes(options.only));
  if (wanted.length === 0) return;
  await using ourSink = relays ? await startSink() : null;
  await using theirSink = relays && startPeer !== null ? await startSink() : null;
  await using godwit = await startGodwit(folder, ourSink);
  await using peer = startPeer === null ? null : await startPeer(theirSink);
  const servers = peer === null ? [godwit] : [godwit, peer];
  if (isFilled && wanted.some((scenario) => [...reading, ...listing, ...storing].includes(scenario))) {
    for (const server of servers)
      console.log(`${server.name}: large mailbox of ${await fillLargeMailbox(server, effort)} bytes`);
  }
  for (const scenario of wanted) {
    const figures = servers.map((): number[] => []);
    for (let run = 0; run < effort.runs; run += 1) {
      for (const [n, server] of servers.entries()) figures[n]?.push(await scenario.measure(server, effort));
    }
    const row: Row = {
      scenario,
      ours: median(figures[0] ?? []),
      theirs: peer === null ? null : { name: peer.name, figure: median(figures[1] ?? []) },
    };
    rows.push(row);
    console.log(table([row]).split('\n').at(-1));
  }
}

/** Waits of other connections during long commands, on one server after the other. */
async function fairness(startPeer: ((sink: Sink | null) => Promise<Peer>) | null): Promise<void> {
  await using sink = hasSink() ? await startSink() : null;
  await using godwit = await startGodwit(folder, sink);
  const ours = await measureFairness(godwit, effort);
  await using peer = startPeer === null ? null : await startPeer(null);
  const theirs = peer === null ? null : { name: peer.name, waits: await measureFairness(peer, effort) };
  const measured = fairnessRows(ours, theirs);
  rows.push(...measured);
  console.log(table(measured).split('\n').slice(2).join('\n'));
}

/** JMAP beside IMAP on the same server. */
async function jmap(): Promise<void> {
  await using godwit = await startGodwit(folder, null);
  const measured = await measureJmap(godwit, effort);
  rows.push(...measured);
  console.log(table(measured).split('\n').slice(2).join('\n'));
}

/** Searches with an index, and deliveries that feed one. */
async function search(): Promise<void> {
  {
    await using godwit = await startGodwit(folder, null);
    await using without = await startGodwit(folder, null, 'search: { index: false }\n');
    rows.push(...(await measureFeeding(godwit, without, effort)));
  }
  await using godwit = await startGodwit(folder, null);
  rows.push(...(await measureSearch(godwit, effort)));
}

/** A queue with many in it beside one with few. */
async function waiting(): Promise<void> {
  await using sink = await startSink();
  await using godwit = await startGodwit(folder, sink);
  const measured = await measureWaiting(godwit, effort);
  rows.push(...measured);
  console.log(table(measured).split('\n').slice(2).join('\n'));
}

function document(): string {
  return `# Benchmarks

Made by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}: ${machine()}.
Both servers on the same disk in the same run, taking turns; ${effort.runs === 1 ? 'one run' : `medians of ${effort.runs}`}; everything acknowledged is synced; the load comes from
processes on the same machine and shares its cores. "Delivered" counts until the messages are in the mailboxes, spread over 10 accounts, each message on a connection of its own;
"relayed" until they are with a sink (Postfix's smtp-sink), to which both may open as many connections: submitted with STARTTLS and AUTH, and signed with DKIM by Godwit alone.
Where Godwit is measured with a long queue, it stands beside itself with a short one; JMAP stands beside IMAP on the same server.
The large mailbox has ${effort.mailbox.toLocaleString('en')} real messages. Ratios above 1 are in our favour; absolute figures move by a third from hour to hour on shared machines.

${table(rows)}

${readFileSync(new URL('limits.md', import.meta.url), 'utf8')}`;
}
