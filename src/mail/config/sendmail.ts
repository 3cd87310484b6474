import { parseAddress } from '#lib/address';
import { parseDomain, isLoopback, parseIp } from '#lib/domain';
import { mechanismsByStrength, type MechanismName } from '#lib/sasl';
import { Secret } from '#lib/secret';
import type { ConfigFile } from './config.ts';
import { ConfigError, parseConfig, wholeFile, type ConfigProblem } from './document.ts';
import { sendmailSchema, type SendmailConfig } from './sendmail-schema.ts';
import { schemaProblem } from './wording.ts';

/** What `sendmail` works with, checked, defaults filled in. */
export interface SendmailSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: 'submissions' | 'starttls' | 'none';
  readonly caFile: string | null;
  readonly login: { readonly user: string; readonly password: Secret | { readonly file: string } } | null;
  /** Null: the most secure that the server offers. */
  readonly mechanisms: readonly MechanismName[] | null;
  readonly from: string | null;
  readonly overrideFrom: boolean;
  readonly defaultDestination: string | null;
  readonly defaultDomain: string | null;
  readonly localHostname: string | null;
  readonly requireTls: boolean;
}

const standardPorts = { submissions: 465, starttls: 587, none: 25 } as const;
const prefix = 'GODWIT_SENDMAIL_';

/** How a setting is called in the environment: `passwordFile` is `GODWIT_SENDMAIL_PASSWORD_FILE`. */
function variableOf(setting: string): string {
  return prefix + setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/**
 * Reads `godwit-sendmail.yaml`, or the environment alone when `file` is null; a variable `GODWIT_SENDMAIL_…` takes the place of its setting.
 * @throws ConfigError naming every problem, with file, line and column, or with the variable.
 */
export function parseSendmailConfig(
  file: ConfigFile | null,
  environment: Readonly<Record<string, string | undefined>>,
): SendmailSettings {
  const document = file === null ? null : parseConfig(file.file, file.text, sendmailSchema);
  const given = fromEnvironment(environment);
  const fromFile: Record<string, unknown> = { ...document?.value };
  // A password of one place does not stand beside a file named in the other.
  if (given.password !== undefined) delete fromFile['passwordFile'];
  if (given.passwordFile !== undefined) delete fromFile['password'];
  const config: SendmailConfig = { ...fromFile, ...given };
  const problems = check(config, (setting, reason, fix) => {
    const isGiven = Object.hasOwn(given, setting);
    if (isGiven || document === null) return ofVariable(setting, reason, fix);
    return document.problemAt([setting], reason, fix);
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return settle(config);
}

/** Where messages wait that could not be sent, as the file or the environment says; null when neither does, or the file cannot be read. */
export function sendmailSpool(
  file: ConfigFile | null,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  const given = environment[variableOf('spoolDirectory')];
  if (given !== undefined && given !== '') return given;
  try {
    return file === null ? null : (parseConfig(file.file, file.text, sendmailSchema).value.spoolDirectory ?? null);
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): SendmailConfig {
  const raw: Record<string, unknown> = {};
  for (const setting of Object.keys(sendmailSchema.shape)) {
    const value = environment[variableOf(setting)];
    if (value === undefined || value === '') continue;
    raw[setting] = typed(setting, value);
  }
  const result = sendmailSchema.safeParse(raw);
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.flatMap((issue) =>
      schemaProblem(issue).map(({ path, reason, fix }) => ofVariable(String(path[0]), reason, fix)),
    ),
  );
}

/** The value of a variable as YAML would have it. */
function typed(setting: string, value: string): unknown {
  if (setting === 'port') return /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (setting === 'mechanisms') return value.split(/[\s,]+/).filter((name) => name !== '');
  if (setting === 'overrideFrom' || setting === 'requireTls')
    return value === 'true' || (value === 'false' ? false : value);
  return value;
}

function ofVariable(setting: string, reason: string, fix?: string): ConfigProblem {
  return { ...wholeFile('environment', reason, fix), path: variableOf(setting) };
}

type Blame = (setting: keyof SendmailConfig, reason: string, fix?: string) => ConfigProblem;

function check(config: SendmailConfig, blame: Blame): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { host, tls, user, password, passwordFile } = config;
  if (host === undefined) problems.push(blame('host', 'is missing', 'Name the server that takes your mail'));
  else if (!isHost(host)) problems.push(blame('host', `${host} is neither a host name nor an IP address`));
  else if (tls === 'none' && !isThisMachine(host))
    problems.push(
      blame('tls', `none would send mail and password to ${host} in clear`, 'Write submissions or starttls'),
    );
  if (password !== undefined && passwordFile !== undefined)
    problems.push(blame('passwordFile', 'there is a password as well', 'Keep one of them'));
  const hasPassword = password !== undefined || passwordFile !== undefined;
  if (user !== undefined && !hasPassword)
    problems.push(blame('user', 'has no password', 'Add passwordFile, or password'));
  if (user === undefined && hasPassword) problems.push(blame('user', 'is missing, but there is a password'));
  for (const setting of ['from', 'defaultDestination'] as const) {
    const address = config[setting];
    const parsed = address === undefined ? null : parseAddress(address);
    if (parsed !== null && !parsed.ok) problems.push(blame(setting, `not an address: ${parsed.reason}`));
  }
  if (config.overrideFrom === true && config.from === undefined)
    problems.push(blame('overrideFrom', 'there is no from to use', 'Add from'));
  for (const setting of ['defaultDomain', 'localHostname'] as const) {
    const name = config[setting];
    if (name !== undefined && !parseDomain(name).ok) problems.push(blame(setting, 'not a domain name'));
  }
  return problems;
}

function isHost(host: string): boolean {
  return parseIp(host).ok || parseDomain(host, { allowTrailingDot: true, allowUnderscore: true }).ok;
}

function isThisMachine(host: string): boolean {
  const ip = parseIp(host);
  return ip.ok ? isLoopback(ip.value) : host.toLowerCase() === 'localhost';
}

function settle(config: SendmailConfig): SendmailSettings {
  const tls = config.tls ?? 'submissions';
  const password =
    config.passwordFile === undefined ? new Secret(config.password ?? '') : { file: config.passwordFile };
  return {
    host: config.host ?? '',
    port: config.port ?? standardPorts[tls],
    tls,
    caFile: config.caFile ?? null,
    login: config.user === undefined ? null : { user: config.user, password },
    mechanisms:
      config.mechanisms === undefined ? null : mechanismsByStrength.filter((name) => config.mechanisms?.includes(name)),
    from: config.from ?? null,
    overrideFrom: config.overrideFrom ?? false,
    defaultDestination: config.defaultDestination ?? null,
    defaultDomain: config.defaultDomain ?? null,
    localHostname: config.localHostname ?? null,
    requireTls: config.requireTls ?? false,
  };
}
