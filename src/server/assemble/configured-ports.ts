import { errorCode } from '#host/files';
import { portOwner } from '#host/net';
import { isWindows } from '#host/process';
import type { ListenerConfig, ServerConfig } from '#mail/config';
import { allServices } from './service-list.ts';
import type { Service } from './service.ts';

/** One port of the configuration. */
export interface ConfiguredPort {
  /** Name of the listener. */
  readonly name: string;
  readonly config: ListenerConfig;
  readonly service: Service;
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Returns the ports that a server opens, in that order. */
export function configuredPorts(
  { listeners }: Pick<ServerConfig, 'listeners'>,
  services: readonly Service[] = allServices,
): ConfiguredPort[] {
  return Object.entries(listeners).flatMap(([name, config]) =>
    services.flatMap((service) => {
      const settings = service.settings(config);
      if (settings?.enabled !== true) return [];
      return config.addresses.map((address) => ({ name, config, service, address, port: settings.port }));
    }),
  );
}

/** The problem of a port that cannot be opened: the setting to blame, the reason and a fix. It is the same for all ports of an address that this machine does not have. */
export function portProblem(
  { name, config, service, address, port }: ConfiguredPort,
  error: unknown,
): { readonly path: readonly (string | number)[]; readonly reason: string; readonly fix: string } {
  const { reason, fix } = whyNotListening(error, { address, port });
  if (errorCode(error) === 'EADDRNOTAVAIL') {
    const path = ['listeners', name, 'addresses', config.addresses.indexOf(address)];
    return { path, reason: `cannot listen on ${address}: ${reason}`, fix };
  }
  const told = `cannot listen on ${address} port ${port} for ${service.name}: ${reason}`;
  return { path: ['listeners', name, service.name, 'port'], reason: told, fix };
}

function whyNotListening(
  error: unknown,
  { address, port }: { readonly address: string; readonly port: number },
): { readonly reason: string; readonly fix: string } {
  const anotherPort = 'Choose another port';
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return {
        reason: `${portOwner(address, port) ?? 'another program'} uses this port`,
        fix: 'Stop it, or choose another port',
      };
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
