/**
 * Load process: sends messages over SMTP for some seconds, each on a connection of its own as most mail comes, and prints one line of JSON.
 * Arguments: port, connections at a time, seconds, bytes of body. It shares the machine's cores with the server, so it is a state machine over
 * bare sockets: what it costs is taken from the faster server.
 */
import { connect, type Socket } from 'node:net';
import { accountCount, addressOf } from '../peers/peer.ts';
import { messageParts } from './message.ts';
import { Replies } from './replies.ts';

const [port = 0, connections = 1, seconds = 1, sizeBytes = 1024] = process.argv.slice(2).map(Number);
const recipients = Array.from({ length: accountCount }, (_, n) => addressOf(n));
/** Of all connections: each takes what it was given before the next one reads. */
const buffer = Buffer.alloc(64 * 1024);
let count = 0;

/** Replies of one dialogue, in order: MAIL, RCPT and DATA go in one piece, as mail servers send them (RFC 2920). */
const dialogue = [220, 250, 250, 250, 354, 250, 221] as const;
/** Bytes sent after so many replies. */
const greeted = 1;
const helloed = 2;
const mayDeliver = 5;
const delivered = 6;

const start = performance.now();
const end = start + seconds * 1000;
await Promise.all(Array.from({ length: connections }, () => new Promise<void>(work)));
console.log(JSON.stringify({ count, ms: performance.now() - start }));

/** Delivers one message after the other until the time is over. */
function work(done: () => void): void {
  if (performance.now() >= end) return done();
  const n = count++;
  let came = 0;
  const replies = new Replies((code) => {
    if (code !== dialogue[came]) throw new Error(`wanted ${dialogue[came]}, got ${code}`);
    came += 1;
    if (came < dialogue.length) return speak(socket, came, n);
    socket.destroy();
    work(done);
  });
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback: (length, bytes) => {
        replies.push(bytes, length);
        return true;
      },
    },
  });
  socket.once('close', () => {
    if (came < dialogue.length) throw new Error(`connection closed after ${came} replies`);
  });
}

function speak(socket: Socket, came: number, n: number): void {
  if (came === greeted) socket.write('EHLO load.bench.test\r\n', 'latin1');
  else if (came === helloed) {
    const recipient = recipients[n % accountCount];
    socket.write(`MAIL FROM:<sender@bench.test>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`, 'latin1');
  } else if (came === mayDeliver) {
    const { header, body } = messageParts(n, sizeBytes, '.\r\n');
    socket.cork();
    socket.write(header, 'latin1');
    socket.write(body);
    socket.uncork();
  } else if (came === delivered) socket.write('QUIT\r\n', 'latin1');
}
