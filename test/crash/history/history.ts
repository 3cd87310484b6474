import { seededNumbers } from '#testing/seeded-random';
import { Disconnected, LineClient } from '../line-client.ts';
import { checkFolder, setUp, startServerProcess, type ServerProcess } from '../server-process.ts';
import { Observer } from './observer.ts';
import { ImapSession, JmapSession } from './sessions.ts';
import { deliver, sharedStep } from './shared-load.ts';
import { differences, imapView } from './views.ts';
import { Writer, type Below, type Sessions } from './writer.ts';

/** Arguments of `runHistory`. */
interface HistoryArgs {
  readonly folder: string;
  readonly seed: number;
  /** Every round but the last ends with SIGKILL. */
  readonly rounds: number;
  /** Acknowledged commands of a round, about. */
  readonly commands: number;
}

/** Clients of three protocols at work on one account, through kills of its server. */
class History {
  readonly #below: Below;
  readonly #writers: readonly Writer[];
  readonly #observer = new Observer();
  /** Deliveries that were answered with 250. */
  readonly #delivered = new Set<string>();
  #sent = 0;
  #count = 0;
  #goal = Infinity;
  #reached: () => void = () => undefined;

  constructor(seed: number) {
    const next = seededNumbers(seed);
    this.#below = (count) => Math.floor(next() * count);
    this.#writers = ['w1', 'w2'].map((name) => new Writer(name, this.#below, () => this.#acknowledged()));
  }

  /** Works until so many commands were acknowledged; then the server is killed, or the clients end what they are at. */
  async round(server: ServerProcess, commands: number, isKilled: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = new AbortController();
    this.#count = 0;
    this.#goal = commands;
    this.#reached = resolve;
    const turns = (step: (sessions: Sessions) => Promise<void>): Promise<void> =>
      untilLost(server, async (sessions) => {
        while (!over.signal.aborted) await step(sessions);
      });
    const work = [
      ...this.#writers.map((writer) => turns((sessions) => writer.step(sessions))),
      ...[1, 2].map(() => turns((sessions) => sharedStep(sessions, this.#below, `s${this.#next()}x`))),
      turns(({ jmap }) => this.#observer.follow(jmap)),
      this.#deliveries(server, over.signal),
    ];
    const all = Promise.all(work);
    try {
      await Promise.race([promise, all]);
    } finally {
      // In a round with a kill the clients go on until it comes.
      if (isKilled) await server.kill();
      over.abort();
    }
    await all;
  }

  /** Reads everything once, before the first round. */
  async start(server: ServerProcess): Promise<void> {
    await this.#observer.start(await JmapSession.open(server.httpPort));
  }

  /** Compares while nothing changes. @returns what is wrong. */
  async compare(server: ServerProcess): Promise<string[]> {
    using imap = await ImapSession.open(server.imapPort);
    const jmap = await JmapSession.open(server.httpPort);
    await this.#observer.follow(jmap);
    const view = await imapView(imap);
    const lost = [...this.#delivered].filter((number) => view.places.get(number)?.length !== 1);
    return [
      ...lost.map((number) => `delivery ${number} is not there once`),
      ...this.#writers.flatMap((writer) => writer.settle(view)),
      ...(await differences(view, jmap)),
      ...(await this.#observer.compare(jmap)),
      ...this.#observer.problems,
    ];
  }

  async #deliveries({ smtpPort }: ServerProcess, over: AbortSignal): Promise<void> {
    using client = await LineClient.connect(smtpPort);
    await ignoreLost(async () => {
      await client.line();
      client.send('EHLO client.example.org\r\n');
      while ((await client.line()).startsWith('250-'));
      while (!over.aborted) {
        const number = `d${this.#next()}x`;
        const answer = await deliver(client, number);
        if (!answer.startsWith('250')) throw new Error(answer);
        this.#delivered.add(number);
        this.#acknowledged();
      }
    });
  }

  #next(): number {
    this.#sent += 1;
    return this.#sent;
  }

  #acknowledged(): void {
    this.#count += 1;
    if (this.#count >= this.#goal) this.#reached();
  }
}

/** Runs one history. @returns what is wrong, with the round in which it was found. */
export async function runHistory({ folder, seed, rounds, commands }: HistoryArgs): Promise<string[]> {
  await setUp(folder);
  const history = new History(seed);
  let server = await startServerProcess(folder);
  try {
    await history.start(server);
    for (let round = 1; round <= rounds; round += 1) {
      const isKilled = round < rounds;
      await history.round(server, commands, isKilled);
      const damages = isKilled ? await checkFolder(folder) : [];
      if (isKilled) server = await startServerProcess(folder);
      const problems = [...damages.map(({ text }) => text), ...(await history.compare(server))];
      if (problems.length > 0) return problems.map((problem) => `seed ${seed}, round ${round}: ${problem}`);
    }
    return [];
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
  } finally {
    await server.kill();
  }
}

/** Works with sessions of both protocols until the connection is lost. */
async function untilLost(server: ServerProcess, work: (sessions: Sessions) => Promise<void>): Promise<void> {
  await ignoreLost(async () => {
    using imap = await ImapSession.open(server.imapPort);
    await work({ imap, jmap: await JmapSession.open(server.httpPort) });
  });
}

async function ignoreLost(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Disconnected)) throw error;
  }
}
