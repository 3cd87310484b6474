import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { parseNameServer, systemSettings, type SettingsSource } from './settings.ts';
import { StubResolver } from './stub-resolver.ts';

/** Configuration of DNS, and dependencies of a resolver. */
export interface SystemResolverDeps {
  /** `IP`, `IPv4:port` or `[IPv6]:port`; absent or empty: the machine's. */
  readonly servers?: readonly string[] | undefined;
  /** Believe or disbelieve AD of all of them; absent: resolvers on this machine, and those of a resolv.conf with `trust-ad`. */
  readonly trustAuthenticData?: boolean | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The resolver of a server. An entry of `servers` that is no address is logged and skipped. */
export function systemResolver(deps: SystemResolverDeps): StubResolver {
  const { clock, random, trustAuthenticData } = deps;
  const system = systemSettings(clock);
  const named = (deps.servers ?? []).flatMap((text) => {
    const parsed = parseNameServer(text);
    if (parsed === null) deps.log.warn('dns.badServer', { server: text });
    return parsed === null ? [] : [parsed];
  });
  const settings: SettingsSource = {
    current: async () => {
      const current = await system.current();
      const servers = named.length > 0 ? named : current.servers;
      if (trustAuthenticData === undefined) return { ...current, servers };
      return { ...current, servers: servers.map((one) => ({ ...one, isTrusted: trustAuthenticData })) };
    },
  };
  return new StubResolver({ clock, random, settings });
}
