import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { parseNameServer, systemSettings, type SettingsSource } from './settings.ts';
import { StubResolver } from './stub-resolver.ts';

/** Configuration of DNS, and dependencies of a resolver. */
export interface SystemResolverDeps {
  /** `IP`, `IPv4:port` or `[IPv6]:port`; when absent or empty, the machine's resolvers. */
  readonly servers?: readonly string[] | undefined;
  /** Trust in the AD flag of all servers; when absent, only in that of resolvers on this machine and of a resolv.conf with `trust-ad`. */
  readonly trustAuthenticData?: boolean | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Creates the server's resolver. An entry of `servers` that is not an address is logged and skipped. */
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
