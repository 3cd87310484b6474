import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { JmapLoadClient } from './load/jmap-client.ts';
import { load } from './load/run.ts';
import type { GodwitPeer } from './peers/godwit.ts';
import { fillLargeMailbox, median, receiving, type Effort } from './scenarios.ts';
import type { Row } from './table.ts';

const page = 50;
const warmRuns = 40;

/** Words of the real mail: in some of 100,000 messages, in a fifth of them, and in nearly all. */
const words = [
  ['rare', 'zebra'],
  ['common', 'linux'],
  ['very common', 'the'],
] as const;

/** Measures searches of text over JMAP, beside the same search over IMAP, on a server whose index has all of a large mailbox. */
export async function measureSearch(godwit: GodwitPeer, effort: Effort): Promise<Row[]> {
  const bytes = await fillLargeMailbox(godwit, effort);
  const began = performance.now();
  const index = await fedIndex(godwit);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `index of ${bytes} bytes: ${index.sizeBytes} bytes, ${index.documents} messages, after ${Math.round(seconds)} s`,
  );
  const rows: Row[] = [
    {
      scenario: { name: 'search index of the large mailbox', unit: 'MB', better: 'less' },
      ours: index.sizeBytes / 1e6,
      theirs: { name: 'its messages', figure: bytes / 1e6 },
    },
  ];
  const client = await JmapLoadClient.login(godwit.httpPort);
  await firstPage(client, {});
  for (const [what, word] of words) {
    const ours = await repeated(() => firstPage(client, { text: word }));
    const theirs = await load('imap', ['fetch', godwit.imapPort, `SEARCH TEXT ${word}`, 4]);
    rows.push({
      scenario: { name: `JMAP: first ${page} of all mail with a ${what} word, warm`, unit: 'ms', better: 'less' },
      ours,
      theirs: { name: 'IMAP, all with it', figure: median(theirs.slice(1).map(({ ms = Number.NaN }) => ms)) },
    });
  }
  for (const property of ['subject', 'from', 'sentAt']) {
    const sort = [{ property }];
    rows.push({
      scenario: { name: `JMAP: first ${page} of the large mailbox by ${property}, warm`, unit: 'ms', better: 'less' },
      ours: await repeated(() => firstPage(client, null, sort), 8),
      theirs: null,
    });
  }
  return rows;
}

/** Compares the rate of deliveries to a server with an index and to one without, in turns. */
export async function measureFeeding(withIndex: GodwitPeer, without: GodwitPeer, effort: Effort): Promise<Row[]> {
  const scenario = receiving.find(({ name }) => name.includes(' 1 KiB, 10 connections'));
  if (scenario === undefined) throw new Error('there is no such scenario');
  const figures: [number[], number[]] = [[], []];
  for (let run = 0; run < Math.max(3, effort.runs); run += 1) {
    figures[0].push(await scenario.measure(withIndex, effort));
    figures[1].push(await scenario.measure(without, effort));
  }
  console.log(`with an index ${figures[0].map(Math.round).join()}, without ${figures[1].map(Math.round).join()}`);
  return [
    {
      scenario: { ...scenario, name: `${scenario.name}, with an index` },
      ours: median(figures[0]),
      theirs: { name: 'Godwit, without', figure: median(figures[1]) },
    },
  ];
}

interface ListedIndex {
  readonly documents: number;
  readonly waiting: number;
  readonly sizeBytes: number;
}

/** Waits until nothing of the large mailbox is missing in the index of its account. */
async function fedIndex({ main, config }: GodwitPeer): Promise<ListedIndex> {
  for (;;) {
    const answer = execFileSync(process.execPath, [main, 'index', 'list', 'user0', '--json', '--config', config]);
    const [index] = JSON.parse(answer.toString()) as [ListedIndex];
    if (index.waiting === 0) return index;
    await pause(2000);
  }
}

async function firstPage(client: JmapLoadClient, filter: object | null, sort?: object): Promise<number> {
  const { accountId } = client;
  const order = sort ?? [{ property: 'receivedAt', isAscending: false }];
  return await client.timed([['Email/query', { accountId, filter, sort: order, limit: page }, '0']]);
}

async function repeated(run: () => Promise<number>, runs = warmRuns): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i += 1) times.push(await run());
  return median(times.slice(runs >> 2));
}
