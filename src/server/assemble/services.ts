import { openBlobs, type FolderBlobs } from '#host/blobs-fs';
import { localBus } from '#host/bus-local';
import { zstdCompression } from '#host/compression';
import { systemClock } from '#host/clock';
import { openReserve, type DiskReserve } from '#host/disk-reserve';
import { systemLoop } from '#host/event-loop';
import { dataDirectoryProblem, errorCode, FolderGuard, makePrivate, type Files } from '#host/files';
import { systemRandom } from '#host/random';
import { openDatabases, type ShrinkableDatabases } from '#host/sqlite';
import { FileSearchIndexes } from '#host/search-index';
import { threadedSlowHash } from '#host/workers';
import { listTexts } from '#lib/imap';
import { AccountNames, Accounts, type AccountsDeps } from '#mail/accounts';
import { parseAddress, type Address } from '#lib/address';
import { AppPasswords, CredentialChecker, Credentials, WebSessions, type LoginDirectory } from '#mail/auth';
import { BlobSweeper, ContentMemory, contentLimits } from '#mail/content';
import type { ServerConfig } from '#mail/config';
import type { Signing } from '#mail/dkim';
import { LocalDelivery } from '#mail/delivery';
import { EmailSubmissions } from '#mail/email-submissions';
import { Feedback } from '#mail/feedback';
import { HoldRules, Queue, defaultSettings, type PerAccount, type QueueSettings, type Routing } from '#mail/queue';
import { sqliteAccountMigrations, sqliteServerMigrations } from '#mail/schema';
import { refusalLimits, Refusals } from '#mail/story';
import { Suppressions } from '#mail/suppressions';
import { WebhookOutbox } from '#mail/webhook-outbox';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { SlowHash } from '#ports/slow-hash';
import { conditionAwareLog, ConditionLog } from '#server/conditions';
import { Configuration, configuredPath, type ConfigurationDeps } from '#server/configuration';
import { ConfiguredPolicies } from '#server/account-policies';
import { DkimKeys } from '#server/dkim';
import { ConfiguredRouting } from '#server/routing';
import type { OutsideView } from '#server/operations';
import { developmentParts } from './development-parts.ts';
import type { Parts } from './parts.ts';
import { productionParts } from './production-parts.ts';

/** Arguments of `openServices`. */
export interface ServicesDeps {
  /** The folder with `server.yaml` and `domains.yaml`. */
  readonly folder: string;
  readonly files: Files;
  readonly log: Log;
  /** Data can no longer be made durable: the process must end. */
  readonly onFatal: (error: Error) => void;
  readonly clock?: Clock;
  /** Opens the rest when the server's own database cannot be opened: for the check. */
  readonly toleratesDamage?: boolean;
}

/** Everything that works on stored data; the network is not part of it. */
export interface Services extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly databases: ShrinkableDatabases;
  readonly blobs: FolderBlobs;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly accounts: Accounts;
  /** Sets secrets. */
  readonly credentials: Credentials;
  /** Passwords of single programs. */
  readonly appPasswords: AppPasswords;
  /** Sessions of pages. */
  readonly webSessions: WebSessions;
  /** Checks secrets. */
  readonly checker: CredentialChecker;
  readonly delivery: LocalDelivery;
  readonly queue: Queue;
  readonly queueSettings: QueueSettings;
  readonly holdRules: HoldRules;
  /** Policies of accounts for the queue. */
  readonly perAccount: PerAccount;
  /** Submissions as JMAP shows them. */
  readonly submissions: EmailSubmissions;
  readonly routing: Routing;
  readonly blobSweeper: BlobSweeper;
  readonly refusals: Refusals;
  readonly suppressions: Suppressions;
  /** Processing of notices about sent mail. */
  readonly feedback: Feedback;
  /** Has no keys before it was started. */
  readonly dkim: DkimKeys;
  readonly signing: Signing;
  readonly conditions: ConditionLog;
  /** Space kept back on the disk with the data. */
  readonly reserve: DiskReserve;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly loop: EventLoop;
  readonly random: Random;
  readonly files: Files;
  readonly log: Log;
  readonly dataDirectory: string;
  /** The parts in which servers differ by their purpose. */
  readonly parts: Parts;
  /** Opens a look at ourselves as others see us. */
  readonly lookOutside: () => OutsideView;
}

/** The configuration in force, before anything that it names is touched. */
export interface OpenedConfiguration {
  readonly configuration: Configuration;
  readonly bus: Bus;
  readonly dataDirectory: string;
}

/**
 * Reads the configuration and makes the data directory. @throws ConfigError.
 * @param work  Does what takes long with its text. Default: as `Configuration`.
 */
