import type { HostilePorts } from './hostile-server.ts';
import { account } from './hostile-server.ts';
import { dial, LineSocket, logIn } from './line-socket.ts';

/** Round trips of a client that does no harm. */
export class Probe implements AsyncDisposable {
  /** Milliseconds of each. */
  readonly roundTripsMs: number[] = [];
  readonly #end = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** Logs in, then asks again and again, by IMAP and with new SMTP connections, with a rest of `restMs` between. */
  static async start(ports: HostilePorts, restMs: number): Promise<Probe> {
    const probe = new Probe();
    const client = await logIn(ports.imap, account);
    probe.#running = probe.#run(client, ports, restMs);
    return probe;
  }

  async #run(client: LineSocket, ports: HostilePorts, restMs: number): Promise<void> {
    using _client = client;
    for (let n = 0; !this.#end.signal.aborted; n += 1) {
      await this.#time(() => client.ask('p STATUS INBOX (MESSAGES UIDNEXT)\r\n', /^p OK/));
      if (n % 10 === 9) await this.#time(() => greet(ports));
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  }

  async #time(ask: () => Promise<string | null>): Promise<void> {
    const beganMs = performance.now();
    if ((await ask()) === null) throw new Error('a client that does no harm was cut off');
    this.roundTripsMs.push(performance.now() - beganMs);
  }

  /** Ends it. @throws Error when it was not served. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
  }
}

/** A round trip of a new SMTP client: connection, banner and EHLO count as one. */
async function greet(ports: HostilePorts): Promise<string | null> {
  const socket = await dial(ports.smtp);
  if (socket === null) return null;
  using client = new LineSocket(socket);
  return await client.ask('EHLO localhost\r\n', /^250 /);
}

/** The value below which the given share of ascending values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
