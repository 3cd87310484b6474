import { postmasterAt, writeAddress } from '#lib/address';
import { listenControl, controlEndpoint, type ControlServer } from '#host/control';
import { systemResolver } from '#host/dns';
import { returnMemory } from '#host/process';
import { PushSubscriptions } from '#mail/push-subscriptions';
import { QueueRunner, type Transmitter } from '#mail/queue';
import { probeDescriptors } from '#host/conditions';
import { AccountFiles, DataWatch, DescriptorWatch, DiskWatch } from '#server/conditions';
import { Operations, type RunningParts, type ServerFacts } from '#server/operations';
import { ConditionError } from '#ports/conditions';
import { DsnDelivery, DsnMailer } from '#server/dsn';
import { Certificates } from './certificates.ts';
import { configurationThread } from './configuration-thread.ts';
import { Control } from './control.ts';
import { drainPorts, openListeners } from './listeners.ts';
import { OutgoingTls } from './outgoing-tls.ts';
import {
  createConfiguredAccounts,
  openConfiguration,
  openServices,
  type OpenedConfiguration,
  type Services,
  type ServicesDeps,
} from './services.ts';
import { makeShared, type Shared } from './shared.ts';
import type { MovedPort } from './spare-ports.ts';
import { Sweeps } from './sweeps.ts';
import { makeTransmitter } from './transmitter.ts';

/** A port that the server listens on. */
export interface ServerAddress {
  /** Name of the service, such as `imaps`. */
  readonly service: string;
  readonly address: string;
  readonly port: number;
  /** Present when another program has the configured port. */
  readonly moved?: MovedPort;
}

/** A server at work; disposing it drains and stops it. */
export interface RunningServer extends AsyncDisposable {
  readonly addresses: readonly ServerAddress[];
  readonly services: Services;
  /** Resolves when a command asked the server to stop. */
  readonly stopRequested: Promise<void>;
  /** Reads `domains.yaml`, the certificates and the DKIM keys again. @returns what is wrong with them, a line each; it is logged as well. */
  readonly reload: () => Promise<string[]>;
}

/** Longest time in ms for open sessions to finish. */
const drainMs = 10_000;

/** Arguments of `startServer`. */
export interface StartServerDeps extends ServicesDeps {
  /** Does what must be done before the first client comes: called when all accounts are there, before any port is open. */
  readonly prepare?: (services: Services) => Promise<void>;
}

