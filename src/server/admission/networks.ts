import { parseIp, type IpAddress } from '#lib/domain';
import { isInNetwork, parseNetwork, type Network } from '#lib/ratelimit';

/** Networks of the configuration, in CIDR notation, which was checked there. */
export class Networks {
  readonly #networks: readonly Network[];

  constructor(texts: readonly string[]) {
    this.#networks = texts.map((text) => parseNetwork(text)).flatMap((network) => (network.ok ? [network.value] : []));
  }

  /** Reports whether an address is in one of them; a text that is no address is in none. */
  has(address: string): boolean {
    if (this.#networks.length === 0) return false;
    const ip = parseIp(address);
    return ip.ok && this.hasIp(ip.value);
  }

  /** Reports whether an address is in one of them. */
  hasIp(ip: IpAddress): boolean {
    return this.#networks.some((network) => isInNetwork(network, ip));
  }
}
