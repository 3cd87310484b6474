import { setTimeout as pause } from 'node:timers/promises';
import { load } from './load/run.ts';
import { JmapLoadClient } from './load/jmap-client.ts';
import type { GodwitPeer } from './peers/godwit.ts';
import { fillLargeMailbox, median, type Effort } from './scenarios.ts';
import { measureJmapPush } from './jmap-push.ts';
import type { Row } from './table.ts';

const listProperties = [
  'id',
  'threadId',
  'mailboxIds',
  'keywords',
  'size',
  'receivedAt',
  'subject',
  'from',
  'to',
  'preview',
];
const imapList = '(UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE)';
const page = 50;
const warmRuns = 100;

/** Work of a JMAP client, and the nearest work of an IMAP client on the same server: the columns stand beside each other. */
interface Work {
  readonly name: string;
  readonly jmap: (client: JmapLoadClient) => Promise<number>;
  readonly imap: (imapPort: number, effort: Effort) => Promise<number>;
}

const works: readonly Work[] = [
  {
    name: `JMAP: newest ${page} of the large mailbox with their list properties, warm`,
    jmap: async (client) => await repeated(client, () => firstPage(client)),
    imap: async (imapPort, { mailbox }) => imapMs(imapPort, newestOf(mailbox), warmRuns),
  },
  {
    name: 'JMAP: the same in conversations, with the total',
    jmap: async (client) =>
      await repeated(client, () => firstPage(client, { collapseThreads: true, calculateTotal: true })),
    imap: async (imapPort, { mailbox }) => imapMs(imapPort, newestOf(mailbox), warmRuns),
  },
  {
    name: 'JMAP: all mailboxes with their counters, warm',
    jmap: async (client) => await repeated(client, () => [['Mailbox/get', { accountId: client.accountId }, '0']]),
    imap: async (imapPort) => imapMs(imapPort, 'STATUS INBOX (MESSAGES UNSEEN)', warmRuns),
  },
];

/** Measures JMAP on a server with a large mailbox, beside IMAP on the same server. */
export async function measureJmap(godwit: GodwitPeer, effort: Effort): Promise<Row[]> {
  console.log(`${godwit.name}: large mailbox of ${await fillLargeMailbox(godwit, effort)} bytes`);
  const began = performance.now();
  const client = await JmapLoadClient.login(godwit.httpPort);
  const first: Row = {
    scenario: { name: 'JMAP: session and mailboxes, for the first time', unit: 'ms', better: 'less' },
    ours: performance.now() - began,
    theirs: null,
  };
  const rows = [first];
  for (const { name, jmap, imap } of works) {
    const ours = await jmap(client);
    const figure = await imap(godwit.imapPort, effort);
    rows.push({
      scenario: { name, unit: 'ms', better: 'less' },
      ours,
      theirs: { name: 'IMAP', figure },
    });
    // What one protocol left to be done in the background is not counted for the other.
    await pause(500);
  }
  rows.push(...(await measureJmapPush(godwit)));
  return rows;
}

function firstPage(client: JmapLoadClient, more: Readonly<Record<string, boolean>> = {}): readonly unknown[] {
  const { accountId, mailbox } = client;
  const sort = [{ property: 'receivedAt', isAscending: false }];
  return [
    ['Email/query', { accountId, filter: { inMailbox: mailbox }, sort, limit: page, ...more }, '0'],
    [
      'Email/get',
      { accountId, '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' }, properties: listProperties },
      '1',
    ],
  ];
}

async function repeated(client: JmapLoadClient, calls: () => readonly unknown[]): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < warmRuns; run += 1) times.push(await client.timed(calls()));
  return median(times.slice(warmRuns >> 2));
}

function newestOf(mailbox: number): string {
  return `FETCH ${mailbox - page + 1}:${mailbox} ${imapList}`;
}

async function imapMs(imapPort: number, command: string, runs: number): Promise<number> {
  const results = await load('imap', ['fetch', imapPort, command, runs]);
  return median(results.map(({ ms = Number.NaN }) => ms).slice(runs >> 2));
}
