/**
 * Load process: submits messages with STARTTLS and AUTH PLAIN for some seconds, or until there are `limit`, and prints one line of JSON.
 * Arguments: port, connections, seconds, bytes of body, limit (0: none), seconds to hold each (0: sent at once; RFC 4865).
 * Connections are made before the time starts, and kept.
 */
import { connect, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import { accountCount, addressOf, password } from '../peers/peer.ts';
import { messageParts } from './message.ts';
import { Replies } from './replies.ts';

const [port = 0, connections = 1, seconds = 1, sizeBytes = 1024, limit = 0, holdSeconds = 0] = process.argv
  .slice(2)
  .map(Number);
const hold = holdSeconds === 0 ? '' : ` HOLDFOR=${holdSeconds}`;
const last = limit === 0 ? Number.POSITIVE_INFINITY : limit;
/** Replies to one message: MAIL, RCPT and DATA go in one piece (RFC 2920), then the content. */
const dialogue = [250, 250, 354, 250] as const;
const mayDeliver = 3;

/** Begun and acknowledged, by all clients. */
let count = 0;
let sent = 0;

const clients = await Promise.all(Array.from({ length: connections }, (_, n) => logIn(n % accountCount)));
const start = performance.now();
const end = start + seconds * 1000;
await Promise.all(clients.map((client, n) => work(client, n % accountCount)));
const ms = performance.now() - start;
for (const { socket } of clients) socket.destroy();
console.log(JSON.stringify({ count: sent, ms }));

/** A connection, and what is called with the code of each reply. */
interface Client {
  readonly socket: Socket;
  onReply: (code: number) => void;
}

async function logIn(account: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const plain = listen(socket);
  await reply(plain, 220);
  await ask(plain, 'EHLO load.bench.test\r\n', 250);
  await ask(plain, 'STARTTLS\r\n', 220);
  socket.removeAllListeners();
  const secured = secure({ socket, rejectUnauthorized: false });
  await new Promise((resolve, reject) => {
    secured.once('secureConnect', resolve).once('error', reject);
  });
  const client = listen(secured);
  await ask(client, 'EHLO load.bench.test\r\n', 250);
  const secret = Buffer.from(`\0${addressOf(account)}\0${password}`).toString('base64');
  await ask(client, `AUTH PLAIN ${secret}\r\n`, 235);
  return client;
}

function listen(socket: Socket): Client {
  const client: Client = { socket, onReply: () => undefined };
  const replies = new Replies((code) => client.onReply(code));
  socket.on('data', (bytes: Uint8Array) => replies.push(bytes));
  return client;
}

async function ask(client: Client, command: string, code: number): Promise<void> {
  client.socket.write(command, 'latin1');
  await reply(client, code);
}

async function reply(client: Client, wanted: number): Promise<void> {
  const code = await new Promise<number>((resolve) => {
    client.onReply = resolve;
  });
  if (code !== wanted) throw new Error(`wanted ${wanted}, got ${code}`);
}

/** Submits one message after the other until the time is over. */
function work(client: Client, account: number): Promise<void> {
  return new Promise((done) => {
    let n = 0;
    let came = 0;
    const begin = (): void => {
      n = count++;
      came = 0;
      if (n >= last || performance.now() >= end) return done();
      client.socket.write(
        `MAIL FROM:<${addressOf(account)}>${hold}\r\nRCPT TO:<r${n}@sink.test>\r\nDATA\r\n`,
        'latin1',
      );
    };
    client.onReply = (code) => {
      if (code !== dialogue[came]) throw new Error(`wanted ${dialogue[came]}, got ${code}`);
      came += 1;
      if (came === mayDeliver) {
        const { header, body } = messageParts(n, sizeBytes, '.\r\n', addressOf(account));
        client.socket.cork();
        client.socket.write(header, 'latin1');
        client.socket.write(body);
        client.socket.uncork();
      } else if (came === dialogue.length) {
        sent += 1;
        begin();
      }
    };
    begin();
  });
}
