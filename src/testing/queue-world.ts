import { localBus } from '#host/bus-local';
import {
  defaultSettings,
  Queue,
  QueueRunner,
  QueueSweeper,
  type DeliveryOutcome,
  type DsnSink,
  type NewMessage,
  type NewRecipient,
  type OutgoingPolicy,
  type PerAccount,
  type QueueSettings,
  type Routing,
  type Transmission,
  type Transmitter,
} from '#mail/queue';
import { writeAddress } from '#lib/address';
import { EmailSubmissions } from '#mail/email-submissions';
import { type QueueId } from '#lib/ids';
import type { RoutingTable } from '#mail/routes';
import { Suppressions } from '#mail/suppressions';
import { WebhookOutbox } from '#mail/webhook-outbox';
import type { Bus } from '#ports/bus';
import type { Database } from '#ports/database';
import type { Random } from '#ports/random';
import { addressOf } from './address.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeLog } from './fake-log.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { seededRandom } from './seeded-random.ts';
import { serverDatabase } from './store-databases.ts';

/** Parts of a message to queue, with addresses as a test writes them down; an empty sender is the null reverse-path. */
export type TestMessage = Partial<Omit<NewMessage, 'sender' | 'recipients'>> & {
  readonly sender?: string;
  readonly recipients?: readonly (Omit<NewRecipient, 'address'> & { readonly address: string })[];
};

