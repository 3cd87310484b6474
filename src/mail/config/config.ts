import { checkDkim } from './check-dkim.ts';
import { checkDomains } from './check-domains.ts';
import { checkServer } from './check-server.ts';
import { checkDomainRoutes, checkServerRoutes } from './check-routes.ts';
import { checkTransports } from './check-transports.ts';
import { ConfigError, parseConfig, type ConfigDocument, type ConfigFile, type ConfigProblem } from './document.ts';
import { domainsSchema, type DomainsConfig } from './domains-schema.ts';
import { serverSchema, type ServerConfig } from './server-schema.ts';

/** One consistent, immutable configuration (invariant 10). */
export interface Config {
  readonly server: ServerConfig;
  readonly domains: DomainsConfig;
}

/**
 * Parses both files and checks them together.
 * @throws ConfigError with every problem found, each with file, line, column, reason and fix.
 */
export function parseConfigFiles(server: ConfigFile, domains: ConfigFile): Config {
  const problems: ConfigProblem[] = [];
  const serverDocument = attempt(() => parseConfig(server.file, server.text, serverSchema), problems);
  const domainsDocument = attempt(() => parseConfig(domains.file, domains.text, domainsSchema), problems);
  if (serverDocument !== null) problems.push(...checkAlone(serverDocument));
  if (domainsDocument !== null) problems.push(...checkDomains(domainsDocument), ...checkDkim(domainsDocument));
  if (serverDocument !== null && domainsDocument !== null) {
    problems.push(...checkTogether(serverDocument, domainsDocument));
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
  const problems = checkAlone(document);
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

function checkAlone(server: ConfigDocument<ServerConfig>): ConfigProblem[] {
  return [...checkServer(server), ...checkTransports(server), ...checkServerRoutes(server)];
}

function checkTogether(server: ConfigDocument<ServerConfig>, domains: ConfigDocument<DomainsConfig>): ConfigProblem[] {
  return [...checkPostmaster(server, domains.value), ...checkDomainRoutes(domains, server.value)];
}

function checkPostmaster({ value, problemAt }: ConfigDocument<ServerConfig>, domains: DomainsConfig): ConfigProblem[] {
  if (domains.accounts[value.postmaster] !== undefined) return [];
  const names = Object.keys(domains.accounts);
  const fix = names.length === 0 ? 'Add an account' : `Accounts are: ${names.slice(0, 5).join(', ')}`;
  return [problemAt(['postmaster'], `no account ${value.postmaster}`, fix)];
}
