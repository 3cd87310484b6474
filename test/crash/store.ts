import { writeAddress } from '#lib/address';
import { openBlobs } from '#host/blobs-fs';
import { localBus } from '#host/bus-local';
import { zstdCompression } from '#host/compression';
import { Files } from '#host/files';
import { openDatabases } from '#host/sqlite';
import { listTexts } from '#lib/imap';
import { MimeIndexer } from '#lib/mime';
import { Accounts } from '#mail/accounts';
import { BlobSweeper, bodyOfBytes } from '#mail/content';
import { LocalDelivery } from '#mail/delivery';
import { EmailSubmissions } from '#mail/email-submissions';
import {
  defaultSettings,
  Queue,
  QueueRunner,
  type DsnSink,
  type PerAccount,
  type Routing,
  type Transmitter,
} from '#mail/queue';
import { sqliteAccountMigrations, sqliteServerMigrations } from '#mail/schema';
import { Suppressions } from '#mail/suppressions';
import { WebhookOutbox } from '#mail/webhook-outbox';
import type { BlobStore } from '#ports/blobs';
import type { Bus } from '#ports/bus';
import type { Database, Databases } from '#ports/database';
import type { FileSystem } from '#ports/file-system';
import type { Random } from '#ports/random';
import type { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { seededRandom } from '#testing/seeded-random';
import { FullDisk } from './full-disk.ts';

/** Dependencies of a store; `system` is the file system under test. */
export interface StoreDeps {
  readonly directory: string;
  readonly system?: FileSystem;
  readonly clock: FakeClock;
  readonly seed: number;
  /** Under the services; never full when left out. */
  readonly disk?: FullDisk;
  /** Stands between the services and each database. */
  readonly wrap?: (db: Database) => Database;
}

/** The services that keep mail, as the server assembles them, without network. */
export interface Store extends AsyncDisposable {
  readonly databases: Databases;
  readonly blobs: BlobStore;
  readonly accounts: Accounts;
  readonly bus: Bus;
  readonly delivery: LocalDelivery;
  readonly queue: Queue;
  readonly suppressions: Suppressions;
  readonly submissions: EmailSubmissions;
  readonly clock: FakeClock;
  readonly sweeper: BlobSweeper;
  readonly log: FakeLog;
  readonly random: Random;
  readonly disk: FullDisk;
  /** Begins delivering the queue; notices go to the submitter's INBOX. */
  startRunner(transmitter: Transmitter): Promise<QueueRunner>;
}

/** Opens all services on a directory, as after a start of the server. */
export async function openStore(deps: StoreDeps): Promise<Store> {
  const { directory, system, clock, seed, disk = new FullDisk(), wrap = same } = deps;
  const log = new FakeLog();
  const bus = localBus({ log });
  const random = fewFolders(seededRandom(seed));
  const files = system === undefined ? new Files() : new Files({ system });
  const loop = new FakeLoop();
  const opened = await openDatabases({
    loop,
    directory,
    files,
    clock,
    log,
    migrations: { server: sqliteServerMigrations, account: sqliteAccountMigrations },
    // Often, so that the power goes during checkpoints, and while unused pages are given back, as well.
    limits: { checkpointBytes: 128 * 1024, writesPerLook: 4, giveBackPages: 2 },
  });
  const databases: Databases = {
    server: wrap(opened.server),
    account: async (id, mustExist) => wrap(await opened.account(id, mustExist)),
    accountIds: () => opened.accountIds(),
    // In a process of its own, which takes longer than all the rest: the verification looks for itself.
    integrity: () => Promise.resolve([]),
    peek: (id, statement) => opened.peek(id, statement),
    drop: (id) => opened.drop(id),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
  const blobs = await openBlobs({ directory: files.join(directory, 'blobs'), files, random });
  const accounts = new Accounts({ databases, blobs, bus, clock, loop, log, compression: zstdCompression, listTexts });
  const delivery = new LocalDelivery({ accounts, blobs, log });
  const settings = {
    ...defaultSettings,
    jitter: 0,
    reportingMta: 'mx.example.org',
    dsnFrom: 'postmaster@mx.example.org',
  };
  const suppressions = new Suppressions({ db: databases.server, clock });
  const submissions = new EmailSubmissions({ db: databases.server, clock, bus });
  const perAccount: PerAccount = {
    suppressions,
    policies: everything,
    outbox: new WebhookOutbox(),
    follower: submissions,
  };
  return {
    databases,
    blobs,
    accounts,
    bus,
    delivery,
    suppressions,
    submissions,
    clock,
    queue: new Queue({ db: databases.server, clock, bus, settings, perAccount }),
    sweeper: new BlobSweeper({ blobs, clock, log }),
    log,
    random,
    disk,
    async startRunner(transmitter) {
      const sink = noticesToInbox(accounts, delivery, clock);
      const delivering: ConstructorParameters<typeof QueueRunner>[0]['delivery'] = { transmitter, routing: allDirect };
      const deps = { db: databases.server, blobs, clock, log, random, bus, sink, settings, perAccount };
      const runner = new QueueRunner({ ...deps, delivery: delivering });
      await runner.start({ isOnly: true });
      return runner;
    },
    async [Symbol.asyncDispose]() {
      accounts[Symbol.dispose]();
      await databases[Symbol.asyncDispose]();
    },
  };
}

/** Accounts want all that the queue can do for them. */
const everything: PerAccount['policies'] = {
  of: () => ({ suppressesRefused: true, tellsWebhooks: true }),
  refresh: async () => undefined,
};

/** Everything goes to the hosts of its domain. */
const allDirect: Routing = {
  table: () => ({ transports: new Map(), accounts: new Map(), domains: new Map(), global: [], keptHere: null }),
  knownAccount: () => null,
  findAccount: () => Promise.resolve(null),
};

/** Blobs go into folders by their first octet: with few of them an image is made in a fraction of the time. */
function fewFolders(random: Random): Random {
  return {
    bytes(count) {
      const bytes = random.bytes(count);
      bytes[0] = (bytes[0] ?? 0) & 1;
      return bytes;
    },
  };
}

function same(db: Database): Database {
  return db;
}

function noticesToInbox(accounts: Accounts, delivery: LocalDelivery, clock: FakeClock): DsnSink {
  return {
    async deliverDsn({ account: id, to, bytes }) {
      const account = (await accounts.list()).find((known) => known.id === id)?.name ?? '';
      const indexer = new MimeIndexer();
      indexer.push(bytes);
      const reception = { remoteIp: null, mailFrom: '', validation: null };
      const message = { body: bodyOfBytes(bytes), index: indexer.finish(), receivedMs: clock.now(), reception };
      const [result] = await delivery.deliver({ ...message, isNotice: true }, [
        { account, address: writeAddress(to), prefix: new Uint8Array(0) },
      ]);
      if (result?.kind !== 'delivered') throw new Error('the notice was not stored');
    },
  };
}
