import { once } from 'node:events';
import { writeFile, mkdir } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as afterThisTurn } from 'node:timers/promises';
import { systemClock } from '#host/clock';
import { Files } from '#host/files';
import type { Clock } from '#ports/clock';
import { startServer, type RunningServer } from '#server/assemble';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { startNameServer } from '../interop/name-server.ts';

/** A client that sends lines and waits for lines. */
export class LineTalk implements Disposable {
  readonly #socket: Socket;
  #received = '';

  private constructor(socket: Socket) {
    this.#socket = socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text;
    });
  }

  /** Connects, and waits for the greeting. */
  static async open(port: number): Promise<LineTalk> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const talk = new LineTalk(socket);
    await talk.#until(/\r\n$/);
    return talk;
  }

  /** Sends text and waits until a line of the answer matches. */
  async say(text: string, answer: RegExp): Promise<string> {
    this.#received = '';
    this.#socket.write(text, 'latin1');
    return await this.#until(answer);
  }

  async #until(answer: RegExp): Promise<string> {
    while (!answer.test(this.#received)) await once(this.#socket, 'data', { signal: AbortSignal.timeout(20_000) });
    return this.#received;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A server in this process with an account `alice`, and a host to which all other mail is relayed. */
export interface FlowWorld extends AsyncDisposable {
  readonly server: RunningServer;
  readonly ports: { readonly smtp: number; readonly imap: number; readonly submission: number };
  /** Resolves when the outcome of one more attempt to relay a message is stored. */
  readonly attempted: () => Promise<void>;
}

/** The machine's clock, on which no watch and no sweep becomes due in the middle of a trace. */
const withoutWatches: Clock = {
  ...systemClock,
  timer: (ms, fn) => (ms < 1000 ? systemClock.timer(ms, fn) : { [Symbol.dispose]: () => undefined }),
};

/** Starts both. */
export async function startFlowWorld(): Promise<FlowWorld> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const host = await startHost();
  undo.defer(() => void host.close());
  const dns = undo.use(
    await startNameServer({
      'example.net': [{ name: 'example.net', type: 'A', data: '127.0.0.1' }],
    }),
  );
  const folder = join(dir.path, 'config');
  await mkdir(folder);
  await writeFile(
    join(folder, 'server.yaml'),
    `hostname: mail.example.org
dataDirectory: ../data
postmaster: alice
dns: { servers: ['127.0.0.1:${dns.port}'] }
limits: { trustedNetworks: ['127.0.0.0/8'] }
listeners:
  plain:
    addresses: [127.0.0.1]
    smtp: { port: 0 }
    imap: { port: 0, allowPlaintextAuth: true }
    submission: { port: 0, allowPlaintextAuth: true }
transports:
  host: { kind: smtp, host: 127.0.0.1, port: ${host.port}, tls: none }
routes:
  - transport: host
`,
  );
  await writeFile(
    join(folder, 'domains.yaml'),
    'domains: { example.org: {} }\naccounts:\n  alice: { addresses: [alice@example.org] }\n',
  );
  const log = new FakeLog();
  const server = undo.use(
    await startServer({
      folder,
      files: new Files(),
      log,
      clock: withoutWatches,
      onFatal: (error) => {
        throw error;
      },
      prepare: ({ credentials }) => credentials.setPassword('alice', password),
    }),
  );
  const port = (service: string): number => server.addresses.find((one) => one.service === service)?.port ?? 0;
  const kept = undo.move();
  return {
    server,
    ports: { smtp: port('smtp'), imap: port('imap'), submission: port('submission') },
    attempted: async () => {
      const count = (): number => log.events.filter(({ event }) => event === 'queue.attempt').length;
      for (const before = count(); count() === before;) await afterThisTurn();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Alice's password. */
export const password = 'correct horse battery staple';

/** A host that takes every message. */
async function startHost() {
  const server = createServer((socket) => {
    socket.setEncoding('latin1').write('220 host.example.net ESMTP\r\n');
    let isContent = false;
    socket.on('data', (text: string) => {
      for (const line of text.split('\r\n')) {
        if (isContent) {
          if (line !== '.') continue;
          isContent = false;
          socket.write('250 taken\r\n');
        } else if (/^EHLO/i.test(line)) socket.write('250-host.example.net\r\n250-PIPELINING\r\n250 8BITMIME\r\n');
        else if (/^DATA/i.test(line)) {
          isContent = true;
          socket.write('354 go on\r\n');
        } else if (line !== '') socket.write('250 ok\r\n');
      }
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
