/** Load process for commands that write: `multiappend`, `select`, `store`, `copy` or `expunge` with a port and numbers; prints lines of JSON. */
import { accountCount } from '../peers/peer.ts';
import { ImapLoadClient } from './imap-client.ts';
import { realMail } from './real-mail.ts';

const [mode = '', portText = '', ...rest] = process.argv.slice(2);
const port = Number(portText);
const modes: Readonly<Record<string, () => Promise<void>>> = {
  multiappend: () => multiAppend(Number(rest[0]), Number(rest[1])),
  select: () => firstSelect(Number(rest[0])),
  store: () => timed(rest[0] ?? '', Number(rest[1])),
  copy: () => copy(Number(rest[0]), Number(rest[1])),
  expunge: () => expunge(Number(rest[0]), Number(rest[1])),
};
await modes[mode]?.();

function print(result: object): void {
  console.log(JSON.stringify(result));
}

/** Real messages of 5.5 KB on average, 50 with each command, for some seconds. */
async function multiAppend(connections: number, seconds: number): Promise<void> {
  const mail = realMail(2000);
  const clients = await Promise.all(
    Array.from({ length: connections }, (_, i) => ImapLoadClient.login(port, i % accountCount)),
  );
  let count = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end) {
        const from = count % (mail.length - 50);
        count += 50;
        await client.append('INBOX', mail.slice(from, from + 50));
      }
    }),
  );
  print({ count, ms: performance.now() - start });
  for (const client of clients) client.close();
}

/** Times the first SELECT of copies of `big`, each in a new connection. */
async function firstSelect(runs: number): Promise<void> {
  const filler = await ImapLoadClient.login(port, 0);
  await filler.command('SELECT big');
  for (let run = 0; run < runs; run += 1) {
    const name = `copy${process.pid}.${run}`;
    await filler.command(`CREATE ${name}`);
    await filler.command(`COPY 1:* ${name}`);
    const client = await ImapLoadClient.login(port, 0);
    const start = performance.now();
    await client.drain(`SELECT ${name}`);
    print({ ms: performance.now() - start });
    client.close();
    await filler.command(`DELETE ${name}`);
  }
  filler.close();
}

/** Times a STORE on `big`: adds what `command` adds and takes it away, in turns. */
async function timed(command: string, runs: number): Promise<void> {
  const client = await ImapLoadClient.login(port, 0);
  await client.command('SELECT big');
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await client.drain(run % 2 === 0 ? command : command.replace('+FLAGS', '-FLAGS'));
    print({ ms: performance.now() - start });
  }
  client.close();
}

/** Times COPY of the first `count` messages of `big`. */
async function copy(count: number, runs: number): Promise<void> {
  const client = await ImapLoadClient.login(port, 0);
  const name = `copies${process.pid}`;
  await client.command(`CREATE ${name}`);
  await client.command('SELECT big');
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await client.drain(`COPY ${1 + run * count}:${(run + 1) * count} ${name}`);
    print({ ms: performance.now() - start });
  }
  await client.command(`DELETE ${name}`);
  client.close();
}

/** Times EXPUNGE of `count` messages that are nowhere else. */
async function expunge(count: number, runs: number): Promise<void> {
  const mail = realMail(1000);
  const client = await ImapLoadClient.login(port, 0);
  const name = `gone${process.pid}`;
  await client.command(`CREATE ${name}`);
  for (let run = 0; run < runs; run += 1) {
    for (let i = 0; i < count; i += 50)
      await client.append(
        name,
        Array.from({ length: 50 }, (_, k) => mail[(i + k) % mail.length] ?? Buffer.alloc(0)),
      );
    await client.command(`SELECT ${name}`);
    await client.drain('STORE 1:* +FLAGS.SILENT (\\Deleted)');
    const start = performance.now();
    await client.drain('EXPUNGE');
    print({ ms: performance.now() - start });
    await client.command('CLOSE');
  }
  await client.command(`DELETE ${name}`);
  client.close();
}
