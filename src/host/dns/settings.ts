import { Resolver } from 'node:dns';
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '#ports/clock';

/** A recursive resolver to ask. */
export interface NameServer {
  /** IPv4 or IPv6 address; a zone (`%eth0`) may follow. */
  readonly address: string;
  readonly port: number;
  /** True when its AD flag is believed: it is on this machine, or the administrator vouches for the path to it (RFC 4035 §4.9.3). */
  readonly isTrusted: boolean;
}

/** Settings of a resolver. */
export interface ResolverSettings {
  readonly servers: readonly NameServer[];
  /** Wait for one server before the next is asked. */
  readonly timeoutMs: number;
  /** Rounds over all servers. */
  readonly attempts: number;
}

/** Source of the settings; called for every query that the cache does not answer. */
export interface SettingsSource {
  current(): Promise<ResolverSettings>;
}

const defaultTimeoutMs = 2000;
const defaultAttempts = 2;
const maxServers = 3;
const recheckMs = 2000;

/** Reads the text of resolv.conf: `nameserver`, and the `options` `timeout`, `attempts` and `trust-ad`. Everything else is skipped. */
export function parseResolvConf(text: string): ResolverSettings {
  const addresses: string[] = [];
  let timeoutMs = defaultTimeoutMs;
  let attempts = defaultAttempts;
  let trustAd = false;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && addresses.length < maxServers) {
      addresses.push(...values.slice(0, 1).filter((address) => isIP(address) !== 0));
    }
    if (keyword !== 'options') continue;
    for (const option of values) {
      const [name, value = ''] = option.split(':');
      const number = /^\d{1,3}$/.test(value) ? Number(value) : 0;
      if (name === 'timeout' && number > 0) timeoutMs = Math.min(number, 5) * 1000;
      if (name === 'attempts' && number > 0) attempts = Math.min(number, 5);
      if (name === 'trust-ad') trustAd = true;
    }
  }
  return { servers: addresses.map((address) => server(address, 53, trustAd)), timeoutMs, attempts };
}

/** Creates a server. By default only one on this machine is trusted. */
export function server(address: string, port = 53, trustAd = false): NameServer {
  return { address, port, isTrusted: trustAd || /^127\.|^::1$/.test(address) };
}

/** Null on Windows, where any user may create `\etc` on a drive. */
const resolvConf = process.platform === 'win32' ? null : '/etc/resolv.conf';

/** Returns the machine's settings: those of resolv.conf, read again when it changes; without one (null, Windows), those that Node gets from the system. */
export function systemSettings(clock: Clock, path: string | null = resolvConf): SettingsSource {
  let known: ResolverSettings | null = null;
  let modifiedMs = -1;
  let checkedMs = Number.NEGATIVE_INFINITY;
  return {
    current: async () => {
      if (known !== null && clock.monotonic() - checkedMs < recheckMs) return known;
      checkedMs = clock.monotonic();
      if (path === null) {
        known = settingsOfNode();
        return known;
      }
      try {
        const { mtimeMs } = await stat(path);
        if (known === null || mtimeMs !== modifiedMs) known = parseResolvConf(await readFile(path, 'utf8'));
        modifiedMs = mtimeMs;
      } catch {
        // No such file, or no permission: use the settings that the system gives Node.
        known = settingsOfNode();
        modifiedMs = -1;
      }
      return known;
    },
  };
}

/** Reads the settings from the system. A new `Resolver` does so each time; the default one of `node:dns` keeps those of the start of the process. */
function settingsOfNode(): ResolverSettings {
  const servers = new Resolver().getServers().flatMap((text) => parseNameServer(text) ?? []);
  return { servers, timeoutMs: defaultTimeoutMs, attempts: defaultAttempts };
}

/** Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; null when it is none of these. */
export function parseNameServer(text: string): NameServer | null {
  if (isIP(text) !== 0) return server(text);
  const match = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  return isIP(address) === 0 || port < 1 || port > 65_535 ? null : server(address, port);
}