/** A remote world for the queue: answers transmissions, keeps notices, may fail or be killed at any point. */
export class QueueWorld implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly db = serverDatabase();
  readonly blobs = new MemoryBlobs(this);
  /** Notices by id as they were given, repeated ones as often. */
  readonly notices: { readonly id: string; readonly to: string; readonly text: string }[] = [];
  readonly transmissions: Transmission[] = [];
  /** Answers one recipient of one transmission. */
  answer: (address: string, transmission: Transmission) => Promise<DeliveryOutcome>;
  /** Routes in force; none at first. */
  table: RoutingTable = {
    transports: new Map(),
    accounts: new Map(),
    domains: new Map(),
    global: [],
    keptHere: null,
  };
  /** Names of accounts by id. */
  readonly accountNames = new Map<number, string>();
  /** Called before each notice is stored. */
  onNotice: () => void = () => undefined;
  /** Gets each notice as well; null for none. */
  passNotice: DsnSink['deliverDsn'] | null = null;
  /** Policy of every account. */
  policy: OutgoingPolicy = { suppressesRefused: true, tellsWebhooks: false };
  readonly suppressions = new Suppressions({ db: this.db, clock: this.clock });
  readonly submissions = new EmailSubmissions({ db: this.db, clock: this.clock, bus: this.#hints() });
  readonly settings: QueueSettings;
  readonly queue: Queue;
  #runner: QueueRunner;
  #hasExpress = true;
  readonly #outbox = new WebhookOutbox();
  readonly #random: Random;
  /** The bus of the running process; a crash leaves its subscribers behind. */
  #bus = localBus({ log: this.log });

  constructor(settings: Partial<QueueSettings> = {}, seed = 1) {
    this.settings = { ...defaultSettings, jitter: 0, ...settings };
    this.#random = seededRandom(seed);
    this.answer = async () => delivered;
    this.queue = new Queue({
      db: this.db,
      clock: this.clock,
      bus: this.#hints(),
      settings: this.settings,
      routing: this.routing(),
      perAccount: this.#perAccount(),
    });
    this.#runner = this.runnerOver(this.db);
  }

  /** Begins (or, after a crash, resumes) delivery; without `hasExpress` every message waits to be found among the rows. */
  async start({ hasExpress = this.#hasExpress }: { readonly hasExpress?: boolean } = {}): Promise<void> {
    await this.#runner.start({ isOnly: true });
    this.#hasExpress = hasExpress;
    if (hasExpress) this.queue.useExpress(this.#runner);
    await this.clock.advance(0);
  }

  /** Forgets the running process without letting it finish anything, and starts another one on the same rows. */
  async crash(): Promise<void> {
    this.#bus = localBus({ log: this.log });
    const old = this.#runner;
    this.#runner = this.runnerOver(this.db);
    void old.stop();
    await this.clock.advance(0);
    await this.start();
  }

  /** Puts other routes in force. */
  async reroute(table: RoutingTable): Promise<void> {
    this.table = table;
    this.#bus.publish('config');
    await this.clock.advance(0);
  }

  /** Stops delivery in good order. */
  async stop(): Promise<void> {
    await this.#runner.stop();
  }

  sweeper(): QueueSweeper {
    return new QueueSweeper({
      db: this.db,
      blobs: this.blobs,
      clock: this.clock,
      log: this.log,
      settings: this.settings,
      follower: this.submissions,
    });
  }

  /** Queues a small message. */
  async send(addresses: readonly string[], message: TestMessage = {}): Promise<QueueId> {
    const { sender = 's@example.org', recipients = addresses.map((address) => ({ address })), ...more } = message;
    const body = 'From: <s@example.org>\r\nMessage-ID: <m@example.org>\r\n\r\nhello\r\n';
    const id = await this.queue.enqueue({
      account: null,
      sender: sender === '' ? null : addressOf(sender),
      recipients: recipients.map((recipient) => ({ ...recipient, address: addressOf(recipient.address) })),
      prefix: new TextEncoder().encode('X-Prefix: yes\r\n'),
      body: { kind: 'inline', bytes: new TextEncoder().encode(body) },
      has8bit: false,
      smtputf8: false,
      messageId: '<m@example.org>',
      ...more,
    });
    await this.clock.advance(0);
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner.stop();
    await this.db[Symbol.asyncDispose]();
  }

  /** A runner of its own over a database, which is to lead to the rows of this world. */
  runnerOver(
    db: Database,
    transmitter: Transmitter = { transmit: (transmission) => this.transmit(transmission) },
  ): QueueRunner {
    const sink: DsnSink = {
      deliverDsn: async (dsn) => {
        const { id, to, bytes } = dsn;
        this.onNotice();
        await this.passNotice?.(dsn);
        this.notices.push({ id, to: writeAddress(to), text: new TextDecoder().decode(bytes) });
      },
    };
    return new QueueRunner({
      db,
      blobs: this.blobs,
      clock: this.clock,
      log: this.log,
      random: this.#random,
      bus: this.#hints(),
      sink,
      delivery: {
        transmitter,
        routing: this.routing(),
      },
      perAccount: this.#perAccount(),
      settings: { ...this.settings, reportingMta: 'mail.example.org', dsnFrom: 'postmaster@mail.example.org' },
    });
  }

  #perAccount(): PerAccount {
    const policies = { of: () => this.policy, refresh: () => Promise.resolve() };
    return { suppressions: this.suppressions, policies, outbox: this.#outbox, follower: this.submissions };
  }

  /** Carries a message to this world. */
  async transmit(transmission: Transmission): Promise<DeliveryOutcome[]> {
    this.transmissions.push(transmission);
    const outcomes: DeliveryOutcome[] = [];
    for (const { address } of transmission.recipients)
      outcomes.push(await this.answer(writeAddress(address), transmission));
    return outcomes;
  }

  /** The routes as the queue asks them. */
  routing(): Routing {
    const { accountNames } = this;
    return {
      table: () => this.table,
      knownAccount: (id) => accountNames.get(id) ?? null,
      findAccount: (id) => Promise.resolve(accountNames.get(id) ?? null),
    };
  }

  /** Hints of whichever process runs. */
  #hints(): Bus {
    return {
      publish: (topic) => this.#bus.publish(topic),
      subscribe: (topic, onHint) => this.#bus.subscribe(topic, onHint),
      onLost: (fn) => this.#bus.onLost(fn),
    };
  }
}

const remote = { name: 'mx.example.net', ip: '192.0.2.1' };

/** The remote host took the message. */
export const delivered: DeliveryOutcome = {
  kind: 'delivered',
  reply: { code: 250, enhanced: '2.0.0', text: 'taken' },
  remote,
  final: false,
  dsnPassedOn: false,
};

/** The remote host refuses for now. */
export const deferred: DeliveryOutcome = {
  kind: 'deferred',
  reason: 'try later',
  reply: { code: 451, enhanced: '4.3.0', text: 'try later' },
  remote,
};

/** The remote host refuses for good, with a reply of two lines. */
export const refused: DeliveryOutcome = {
  kind: 'refused',
  reason: 'no such user',
  reply: { code: 550, enhanced: '5.1.1', text: 'no such user\nask postmaster' },
  status: '5.1.1',
  remote,
};
