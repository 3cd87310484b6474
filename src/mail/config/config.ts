import { parseAddress } from '#lib/address';
import { parseDomain, parseIp } from '#lib/domain';
import { parseNetwork } from '#lib/ratelimit';
import { ConfigError, parseConfig, type ConfigDocument, type ConfigProblem } from './document.ts';
import { domainsSchema, type DomainsConfig } from './domains-schema.ts';
import { serverSchema, type ServerConfig } from './server-schema.ts';

/** One consistent, immutable configuration (invariant 10). */
export interface Config {
  readonly server: ServerConfig;
  readonly domains: DomainsConfig;
}

/** The text of one configuration file. */
export interface ConfigFile {
  /** Path as shown to people. */
  readonly file: string;
  readonly text: string;
}

/**
 * Parses both files and checks them together.
 * @throws ConfigError with every problem found, each with file, line, column, reason and fix.
 */
export function parseConfigFiles(server: ConfigFile, domains: ConfigFile): Config {
  const problems: ConfigProblem[] = [];
  const serverDocument = attempt(() => parseConfig(server.file, server.text, serverSchema), problems);
  const domainsDocument = attempt(() => parseConfig(domains.file, domains.text, domainsSchema), problems);
  if (serverDocument !== null) problems.push(...checkServer(serverDocument));
  if (domainsDocument !== null) problems.push(...checkDomains(domainsDocument));
  if (serverDocument !== null && domainsDocument !== null) {
    problems.push(...checkTogether(serverDocument, domainsDocument.value));
  }
  if (serverDocument === null || domainsDocument === null || problems.length > 0) throw new ConfigError(problems);
  return { server: serverDocument.value, domains: domainsDocument.value };
}

/**
 * Parses and checks `server.yaml` alone.
 * @throws ConfigError with every problem found.
 */
export function parseServerFile({ file, text }: ConfigFile): ServerConfig {
  const document = parseConfig(file, text, serverSchema);
  const problems = checkServer(document);
  if (problems.length > 0) throw new ConfigError(problems);
  return document.value;
}

function attempt<T>(parse: () => T, problems: ConfigProblem[]): T | null {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

function checkServer({ value, problemAt }: ConfigDocument<ServerConfig>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const name = parseDomain(value.hostname);
  if (!name.ok)
    problems.push(
      problemAt(
        ['hostname'],
        `not a host name: ${name.reason}`,
        'Use the fully qualified name, such as mail.example.org',
      ),
    );
  value.limits.trustedNetworks.forEach((network, i) => {
    const parsed = parseNetwork(network);
    if (!parsed.ok)
      problems.push(
        problemAt(['limits', 'trustedNetworks', i], parsed.reason, 'Write it as 192.0.2.0/24 or 2001:db8::/32'),
      );
  });
  const taken = new Map<string, string>();
  for (const [id, listener] of Object.entries(value.listeners)) {
    const at = ['listeners', id];
    listener.addresses.forEach((address, i) => {
      if (!parseIp(address).ok)
        problems.push(
          problemAt([...at, 'addresses', i], `not an IP address: ${address}`, 'Write addresses, not names'),
        );
    });
    for (const key of ['smtp', 'submission', 'submissions', 'imap', 'imaps'] as const) {
      const service = listener[key];
      if (service === undefined || !service.enabled) continue;
      if ((key === 'submissions' || key === 'imaps') && listener.tls === undefined) {
        problems.push(
          problemAt([...at, key], 'needs a certificate', `Add listeners.${id}.tls with certificateFile and keyFile`),
        );
      }
      if ((key === 'submission' || key === 'imap') && listener.tls === undefined && !plaintextAllowed(service)) {
        problems.push(
          problemAt(
            [...at, key],
            'nobody could log in: no certificate, and passwords without TLS are not allowed',
            `Add listeners.${id}.tls`,
          ),
        );
      }
      for (const address of service.port === 0 ? [] : listener.addresses) {
        const place = `${address} port ${service.port}`;
        const other = taken.get(place);
        if (other !== undefined) problems.push(problemAt([...at, key, 'port'], `${place} is used by ${other} already`));
        taken.set(place, `listeners.${id}.${key}`);
      }
    }
  }
  return problems;
}

function checkDomains({ value, problemAt }: ConfigDocument<DomainsConfig>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const known = new Set<string>();
  for (const domain of Object.keys(value.domains)) {
    const name = parseDomain(domain);
    if (name.ok) known.add(name.value.ascii);
    else problems.push(problemAt(['domains', domain], `not a domain: ${name.reason}`));
  }
  const owners = new Map<string, string>();
  for (const [account, { addresses }] of Object.entries(value.accounts)) {
    addresses.forEach((address, i) => {
      const path = ['accounts', account, 'addresses', i];
      const parsed = domainOf(address);
      if ('reason' in parsed)
        return problems.push(
          problemAt(
            path,
            `not an address: ${parsed.reason}`,
            'Write user@example.org, or @example.org for all the rest',
          ),
        );
      if (!known.has(parsed.domain)) {
        problems.push(problemAt(path, `its domain is not configured`, `Add ${parsed.domain} under domains`));
      }
      const key = address.toLowerCase();
      const owner = owners.get(key);
      if (owner !== undefined)
        problems.push(problemAt(path, `belongs to account ${owner} already`, 'For several people, use an alias'));
      owners.set(key, account);
      return undefined;
    });
  }
  for (const [domain, { aliases }] of Object.entries(value.domains)) {
    for (const [localpart, alias] of Object.entries(aliases)) {
      alias.addresses.forEach((address, i) => {
        if (!owners.has(address.toLowerCase())) {
          const path = ['domains', domain, 'aliases', localpart, 'addresses', i];
          problems.push(
            problemAt(path, `no account has the address ${address}`, 'Members are addresses of accounts here'),
          );
        }
      });
    }
  }
  return problems;
}

function domainOf(address: string): { readonly domain: string } | { readonly reason: string } {
  if (address.startsWith('@')) {
    const domain = parseDomain(address.slice(1));
    return domain.ok ? { domain: domain.value.ascii } : { reason: domain.reason };
  }
  const parsed = parseAddress(address);
  if (!parsed.ok) return { reason: parsed.reason };
  return 'ascii' in parsed.value.domain
    ? { domain: parsed.value.domain.ascii }
    : { reason: 'an IP address is not a domain' };
}

function checkTogether({ value, problemAt }: ConfigDocument<ServerConfig>, domains: DomainsConfig): ConfigProblem[] {
  if (domains.accounts[value.postmaster] !== undefined) return [];
  const names = Object.keys(domains.accounts);
  const fix = names.length === 0 ? 'Add an account' : `Accounts are: ${names.slice(0, 5).join(', ')}`;
  return [problemAt(['postmaster'], `no account ${value.postmaster}`, fix)];
}

function plaintextAllowed(service: object): boolean {
  return 'allowPlaintextAuth' in service && service.allowPlaintextAuth === true;
}
