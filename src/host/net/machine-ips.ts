import { networkInterfaces } from 'node:os';

/** Returns the IP addresses of this machine's network interfaces, loopback included. */
export function machineIps(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
