import { listen, type Listener, type ServerTls } from '#host/net';
import type { Channel } from '#ports/channel';
import type { Certificates } from './certificates.ts';
import { configuredPorts, portProblem, type ConfiguredPort } from './configured-ports.ts';
import { serveImapOn } from './imap-service.ts';
import type { Services } from './services.ts';
import type { OpenService, ServiceContext, ServiceName } from './service-context.ts';
import { smtpService } from './smtp-service.ts';
import type { Shared } from './shared.ts';

/** Opens every configured port, once all certificates have been read. @throws ConfigError naming the port that could not be had, or the certificate; what was opened before is closed. */
export async function openListeners(
  services: Services,
  shared: Shared,
  certificates: Certificates,
  shutdown: AbortSignal,
): Promise<OpenService[]> {
  const { server } = services.configuration.config;
  const tlsOf = new Map<string, ServerTls>();
  for (const [name, { tls }] of Object.entries(server.listeners))
    if (tls !== undefined) tlsOf.set(name, await certificates.add(name, tls));
  const open: OpenService[] = [];
  try {
    for (const port of configuredPorts(server)) {
      const { name, config, service } = port;
      const tls = tlsOf.get(name) ?? null;
      const hostname = config.hostname ?? server.hostname;
      const context: ServiceContext = { services, shared, config, hostname, service, hasTls: tls !== null, shutdown };
      open.push({ service, name, listener: await openPort(context, port, tls) });
    }
    return open;
  } catch (error) {
    for (const { listener } of open) await listener[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPort(context: ServiceContext, configured: ConfiguredPort, tls: ServerTls | null): Promise<Listener> {
  const { service, services } = context;
  const { address, port } = configured;
  const isImap = service === 'imap' || service === 'imaps';
  const serve = isImap ? (channel: Channel) => serveImapOn(context, channel) : smtpService(context);
  try {
    return await listen({
      address,
      port,
      ...(tls !== null && { tls }),
      immediateTls: hasImmediateTls(service),
      admit: (remoteAddress) => admit(context, remoteAddress),
      handshakes: context.shared.handshakes,
      onConnection: serve,
      log: services.log,
      conditions: services.conditions,
    });
  } catch (error) {
    const { path, reason, fix } = portProblem(configured, error);
    throw services.configuration.serverProblem(path, reason, fix);
  }
}

/** Reports whether TLS begins with the first byte, so that nothing can be said before a handshake. */
function hasImmediateTls(service: ServiceName): boolean {
  return service === 'imaps' || service === 'submissions';
}

/** Takes a place for a connection. Where TLS comes first its network is counted here, before the handshake; otherwise the session says why not. */
function admit({ service, shared }: ServiceContext, remoteAddress: string): Disposable | null {
  const { admission } = shared;
  const place = admission.enter();
  if (place === null || !hasImmediateTls(service)) return place;
  using places = new DisposableStack();
  places.use(place);
  const admitted = admission.connect(service === 'imaps' ? 'imap' : 'smtp', remoteAddress);
  if (admitted.kind !== 'admitted') return null;
  places.use(admitted.place);
  return places.move();
}
