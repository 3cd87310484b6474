import { listen, type Listener, type ServerTls } from '#host/net';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Certificates } from './certificates.ts';
import { configuredPorts, portProblem, type ConfiguredPort } from './configured-ports.ts';
import { allServices } from './service-list.ts';
import type { ServedPort, Service } from './service.ts';
import type { Services } from './services.ts';
import type { Shared } from './shared.ts';

/** A port that is open. */
export interface OpenPort {
  /** Name of the service. */
  readonly service: string;
  /** Name of the listener in the configuration. */
  readonly name: string;
  readonly listener: Listener;
  readonly served: ServedPort;
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
  try {
    for (const port of configuredPorts(server, offered)) {
      open.push(await openPort(services, shared, port, tlsOf.get(port.name) ?? null));
    }
    return open;
  } catch (error) {
    for (const { listener } of open) await listener[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPort(
  services: Services,
  shared: Shared,
  configured: ConfiguredPort,
  tls: ServerTls | null,
): Promise<OpenPort> {
  const { name, service, config, address, port } = configured;
  const hostname = config.hostname ?? services.configuration.config.server.hostname;
  const served = service.open({ services, shared, config, hostname, hasTls: tls !== null });
  try {
    const listener = await listen({
      address,
      port,
      ...(tls !== null && { tls: { ...tls, ...service.tls } }),
      immediateTls: service.hasImmediateTls,
      admit: (remoteAddress) => admit(service, shared, remoteAddress),
      handshakes: shared.handshakes,
      onConnection: served.serve,
      log: services.log,
      conditions: services.conditions,
    });
    return { service: service.name, name, listener, served };
  } catch (error) {
    const { path, reason, fix } = portProblem(configured, error);
    throw services.configuration.serverProblem(path, reason, fix);
  }
}

/** Takes a place for a connection. Where TLS comes first its network is counted here, before the handshake; otherwise the session says why not. */
function admit(
  { hasImmediateTls, protocol }: Service,
  { admission }: Shared,
  remoteAddress: string,
): Disposable | null {
  const place = admission.enter();
  if (place === null || !hasImmediateTls) return place;
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
