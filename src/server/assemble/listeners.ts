import { listen, type Listener, type ServerTls } from '#host/net';
import { isWindows } from '#host/process';
import type { ListenerConfig } from '#mail/config';
import type { Channel } from '#ports/channel';
import type { Certificates } from './certificates.ts';
import { serveImapOn } from './imap-service.ts';
import type { Services } from './services.ts';
import { serviceNames, type OpenService, type ServiceContext, type ServiceName } from './service-context.ts';
import { smtpService } from './smtp-service.ts';
import type { Shared } from './shared.ts';

/** Opens every configured port, once all certificates have been read. @throws ConfigError naming the port that could not be had, or the certificate; what was opened before is closed. */
export async function openListeners(
  services: Services,
  shared: Shared,
  certificates: Certificates,
  shutdown: AbortSignal,
): Promise<OpenService[]> {
  const configured: { readonly name: string; readonly config: ListenerConfig; readonly tls: ServerTls | null }[] = [];
  for (const [name, config] of Object.entries(services.configuration.config.server.listeners)) {
    configured.push({ name, config, tls: config.tls === undefined ? null : await certificates.add(name, config.tls) });
  }
  const open: OpenService[] = [];
  try {
    for (const { name, config, tls } of configured) {
      for (const service of serviceNames) {
        const settings = config[service];
        if (settings?.enabled !== true) continue;
        for (const address of config.addresses) {
          const hostname = config.hostname ?? services.configuration.config.server.hostname;
          const context: ServiceContext = {
            services,
            shared,
            config,
            hostname,
            service,
            hasTls: tls !== null,
            shutdown,
          };
          open.push({ service, name, listener: await openPort(context, name, address, settings.port, tls) });
        }
      }
    }
    return open;
  } catch (error) {
    for (const { listener } of open) await listener[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPort(
  context: ServiceContext,
  name: string,
  address: string,
  port: number,
  tls: ServerTls | null,
): Promise<Listener> {
  const { service, services } = context;
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
    const { reason, fix } = whyNotListening(error);
    const told = `cannot listen on ${address} port ${port} for ${service}: ${reason}`;
    throw services.configuration.serverProblem(['listeners', name, service, 'port'], told, fix);
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

function whyNotListening(error: unknown): { readonly reason: string; readonly fix: string } {
  const anotherPort = 'Choose another port';
  switch (error instanceof Error && 'code' in error ? error.code : null) {
    case 'EADDRINUSE':
      return { reason: 'another program uses this port', fix: 'Stop it, or choose another port' };
    case 'EACCES':
      return isWindows
        ? {
            reason: 'another program has the port to itself, or Windows reserves it',
            fix: `${anotherPort}; 'netsh interface ipv4 show excludedportrange tcp' lists those that are reserved`,
          }
        : { reason: 'ports below 1024 need root', fix: 'Start as root: the server gives it up after binding' };
    case 'EADDRNOTAVAIL':
      return {
        reason: 'this machine does not have that address',
        fix: "Write an address that 'ip addr' or 'ipconfig' lists",
      };
    default:
      return { reason: error instanceof Error ? error.message : String(error), fix: 'Check the address and the port' };
  }
}
