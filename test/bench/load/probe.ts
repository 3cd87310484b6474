/**
 * Load process that measures how long other connections wait: round trips of an IMAP connection of another account (`NOOP`) and of SMTP
 * connections (up to `RCPT` for other accounts), one after the other. Each line on standard input ends a period and prints its figures.
 */
import { createInterface } from 'node:readline';
import { addressOf } from '../peers/peer.ts';
import { ImapLoadClient } from './imap-client.ts';
import { LineClient } from './line-client.ts';

const [imapPort = 0, smtpPort = 0] = process.argv.slice(2).map(Number);
const stop = new AbortController();
let trips: number[] = [];

async function timed(roundTrip: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await roundTrip();
  trips.push(performance.now() - start);
  await new Promise((resolve) => setTimeout(resolve, 1));
}

const imap = await ImapLoadClient.login(imapPort, 1);
const smtpDialogue = [
  'EHLO bench.test',
  'NOOP',
  'MAIL FROM:<prober@example.org>',
  `RCPT TO:<${addressOf(2)}>`,
  `RCPT TO:<${addressOf(3)}>`,
  'RSET',
];

/** A connection of its own for a few commands, below every limit. The round trips are those of the commands. */
async function smtpDialogues(): Promise<void> {
  while (!stop.signal.aborted) {
    const smtp = await LineClient.open(smtpPort);
    await smtp.line((line) => line.startsWith('220 '));
    for (const command of smtpDialogue) {
      await timed(async () => {
        smtp.send(`${command}\r\n`);
        await smtp.line((line) => /^\d{3} /.test(line));
      });
    }
    smtp.close();
  }
}

async function imapNoops(): Promise<void> {
  while (!stop.signal.aborted) await timed(() => imap.command('NOOP'));
}

const probes = [imapNoops(), smtpDialogues()];
console.log(JSON.stringify({ ready: 1 }));
for await (const _line of createInterface(process.stdin)) {
  const sorted = trips.toSorted((a, b) => a - b);
  trips = [];
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  console.log(JSON.stringify({ count: sorted.length, p99Ms, maxMs: sorted.at(-1) ?? 0 }));
}
stop.abort();
await Promise.all(probes);
imap.close();