/** Starts a server from its configuration folder: a port is opened only when everything behind it can serve. @throws ConfigError, also when a port cannot be had, or DataDirectoryBusy. */
export async function startServer(deps: StartServerDeps): Promise<RunningServer> {
  await using undo = new AsyncDisposableStack();
  const opened = await openConfiguration(deps, configurationThread());
  const control = new Control();
  // The lock comes before the data, and goes after it.
  const socket = undo.use(
    await listenControl(controlEndpoint(opened.dataDirectory), (command, args) => control.run(command, args), deps.log),
  );
  try {
    const server = undo.use(await startParts(deps, opened, control, socket));
    control.started(null);
    const kept = undo.move();
    return { ...server, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  } catch (error) {
    control.started(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Starts everything behind the control socket. */
async function startParts(
  deps: StartServerDeps,
  opened: OpenedConfiguration,
  control: Control,
  socket: ControlServer,
): Promise<RunningServer> {
  await using undo = new AsyncDisposableStack();
  let facts: (() => ServerFacts) | null = null;
  const services = undo.use(await openServices(deps, opened));
  const { configuration, dkim, log, clock } = services;
  let sweeps: Sweeps | null = null;
  const disk = undo.use(
    new DiskWatch({
      reserve: services.reserve,
      warnBelowBytes: configuration.config.server.disk.warnBelow,
      giveBack: () => sweeps?.relieve() ?? Promise.resolve(),
      clock,
      log,
    }),
  );
  await disk.start();
  undo.use(new DescriptorWatch({ probe: probeDescriptors, conditions: services.conditions, clock }));
  undo.use(watchData(services, socket));
  await dkim.start();
  const certificates = undo.use(new Certificates(services));
  let runner: QueueRunner | null = null;
  const resume = (transport: string | null, why: string): readonly string[] =>
    runner?.resumeTransport(transport, why) ?? [];
  const reload = async (): Promise<string[]> => {
    const parts = [await configuration.reload(), await certificates.reload(), await dkim.reload()];
    resume(null, 'the configuration was read again');
    return parts.flat();
  };
  const resumeTransport = (transport: string | null): readonly string[] => resume(transport, 'an operator said so');
  const running: RunningParts = { facts: () => facts?.() ?? null, resumeTransport, reload };
  control.operations = new Operations({ ...services, running });
  await services.accounts.finishRemovals();
  await createConfiguredAccounts(services);
  await deps.prepare?.(services);
  undo.use(
    services.bus.subscribe('config', () => {
      createConfiguredAccounts(services).catch((error: unknown) => log.error('account.createFailed', {}, error));
    }),
  );
  const resolver = undo.use(
    systemResolver({ ...configuration.config.server.dns, clock, log, random: services.random }),
  );
  const shared = undo.use(makeShared(services, resolver));
  const listening = await openListeners(services, shared, certificates);
  await resumePush(services, shared);
  undo.defer(() => drainPorts(listening, { clock, log, drainMs }));
  const { policies: tlsPolicies } = undo.use(new OutgoingTls(services, resolver));
  const network = undo.use(makeTransmitter(services, { listening, resolver, tlsPolicies }));
  const queueRunner = makeRunner(services, services.parts.transmitter(network));
  runner = queueRunner;
  await queueRunner.start({ isOnly: true });
  services.queue.useExpress(queueRunner);
  undo.defer(() => {
    services.queue.useExpress(null);
    return queueRunner.stop();
  });
  sweeps = undo.use(new Sweeps(services));
  undo.use(returnMemory(clock));
  configuration.watch();
  certificates.watch();
  undo.use(findForeignAccounts(services));
  const addresses = listening.map(({ service, listener: { address, port }, moved }) => ({
    service,
    address,
    port,
    ...(moved !== null && { moved }),
  }));
  const startedMs = clock.now();
  facts = () => ({
    addresses,
    startedMs,
    certificates: certificates.facts,
    disk: disk.facts,
    conditions: services.conditions.facts,
    pausedTransports: queueRunner.pauses,
    lockouts: shared.admission.lockouts,
    dkimProblems: dkim.problems,
  });
  const kept = undo.move();
  return {
    addresses,
    services,
    stopRequested: control.stopRequested,
    reload,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Takes up push subscriptions, where there are any: otherwise JMAP is loaded by the first client that speaks it. */
async function resumePush({ databases, log }: Services, shared: Shared): Promise<void> {
  try {
    if (await new PushSubscriptions(databases.server).hasVerified()) await shared.jmap();
  } catch (error) {
    log.error('push.notStarted', {}, error);
  }
}

/** Finds accounts with the data of others, in the background until disposed. */
function findForeignAccounts({ accounts, log }: Services): AsyncDisposable {
  const ending = new AbortController();
  const finding = accounts
    .findForeign(ending.signal)
    .catch((error: unknown) => log.error('account.checkFailed', {}, error));
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await finding;
    },
  };
}

/** Notices data that is removed or replaced under the running server, and makes again what can be made again. */
function watchData(services: Services, socket: ControlServer): DataWatch {
  const { accounts, databases, blobs, dataDirectory, files, conditions, clock, log } = services;
  const accountFiles = new AccountFiles({
    accountsAfter: (id, limit) => accounts.boundAfter(id, limit),
    missingFile: (id) => databases.missingFile(id),
    conditions,
  });
  const restoreSocket = async (): Promise<readonly string[]> => {
    const path = await socket.restore();
    if (path === null) return [];
    conditions.note(new ConditionError('fileRemoved', path));
    return [path];
  };
  const isThere = async (folder: string): Promise<boolean> => (await files.facts(folder)) !== null;
  const accountsFolder = files.join(dataDirectory, 'accounts');
  const lookAtAccounts = async (): Promise<readonly string[]> => {
    // Without the folder around them they are not so many troubles.
    if (await isThere(accountsFolder)) await accountFiles.look();
    return [];
  };
  return new DataWatch({
    lookAtFiles: () => databases.lookAtFiles(),
    folders: [dataDirectory, accountsFolder],
    isThere,
    looks: [restoreSocket, () => blobs.restoreFolders(), lookAtAccounts],
    conditions,
    clock,
    log,
  });
}

function makeRunner(services: Services, transmitter: Transmitter): QueueRunner {
  const {
    databases,
    blobs,
    clock,
    log,
    random,
    bus,
    queueSettings,
    configuration,
    accounts,
    delivery,
    routing,
    perAccount,
  } = services;
  const { hostname } = configuration.config.server;
  const from = postmasterAt(hostname);
  const mailer = new DsnMailer({ queue: services.queue, blobs, signing: services.signing, clock, log, from });
  return new QueueRunner({
    db: databases.server,
    blobs,
    clock,
    log,
    random,
    bus,
    settings: { ...queueSettings, reportingMta: hostname, dsnFrom: writeAddress(from) },
    sink: new DsnDelivery({ accounts, delivery, mailer, configuration, clock, log }),
    delivery: { transmitter, routing },
    perAccount,
  });
}
