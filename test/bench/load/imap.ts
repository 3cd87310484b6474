/** Load process for IMAP: one of `modes` with a port and numbers; prints lines of JSON. */
import { accountCount } from '../peers/peer.ts';
import { ImapLoadClient } from './imap-client.ts';
import { message } from './message.ts';
import { realMail } from './real-mail.ts';

const [mode = '', ...rest] = process.argv.slice(2);
const numbers = rest.map(Number);
const modes: Readonly<Record<string, () => Promise<void>>> = {
  append: () => append(numbers[0] ?? 0, numbers[1] ?? 1, numbers[2] ?? 1, numbers[3] ?? 1024),
  fill: () => fill(numbers[0] ?? 0, numbers[1] ?? 1),
  fetch: () => fetch(numbers[0] ?? 0, rest[1] ?? '', numbers[2] ?? 1),
  idle: () => idle(numbers[0] ?? 0, numbers[1] ?? 1),
  told: () => told(numbers[0] ?? 0, numbers[1] ?? 1, numbers[2] ?? 1),
  pieces: () => pieces(numbers[0] ?? 0, numbers[1] ?? 1),
};
await modes[mode]?.();

function print(result: object): void {
  console.log(JSON.stringify(result));
}

/** One message per APPEND for some seconds, spread over the accounts. */
async function append(port: number, connections: number, seconds: number, sizeBytes: number): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: connections }, (_, i) => ImapLoadClient.login(port, i % accountCount)),
  );
  let count = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end) await client.append('INBOX', [message(count++, sizeBytes)]);
    }),
  );
  print({ count, ms: performance.now() - start });
  for (const client of clients) client.close();
}

/** Fills a mailbox `big` of account 0 with real mail. */
async function fill(port: number, count: number): Promise<void> {
  const mail = realMail(6000);
  const client = await ImapLoadClient.login(port, 0);
  await client.command('CREATE big');
  const start = performance.now();
  let bytes = 0;
  for (let i = 0; i < count; i += 50) {
    const batch = Array.from(
      { length: Math.min(50, count - i) },
      (_, n) => mail[(i + n) % mail.length] ?? Buffer.alloc(0),
    );
    bytes += batch.reduce((sum, one) => sum + one.length, 0);
    await client.append('big', batch);
  }
  print({ count, bytes, ms: performance.now() - start });
  client.close();
}

/** Times one command on the selected mailbox `big`, several times on one connection after one SELECT. */
async function fetch(port: number, command: string, runs: number): Promise<void> {
  const client = await ImapLoadClient.login(port, 0);
  if (command !== 'SELECT big') await client.command('SELECT big');
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await client.drain(command);
    print({ ms: performance.now() - start });
  }
  client.close();
}

/** Times how long after the OK of an APPEND each of many idling sessions of the same mailbox is notified of the message. */
async function told(port: number, connections: number, messages: number): Promise<void> {
  const clients: ImapLoadClient[] = [];
  for (let i = 0; i < connections; i += 1) {
    const client = await ImapLoadClient.login(port, 0);
    await client.command('SELECT INBOX');
    await client.idle();
    clients.push(client);
  }
  const sender = await ImapLoadClient.login(port, 0);
  for (let n = 0; n < messages; n += 1) {
    const times = clients.map((client) => client.exists().then(() => performance.now()));
    await sender.append('INBOX', [message(n, 1024)]);
    const okMs = performance.now();
    const delays = (await Promise.all(times)).map((ms) => Math.max(0, ms - okMs)).toSorted((a, b) => a - b);
    print({ medianMs: delays[delays.length >> 1] ?? 0, lastMs: delays.at(-1) ?? 0 });
  }
  for (const client of [...clients, sender]) client.close();
}

/** Times APPEND by a client that writes the literal and the line end after it apart, and has Nagle's algorithm on, as Python's imaplib does. */
async function pieces(port: number, messages: number): Promise<void> {
  const client = await ImapLoadClient.login(port, 0);
  client.delaySmallWrites();
  for (let n = 0; n < messages; n += 1) {
    const start = performance.now();
    await client.appendInPieces('INBOX', message(n, 1024));
    print({ ms: performance.now() - start });
  }
  client.close();
}

/** Opens connections, selects INBOX, idles, says so, and stays until standard input ends. */
async function idle(port: number, connections: number): Promise<void> {
  const clients: ImapLoadClient[] = [];
  for (let i = 0; i < connections; i += 20) {
    const some = Math.min(20, connections - i);
    clients.push(
      ...(await Promise.all(
        Array.from({ length: some }, (_, n) => ImapLoadClient.login(port, (i + n) % accountCount)),
      )),
    );
  }
  for (const client of clients) {
    await client.command('SELECT INBOX');
    await client.idle();
  }
  print({ idle: clients.length });
  await new Promise((resolve) => process.stdin.once('end', resolve).resume());
  for (const client of clients) client.close();
}