export async function openConfiguration(
  deps: ServicesDeps,
  work?: ConfigurationDeps['work'],
): Promise<OpenedConfiguration> {
  const { folder, files, log, clock = systemClock } = deps;
  const bus = localBus({ log });
  const configuration = await Configuration.open({
    folder,
    files,
    clock,
    bus,
    loop: systemLoop,
    log,
    ...(work !== undefined && { work }),
  });
  const dataDirectory = configuredPath(files, folder, configuration.config.server.dataDirectory);
  await ensureDataDirectory(configuration, files, dataDirectory);
  requirePrivate(dataDirectory, log);
  return { configuration, bus, dataDirectory };
}

/** Makes the data directory where it does not exist. @throws ConfigError when it is something else, before anything is changed. */
async function ensureDataDirectory(configuration: Configuration, files: Files, path: string): Promise<void> {
  const fix = 'Name a folder that is empty, that Godwit made, or that does not exist yet';
  const problem = dataDirectoryProblem(path);
  if (problem !== null) throw configuration.serverProblem(['dataDirectory'], problem, fix);
  try {
    await files.ensureDirectory(path);
  } catch (error) {
    throw configuration.serverProblem(
      ['dataDirectory'],
      `${path} cannot be made (${errorCode(error) ?? String(error)})`,
      fix,
    );
  }
}

/** Takes the rights of others on the data directory away. @throws Error when that is not possible. */
function requirePrivate(directory: string, log: Log): void {
  try {
    if (makePrivate(directory)) log.warn('data.madePrivate', { directory });
  } catch (cause) {
    // Data that cannot be written can still be read by its users.
    if (errorCode(cause) === 'EROFS') return log.warn('data.notPrivate', { directory });
    const fix = `run "chmod 700 ${directory}" as its owner`;
    throw new Error(`other users may read ${directory}, and the server cannot change that; ${fix}`, { cause });
  }
}

/**
 * Opens the data. The caller holds the control socket, so no other process works on it.
 * @throws ConfigError, NewerSchema, or the system's errors.
 */
export async function openServices(deps: ServicesDeps, opened?: OpenedConfiguration): Promise<Services> {
  const { files, clock = systemClock } = deps;
  const { configuration, bus, dataDirectory } = opened ?? (await openConfiguration(deps));
  const conditions = new ConditionLog({ clock, log: deps.log });
  const log = conditionAwareLog(deps.log, conditions);
  const { server } = configuration.config;
  const parts = server.localserve ? developmentParts(productionParts) : productionParts;
  const random = systemRandom;
  const loop = systemLoop;
  const { reserve, databases, blobs, guard } = await openStore(
    { ...deps, clock, log },
    { dataDirectory, reserveBytes: server.disk.reserve, random, loop, conditions },
  );
  const hash = threadedSlowHash(conditions);
  const dkim = new DkimKeys({ configuration, files, bus, clock, log });
  const refusals = new Refusals({ db: databases.server, clock, log, limits: refusalLimits });
  const stored = { databases, blobs, bus, clock, loop, log };
  const indexFolder = server.search.index ? files.join(dataDirectory, 'accounts') : null;
  const { accounts, searchIndexes } = makeAccounts(stored, { indexFolder, files, conditions });
  return {
    configuration,
    databases,
    blobs,
    contentMemory: new ContentMemory(contentLimits.sharedBytes),
    accounts,
    ...loginServices(databases.server, { configuration, bus, clock, random, hash, conditions, log }),
    delivery: new LocalDelivery({ accounts, blobs, log }),
    ...queueServices(databases.server, { configuration, accounts, bus, clock, log, parts }),
    blobSweeper: new BlobSweeper({ blobs, clock, log }),
    refusals,
    dkim,
    signing: parts.signing(dkim),
    conditions,
    reserve,
    bus,
    clock,
    loop,
    random,
    files,
    log,
    dataDirectory,
    parts,
    lookOutside: () => parts.outsideView({ dns: server.dns, clock, random, log }),
    async [Symbol.asyncDispose]() {
      configuration[Symbol.dispose]();
      dkim[Symbol.dispose]();
      accounts[Symbol.dispose]();
      await searchIndexes?.[Symbol.asyncDispose]();
      await refusals[Symbol.asyncDispose]();
      await databases[Symbol.asyncDispose]();
      await guard[Symbol.asyncDispose]();
      await hash[Symbol.asyncDispose]();
      conditions[Symbol.dispose]();
    },
  };
}

