import { errorCode } from '#host/files';
import { listen, type Listener, type ServerTls } from '#host/net';
import { Networks } from '#server/admission';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Certificates } from './certificates.ts';
import { configuredPorts, portProblem, type ConfiguredPort } from './configured-ports.ts';
import { allServices } from './service-list.ts';
import type { OfferedPort, ServedPort, Service } from './service.ts';
import type { Services } from './services.ts';
import type { Shared } from './shared.ts';
import { SparePorts, type MovedPort } from './spare-ports.ts';

/** A port that is open. */
export interface OpenPort {
  /** Name of the service. */
  readonly service: string;
  /** Name of the listener in the configuration. */
  readonly name: string;
  readonly listener: Listener;
  readonly served: ServedPort;
  /** Present when another program has the configured port, so that the next free one was taken. */
  readonly moved: MovedPort | null;
}

/** Opens every configured port, once all certificates have been read. @throws ConfigError naming the port that could not be had, or the certificate; what was opened before is closed. */
export async function openListeners(
  services: Services,
  shared: Shared,
  certificates: Pick<Certificates, 'add'>,
  offered: readonly Service[] = allServices,
): Promise<OpenPort[]> {
  const { server } = services.configuration.config;
  const tlsOf = new Map<string, ServerTls>();
  for (const [name, { tls }] of Object.entries(server.listeners))
    if (tls !== undefined) tlsOf.set(name, await certificates.add(name, tls));
  const open: OpenPort[] = [];
  const openPorts = (): OfferedPort[] => offeredPorts(open);
  const ports = configuredPorts(server, offered);
  // Ports that are still to be opened are no spare ones.
  const spares = new SparePorts(services.parts.sparePorts, new Set(ports.map(({ port }) => port)));
  try {
    for (const together of Map.groupBy(ports, ({ name, service }) => `${name} ${service.name}`).values()) {
      const tls = tlsOf.get(together[0]?.name ?? '') ?? null;
      open.push(...(await openTogether({ services, shared, tls, openPorts }, together, spares)));
    }
    return open;
  } catch (error) {
    for (const { listener } of open) await listener[Symbol.asyncDispose]();
    throw error;
  }
}

/** The ports of services, each once: addresses of a listener have the same. */
function offeredPorts(open: readonly OpenPort[]): OfferedPort[] {
  const ports = open.map(({ service, listener }) => ({ name: service, port: listener.port }));
  return [...new Map(ports.map((one) => [`${one.name} ${one.port}`, one])).values()];
}

/** Opens one service at all addresses of its listener, on one port. @throws ConfigError naming the port that could not be had; none stays open. */
async function openTogether(
  deps: OpenDeps,
  wanted: readonly ConfiguredPort[],
  spares: SparePorts,
): Promise<OpenPort[]> {
  const { log, configuration } = deps.services;
  let last: ConfiguredPort | undefined;
  const openAt = async (port: number): Promise<Omit<OpenPort, 'moved'>[]> => {
    const opened: Omit<OpenPort, 'moved'>[] = [];
    try {
      for (const one of wanted) {
        last = { ...one, port };
        opened.push(await openPort(deps, last));
      }
      return opened;
    } catch (error) {
      for (const { listener } of opened) await listener[Symbol.asyncDispose]();
      throw error;
    }
  };
  try {
    const { opened, moved } = await spares.open(wanted, openAt);
    const [first] = opened;
    if (moved !== null && first !== undefined)
      log.warn('server.portTaken', {
        service: first.service,
        port: moved.from,
        owner: moved.owner,
        instead: first.listener.port,
      });
    return opened.map((one) => ({ ...one, moved }));
  } catch (error) {
    if (last === undefined || errorCode(error) === null) throw error;
    // Ports that were tried instead are not in the configuration.
    const { path, reason, fix } = portProblem({ ...last, port: wanted[0]?.port ?? 0 }, error);
    throw configuration.serverProblem(path, reason, fix);
  }
}

/** Means of opening a port. */
interface OpenDeps {
  readonly services: Services;
  readonly shared: Shared;
  /** Certificate of the listener. */
  readonly tls: ServerTls | null;
  readonly openPorts: () => readonly OfferedPort[];
}

async function openPort(
  { services, shared, tls, openPorts }: OpenDeps,
  configured: ConfiguredPort,
): Promise<Omit<OpenPort, 'moved'>> {
  const { name, service, config, address, port } = configured;
  const hostname = config.hostname ?? services.configuration.config.server.hostname;
  const leaf = tls?.contextFor(null).certificate;
  const isSelfSigned = leaf?.checkIssued(leaf) === true;
  const proxies = new Networks(config.proxyProtocolFrom);
  const forwarders = new Networks(service.forwarders?.(config) ?? []);
  const served = service.open({ services, shared, config, hostname, hasTls: tls !== null, isSelfSigned, openPorts });
  const listener = await listen({
    address,
    port,
    ...(tls !== null && { tls: { ...tls, ...service.tls } }),
    immediateTls: service.hasImmediateTls,
    admit: (remoteAddress) => admit(service, shared, forwarders, remoteAddress),
    isProxy: (remoteAddress) => proxies.has(remoteAddress),
    handshakes: shared.handshakes,
    onConnection: served.serve,
    log: services.log,
    conditions: services.conditions,
  });
  return { service: service.name, name, listener, served };
}

/** Takes a place for a connection. Where TLS comes first its network is counted here, before the handshake; otherwise the session says why not. */
function admit(
  { hasImmediateTls, protocol }: Service,
  { admission }: Shared,
  forwarders: Networks,
  remoteAddress: string,
): Disposable | null {
  const place = admission.enter();
  if (place === null || !hasImmediateTls || forwarders.has(remoteAddress)) return place;
  using places = new DisposableStack();
  places.use(place);
  const admitted = admission.connect(protocol, remoteAddress);
  if (admitted.kind !== 'admitted') return null;
  places.use(admitted.place);
  return places.move();
}

/** Dependencies of a drain. */
export interface DrainDeps {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly log: Log;
  /** Longest time in ms for open connections to finish. */
  readonly drainMs: number;
}

/** Stops accepting, lets connections finish as their services say, then ends what is left. */
export async function drainPorts(ports: readonly OpenPort[], { clock, log, drainMs }: DrainDeps): Promise<void> {
  for (const { listener } of ports) await listener.close();
  for (const { served } of ports) served.drain();
  const open = (): number => ports.reduce((sum, { listener }) => sum + listener.connectionCount, 0);
  const deadlineMs = clock.monotonic() + drainMs;
  while (open() > 0 && clock.monotonic() < deadlineMs) await clock.sleep(20);
  if (open() > 0) log.warn('server.connectionsCut', { connections: open() });
  for (const { listener } of ports) listener.destroyConnections();
}
