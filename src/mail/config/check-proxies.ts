import { parseNetwork } from '#lib/ratelimit';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import type { ListenerConfig, ServerConfig } from './server-schema.ts';

/** Checks the networks whose word about clients is taken: proxies of a listener, and those of `http` and `https`. */
export function checkProxies(
  { problemAt }: ConfigDocument<ServerConfig>,
  id: string,
  listener: ListenerConfig,
): ConfigProblem[] {
  const path = ['listeners', id];
  const lists = [
    { at: [...path, 'proxyProtocolFrom'], networks: listener.proxyProtocolFrom },
    ...(['http', 'https'] as const).map((key) => ({
      at: [...path, key, 'forwarded', 'from'],
      networks: listener[key]?.forwarded?.from ?? [],
    })),
  ];
  return lists.flatMap(({ at, networks }) =>
    networks.flatMap((network, i) => {
      const parsed = parseNetwork(network);
      if (!parsed.ok)
        return [problemAt([...at, i], parsed.reason, 'Write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32')];
      const fix = 'Write the addresses of your proxies';
      return parsed.value.prefixBits === 0
        ? [problemAt([...at, i], 'would let every client claim any address', fix)]
        : [];
    }),
  );
}
