/**
 * Load process: sends messages over SMTP for some seconds, each on a connection of its own as most mail comes, and prints one line of JSON.
 * Arguments: port, connections at a time, seconds, bytes of body.
 */
import { accountCount, addressOf } from '../peers/peer.ts';
import { message } from './message.ts';
import { LineClient } from './line-client.ts';

const [port = 0, connections = 1, seconds = 1, sizeBytes = 1024] = process.argv.slice(2).map(Number);
let count = 0;

const start = performance.now();
const end = start + seconds * 1000;
await Promise.all(Array.from({ length: connections }, () => work()));
console.log(JSON.stringify({ count, ms: performance.now() - start }));

/** As mail servers do: MAIL, RCPT and DATA in one go (RFC 2920), then the content, then QUIT. */
async function work(): Promise<void> {
  while (performance.now() < end) {
    const i = count++;
    const client = await LineClient.open(port);
    await reply(client, '220');
    client.send('EHLO load.bench.test\r\n');
    await reply(client, '250');
    client.send(`MAIL FROM:<sender@bench.test>\r\nRCPT TO:<${addressOf(i % accountCount)}>\r\nDATA\r\n`);
    await reply(client, '354');
    client.send(message(i, sizeBytes, '.\r\n'));
    await reply(client, '250');
    client.send('QUIT\r\n');
    await reply(client, '221');
    client.close();
  }
}

async function reply(client: LineClient, code: string): Promise<void> {
  const line = await client.line((text) =>
    text.startsWith(`${code} `) ? code !== '250' || !isEarly(text) : /^[45]/.test(text),
  );
  if (!line.startsWith(code)) throw new Error(`wanted ${code}, got ${line}`);
}

/** The replies to MAIL and RCPT come before the 354 and are dropped with it; only DATA's own 250 may end a message. */
function isEarly(text: string): boolean {
  return text.startsWith('250 2.1.');
}
