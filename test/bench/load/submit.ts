/**
 * Load process: submits messages with STARTTLS and AUTH PLAIN for some seconds, or until there are `limit`, and prints one line of JSON.
 * Arguments: port, connections, seconds, bytes of body, limit (0: none), seconds to hold each (0: sent at once; RFC 4865).
 */
import { accountCount, addressOf, password } from '../peers/peer.ts';
import { LineClient } from './line-client.ts';
import { message } from './message.ts';

const [port = 0, connections = 1, seconds = 1, sizeBytes = 1024, limit = 0, holdSeconds = 0] = process.argv
  .slice(2)
  .map(Number);
const hold = holdSeconds === 0 ? '' : ` HOLDFOR=${holdSeconds}`;
const last = limit === 0 ? Number.POSITIVE_INFINITY : limit;
/** Begun and acknowledged, by all clients. */
let count = 0;
let sent = 0;

const clients = await Promise.all(Array.from({ length: connections }, (_, n) => logIn(n % accountCount)));
const start = performance.now();
const end = start + seconds * 1000;
await Promise.all(clients.map((client, n) => work(client, n % accountCount)));
const ms = performance.now() - start;
for (const client of clients) client.close();
console.log(JSON.stringify({ count: sent, ms }));

async function logIn(account: number): Promise<LineClient> {
  const client = await LineClient.open(port);
  await reply(client, '220');
  client.send('EHLO load.bench.test\r\n');
  await reply(client, '250');
  client.send('STARTTLS\r\n');
  await reply(client, '220');
  await client.startTls();
  client.send('EHLO load.bench.test\r\n');
  await reply(client, '250');
  const secret = Buffer.from(`\0${addressOf(account)}\0${password}`).toString('base64');
  client.send(`AUTH PLAIN ${secret}\r\n`);
  await reply(client, '235');
  return client;
}

/** As clients do: MAIL, RCPT and DATA in one go (RFC 2920), then the content. */
async function work(client: LineClient, account: number): Promise<void> {
  for (let i = count++; i < last && performance.now() < end; i = count++) {
    client.send(`MAIL FROM:<${addressOf(account)}>${hold}\r\nRCPT TO:<r${i}@sink.test>\r\nDATA\r\n`);
    await reply(client, '354');
    client.send(message(i, sizeBytes, '.\r\n', addressOf(account)));
    // The replies to MAIL and RCPT came before the 354 and were dropped with it.
    await reply(client, '250');
    sent += 1;
  }
}

async function reply(client: LineClient, code: string): Promise<void> {
  const line = await client.line((text) => text.startsWith(`${code} `) || /^[45]\d\d /.test(text));
  if (!line.startsWith(code)) throw new Error(`wanted ${code}, got ${line}`);
}
