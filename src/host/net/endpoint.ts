import type { Endpoint } from '#ports/channel';

/** Converts an address from Node: an IPv4-mapped address becomes IPv4 (RFC 4291 §2.5.5.2), and the zone is removed. */
export function endpoint(address: string, port: number): Endpoint {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return { address: mapped, port };
  const zone = address.indexOf('%');
  return { address: zone < 0 ? address : address.slice(0, zone), port };
}
