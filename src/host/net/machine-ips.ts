import { networkInterfaces } from 'node:os';

/** IP addresses of this machine's networks, loopback included. */
export function machineIps(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