/** Opens what holds data: the databases, the blobs, and the space that is kept back for both. */
async function openStore(
  { files, log, clock, onFatal, toleratesDamage = false }: ServicesDeps & { readonly clock: Clock },
  {
    dataDirectory: directory,
    reserveBytes: sizeBytes,
    random,
    loop,
    conditions,
  }: {
    readonly dataDirectory: string;
    readonly reserveBytes: number;
    readonly random: Random;
    readonly loop: EventLoop;
    readonly conditions: ConditionLog;
  },
) {
  const reserve = await openReserve({ directory, sizeBytes, files, conditions });
  const databases = await openDatabases({
    directory,
    files,
    log,
    clock,
    loop,
    migrations: { server: sqliteServerMigrations, account: sqliteAccountMigrations },
    reserve,
    conditions,
    onFatal,
    toleratesDamage,
  });
  const blobDirectory = files.join(directory, 'blobs');
  const guard = await FolderGuard.open(files, blobDirectory);
  const blobs = await openBlobs({ directory: blobDirectory, files, random, reserve, conditions, guard });
  return { reserve, databases, blobs, guard };
}

/** Makes the accounts, and their indexes of words: null without a folder for them. */
function makeAccounts(
  stored: Omit<AccountsDeps, 'compression' | 'listTexts' | 'searchIndexes'>,
  {
    indexFolder,
    files,
    conditions,
  }: { readonly indexFolder: string | null; readonly files: Files; readonly conditions: ConditionLog },
) {
  const searchIndexes =
    indexFolder === null
      ? null
      : new FileSearchIndexes({
          pathOf: (id) => files.join(indexFolder, String(id), 'search.db'),
          clock: stored.clock,
          conditions,
        });
  const indexes = searchIndexes === null ? {} : { searchIndexes };
  return { accounts: new Accounts({ ...stored, compression: zstdCompression, listTexts, ...indexes }), searchIndexes };
}

/** Makes the queue, and what decides on and follows its messages. */
function queueServices(
  db: Database,
  {
    configuration,
    accounts,
    bus,
    clock,
    log,
    parts,
  }: {
    readonly configuration: Configuration;
    readonly accounts: Accounts;
    readonly bus: Bus;
    readonly clock: Clock;
    readonly log: Log;
    readonly parts: Parts;
  },
) {
  const names = new AccountNames({ accounts });
  const routing = parts.routing(new ConfiguredRouting({ configuration, names }));
  const queueSettings = queueSettingsOf(configuration.config.server);
  const suppressions = new Suppressions({ db, clock });
  const policies = new ConfiguredPolicies({ configuration, names });
  const submissions = new EmailSubmissions({ db, clock, bus });
  const perAccount: PerAccount = { suppressions, policies, outbox: new WebhookOutbox(), follower: submissions };
  return {
    queue: new Queue({ db, clock, bus, settings: queueSettings, routing, perAccount }),
    holdRules: new HoldRules({ db, clock }),
    feedback: new Feedback({ db, clock, log, perAccount }),
    perAccount,
    submissions,
    suppressions,
    routing,
    queueSettings,
  };
}

/** Makes what sets and checks secrets. */
function loginServices(
  db: Database,
  {
    configuration,
    ...deps
  }: {
    readonly configuration: Configuration;
    readonly bus: Bus;
    readonly clock: Clock;
    readonly random: Random;
    readonly hash: SlowHash;
    readonly conditions: ConditionLog;
    readonly log: Log;
  },
) {
  return {
    credentials: new Credentials({ db, ...deps }),
    appPasswords: new AppPasswords({ db, ...deps }),
    webSessions: new WebSessions({ db, ...deps }),
    checker: new CredentialChecker({ db, directory: loginsOf(configuration), ...deps }),
  };
}

function queueSettingsOf({ queue }: ServerConfig): QueueSettings {
  return {
    ...defaultSettings,
    retryAfterMs: queue.retryAfter,
    maxAgeMs: queue.maxAge,
    tellDelayAfterMs: queue.tellDelayAfter,
    keepFinishedMs: queue.keepFinished,
    concurrency: queue.concurrency,
    concurrencyPerDestination: queue.concurrencyPerDestination,
  };
}

/** Gives every configured account its mailboxes; accounts that left the configuration keep their mail. Trouble with one does not stop the others. */
export async function createConfiguredAccounts({ configuration, accounts, log }: Services): Promise<void> {
  await accounts.findMissing();
  const existing = new Set((await accounts.list()).map(({ name }) => name));
  for (const name of Object.keys(configuration.config.domains.accounts)) {
    if (existing.has(name)) continue;
    try {
      // Another process may have made it meanwhile.
      if ((await accounts.open(name)) !== null) continue;
      await accounts.create(name);
      log.info('account.created', { account: name });
    } catch (error) {
      log.error('account.createFailed', { account: name }, error);
    }
  }
}

/** Login names by the configuration in force at the time. */
function loginsOf(configuration: Configuration): LoginDirectory {
  const parse = (text: string): Address | null => {
    const address = parseAddress(text, { smtputf8: true });
    return address.ok ? address.value : null;
  };
  return { accountOf: (login) => configuration.directory.loginAccount(login, parse) };
}
