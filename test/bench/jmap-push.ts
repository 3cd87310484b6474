import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { JmapLoadClient } from './load/jmap-client.ts';
import { LineClient } from './load/line-client.ts';
import { residentMb } from './memory.ts';
import type { GodwitPeer } from './peers/godwit.ts';
import { accountCount, addressOf, password } from './peers/peer.ts';
import { median } from './scenarios.ts';
import type { Row } from './table.ts';

/** Messages at 100 a second whose events are timed. */
const messages = 500;
const messageEveryMs = 10;
/** Clients of each kind whose memory is measured, and before them some that load what the first ones need. */
const clients = 1000;
const firstClients = 50;
const changed = 1000;
const changeRuns = 40;

/** Measures push and changes of JMAP. */
export async function measureJmapPush(godwit: GodwitPeer): Promise<Row[]> {
  const rows = [
    row('delivery acknowledged to event at an EventSource client, 100 messages/s', 'ms', await latency(godwit)),
  ];
  rows.push(row(`Email/changes and Email/get after ${changed} changes`, 'ms', await changes(godwit)));
  rows.push(row('one of 1,000 EventSource clients', 'KB', await memoryOf(godwit, eventSource)));
  rows.push(row('one of 1,000 WebSocket clients with push', 'KB', await memoryOf(godwit, webSocket)));
  return rows;
}

function row(what: string, unit: string, ours: number): Row {
  return { scenario: { name: `JMAP: ${what}`, unit, better: 'less' }, ours, theirs: null };
}

/** Sends messages one by one, and takes for each the time from its 250 to the next event. */
async function latency({ httpPort, smtpPort }: GodwitPeer): Promise<number> {
  const arrivals: number[] = [];
  const socket = await eventSource(httpPort, 0);
  socket.on('data', (chunk: Buffer) => {
    if (chunk.includes('event: state')) arrivals.push(performance.now());
  });
  const smtp = await LineClient.open(smtpPort);
  const done = (line: string): boolean => /^\d{3} /.test(line);
  await smtp.line(done);
  const command = async (text: string): Promise<void> => {
    smtp.send(`${text}\r\n`);
    const reply = await smtp.line(done);
    if (reply >= '4') throw new Error(`${text.slice(0, 50)}: ${reply}`);
  };
  await command('EHLO bench');
  const waits: number[] = [];
  let nextMs = performance.now();
  for (let i = 0; i < messages; i += 1) {
    nextMs += messageEveryMs;
    await pause(Math.max(0, nextMs - performance.now()));
    await command('MAIL FROM:<sender@bench.test>');
    await command(`RCPT TO:<${addressOf(0)}>`);
    await command('DATA');
    const seen = arrivals.length;
    await command(`Message-ID: <${i}@push>\r\nSubject: ${i}\r\n\r\n${'x'.repeat(1024)}\r\n.`);
    const acknowledgedMs = performance.now();
    while (arrivals.length === seen) await once(socket, 'data');
    waits.push(Math.max(0, (arrivals[seen] ?? Number.NaN) - acknowledgedMs));
  }
  smtp.close();
  socket.destroy();
  return median(waits.slice(messages >> 2));
}

/** Changes many emails as one client, and follows as another. */
async function changes({ httpPort }: GodwitPeer): Promise<number> {
  const client = await JmapLoadClient.login(httpPort);
  const { accountId } = client;
  const [[, { ids }]] = (await client.request([['Email/query', { accountId, limit: changed }, '0']])) as [
    [string, { readonly ids: readonly string[] }],
  ];
  const times: number[] = [];
  for (let run = 0; run < changeRuns; run += 1) {
    const [[, { state }]] = (await client.request([['Email/get', { accountId, ids: [] }, '0']])) as [
      [string, { readonly state: string }],
    ];
    const patch = { 'keywords/$flagged': run % 2 === 0 ? true : null };
    const update = Object.fromEntries(ids.map((id) => [id, patch]));
    await client.request([['Email/set', { accountId, update }, '0']]);
    const reference = { resultOf: '0', name: 'Email/changes', path: '/updated' };
    times.push(
      await client.timed([
        ['Email/changes', { accountId, sinceState: state }, '0'],
        ['Email/get', { accountId, '#ids': reference, properties: ['keywords', 'mailboxIds'] }, '1'],
      ]),
    );
  }
  return median(times.slice(changeRuns >> 2));
}

type Connect = (port: number, account: number) => Promise<Socket>;

async function memoryOf({ httpPort, pid }: GodwitPeer, open: Connect): Promise<number> {
  const first = await opened(httpPort, open, firstClients);
  for (const socket of first) socket.destroy();
  await pause(3000);
  const before = residentMb(pid);
  const sockets = await opened(httpPort, open, clients);
  await pause(3000);
  const after = residentMb(pid);
  for (const socket of sockets) socket.destroy();
  await pause(3000);
  return ((after - before) * 1024) / clients;
}

async function opened(port: number, open: Connect, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) sockets.push(await open(port, i % accountCount));
  return sockets;
}

const eventSource: Connect = (port, account) =>
  asked(port, account, '/jmap/events?types=*&closeafter=no&ping=60', [], /connected\n\n/);

const webSocket: Connect = async (port, account) => {
  const fields = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: jmap',
  ];
  const socket = await asked(port, account, '/jmap/ws', fields, /^HTTP\/1\.1 101 [^]*\r\n\r\n/);
  // A masked frame of text, with a mask of zeros (RFC 6455 §5.2).
  const text = Buffer.from('{"@type":"WebSocketPushEnable","dataTypes":null}');
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
  return socket;
};

async function asked(
  port: number,
  account: number,
  path: string,
  fields: readonly string[],
  until: RegExp,
): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const authorization = `Authorization: Basic ${btoa(`${addressOf(account)}:${password}`)}`;
  socket.write([`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', authorization, ...fields, '', ''].join('\r\n'));
  let text = '';
  while (!until.test(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
    if (/^HTTP\/1\.1 [45]/.test(text)) throw new Error(text.slice(0, 500));
  }
  return socket;
}
