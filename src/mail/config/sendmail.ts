import type { z } from 'zod';
import { parseAddress } from '#lib/address';
import { parseDomain, isLoopback, parseIp } from '#lib/domain';
import { tokenMechanisms, type MechanismName } from '#lib/sasl';
import { Secret } from '#lib/secret';
import {
  ConfigError,
  parseConfig,
  problemInFile,
  type ConfigDocument,
  type ConfigFile,
  type ConfigProblem,
} from './document.ts';
import { nearestSetting } from './nearest-setting.ts';
import { sendmailSchema, type SendmailConfig } from './sendmail-schema.ts';
import { schemaProblem } from './wording.ts';

/** Secret of a login; none where the client certificate is the proof. */
export type SendmailSecret =
  | { readonly kind: 'password'; readonly password: Secret | { readonly file: string } }
  | { readonly kind: 'token'; readonly file: string }
  | { readonly kind: 'none' };

/** Checked settings of `sendmail`, with defaults. */
export interface SendmailSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: 'submissions' | 'starttls' | 'none';
  readonly caFile: string | null;
  /** Null for no login. `user` is empty when the client certificate identifies the user. */
  readonly login: { readonly user: string; readonly secret: SendmailSecret } | null;
  /** Our own certificate; null when there is none. */
  readonly clientCertificate: { readonly certificateFile: string; readonly keyFile: string } | null;
  /** Mechanisms that may be used; null for all except EXTERNAL. */
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
/** Environment variable with the path of the file. */
const configVariable = `${prefix}CONFIG`;
const secretSettings = ['password', 'passwordFile', 'tokenFile'] as const;

/** Returns the environment variable of a setting: `GODWIT_SENDMAIL_PASSWORD_FILE` for `passwordFile`. */
function variableOf(setting: string): string {
  return prefix + setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/**
 * Reads `godwit-sendmail.yaml`, or only the environment when `file` is null. A variable `GODWIT_SENDMAIL_…` overrides its setting.
 * @param file  The error if the file is needed and cannot be read; it is reported together with mistakes in the environment.
 * @throws ConfigError naming every problem, with file, line and column, or with the variable.
 */
export function parseSendmailConfig(
  file: ConfigFile | ConfigError | null,
  environment: Readonly<Record<string, string | undefined>>,
): SendmailSettings {
  const { problems: inEnvironment, given } = fromEnvironment(environment);
  const read = readSendmailFile(file);
  if (read instanceof ConfigError || inEnvironment.length > 0)
    throw new ConfigError([...(read instanceof ConfigError ? read.problems : []), ...inEnvironment]);
  const document = read;
  const fromFile: Record<string, unknown> = { ...document?.value };
  // A secret in the environment replaces every secret in the file.
  if (secretSettings.some((setting) => given[setting] !== undefined))
    for (const setting of secretSettings) delete fromFile[setting];
  const config: SendmailConfig = { ...fromFile, ...given };
  const problems = check(config, (setting, reason, fix) => {
    const isGiven = Object.hasOwn(given, setting);
    if (isGiven || document === null) return ofVariable(setting, reason, fix);
    return document.problemAt([setting], reason, fix);
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return settle(config);
}

/** Makes a problem at a setting that is valid but does not work, such as the path of a missing file: at its line and column, or at the variable. */
export function sendmailProblem(
  file: ConfigFile | null,
  environment: Readonly<Record<string, string | undefined>>,
  setting: keyof SendmailConfig,
  reason: string,
  fix: string,
): ConfigProblem {
  const isGiven = (environment[variableOf(setting)] ?? '') !== '';
  return isGiven || file === null ? ofVariable(setting, reason, fix) : problemInFile(file, [setting], reason, fix);
}

/** Returns the folder for messages that cannot be sent, from the file or environment; null when neither sets it, or the file cannot be read. */
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

function readSendmailFile(
  file: ConfigFile | ConfigError | null,
): ConfigDocument<z.output<typeof sendmailSchema>> | ConfigError | null {
  if (file === null || file instanceof ConfigError) return file;
  try {
    return parseConfig(file.file, file.text, sendmailSchema);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** Reads the settings from environment variables, with a problem for each invalid one. */
function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): {
  readonly given: SendmailConfig;
  readonly problems: readonly ConfigProblem[];
} {
  const raw: Record<string, unknown> = {};
  for (const setting of Object.keys(sendmailSchema.shape)) {
    const value = environment[variableOf(setting)];
    if (value === undefined || value === '') continue;
    raw[setting] = typed(setting, value);
  }
  const unknown = unknownVariables(environment);
  const result = sendmailSchema.safeParse(raw);
  const issues = result.error?.issues ?? [];
  const wrong = issues.flatMap((issue) =>
    schemaProblem(issue).map(({ path, reason, fix }) => ofVariable(String(path[0]), reason, fix)),
  );
  return { given: result.data ?? {}, problems: [...unknown, ...wrong] };
}

/** Converts the value of a variable to the type that YAML would give it. */
function typed(setting: string, value: string): unknown {
  if (setting === 'port') return /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (setting === 'mechanisms') return value.split(/[\s,]+/).filter((name) => name !== '');
  if (setting === 'overrideFrom' || setting === 'requireTls')
    return value === 'true' || (value === 'false' ? false : value);
  return value;
}

function ofVariable(setting: string, reason: string, fix: string): ConfigProblem {
  return { place: { kind: 'variable', name: variableOf(setting) }, reason, fix };
}

/** Reports variables with our prefix that match no setting, which would otherwise be ignored silently. */
function unknownVariables(environment: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  const known = Object.keys(sendmailSchema.shape).map(variableOf);
  const names = Object.keys(environment).filter(
    (name) => name.startsWith(prefix) && name !== configVariable && !known.includes(name),
  );
  return names.map((name) => {
    // Compare without the prefix, which would hide mistakes in short names.
    const nearest = nearestSetting(
      name.slice(prefix.length),
      [...known, configVariable].map((one) => one.slice(prefix.length)),
    );
    const fix = nearest === null ? 'Unset it' : `Did you mean ${prefix}${nearest}? Otherwise unset it`;
    const reason = 'names no setting';
    return {
      place: { kind: 'variable', name },
      reason,
      fix: `${fix}; 'godwit config describe sendmail' lists the settings`,
    };
  });
}

const hostFix = 'Write a name such as mail.example.org; the port is a setting of its own';

type Blame = (setting: keyof SendmailConfig, reason: string, fix: string) => ConfigProblem;

function check(config: SendmailConfig, blame: Blame): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { host, tls } = config;
  if (host === undefined) problems.push(blame('host', 'is missing', 'Name the server that takes your mail'));
  else if (!isHost(host)) problems.push(blame('host', `${host} is neither a host name nor an IP address`, hostFix));
  else if (tls === 'none' && !isThisMachine(host))
    problems.push(
      blame('tls', `none would send mail and password to ${host} without TLS`, 'Write submissions or starttls'),
    );
  problems.push(...checkLogin(config, blame));
  for (const setting of ['from', 'defaultDestination'] as const) {
    const address = config[setting];
    const parsed = address === undefined ? null : parseAddress(address);
    if (parsed !== null && !parsed.ok)
      problems.push(blame(setting, `not an address: ${parsed.reason}`, 'Write user@example.org'));
  }
  if (config.overrideFrom === true && config.from === undefined)
    problems.push(blame('overrideFrom', 'there is no from to use', 'Add from'));
  for (const setting of ['defaultDomain', 'localHostname'] as const) {
    const name = config[setting];
    if (name !== undefined && !parseDomain(name).ok)
      problems.push(blame(setting, 'not a domain name', 'Write a name such as example.org'));
  }
  return problems;
}

function checkLogin(config: SendmailConfig, blame: Blame): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { user, certificateFile, keyFile, tls, mechanisms = [] } = config;
  const [secret, other] = secretSettings.filter((setting) => config[setting] !== undefined);
  if (other !== undefined)
    problems.push(blame(other, `there is a ${secret ?? 'password'} as well`, 'Keep one of them'));
  const isByCertificate = mechanisms.length > 0 && mechanisms.every((name) => name === 'EXTERNAL');
  if (user !== undefined && secret === undefined && !isByCertificate)
    problems.push(
      blame(
        'user',
        'has no password',
        'Add passwordFile or tokenFile; for client certificates, mechanisms: [EXTERNAL]',
      ),
    );
  if (user === undefined && secret !== undefined)
    problems.push(
      blame(
        'user',
        `is missing, but there is a ${secret === 'tokenFile' ? 'token' : 'password'}`,
        `Add user, or remove ${secret}`,
      ),
    );
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    const [there, missing] =
      keyFile === undefined ? (['certificateFile', 'keyFile'] as const) : (['keyFile', 'certificateFile'] as const);
    problems.push(blame(there, `needs ${missing} as well`, `Add ${missing}, or remove ${there}`));
  }
  if (secret === 'tokenFile' && tls === 'none')
    problems.push(blame('tokenFile', 'tokens are not sent without TLS', 'Set tls to submissions or starttls'));
  for (const name of mechanisms) {
    const isToken = tokenMechanisms.includes(name);
    if (name === 'EXTERNAL') {
      if (certificateFile === undefined)
        problems.push(blame('mechanisms', 'EXTERNAL needs a certificate', 'Add certificateFile and keyFile'));
    } else if (isToken && secret !== 'tokenFile')
      problems.push(blame('mechanisms', `${name} needs a token`, 'Add tokenFile'));
    else if (!isToken && secret === 'tokenFile')
      problems.push(blame('mechanisms', `${name} does not work with a token`, `Write ${tokenMechanisms.join(' or ')}`));
    else if (!isToken && secret === undefined)
      problems.push(blame('mechanisms', `${name} needs a password`, 'Add user and passwordFile'));
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
  const { user, certificateFile, keyFile, mechanisms = null } = config;
  const secret = secretOf(config);
  const isLogin = user !== undefined || mechanisms?.includes('EXTERNAL') === true;
  return {
    host: config.host ?? '',
    port: config.port ?? standardPorts[tls],
    tls,
    caFile: config.caFile ?? null,
    login: isLogin ? { user: user ?? '', secret } : null,
    clientCertificate: certificateFile === undefined || keyFile === undefined ? null : { certificateFile, keyFile },
    mechanisms,
    from: config.from ?? null,
    overrideFrom: config.overrideFrom ?? false,
    defaultDestination: config.defaultDestination ?? null,
    defaultDomain: config.defaultDomain ?? null,
    localHostname: config.localHostname ?? null,
    requireTls: config.requireTls ?? false,
  };
}

function secretOf({ password, passwordFile, tokenFile }: SendmailConfig): SendmailSecret {
  if (tokenFile !== undefined) return { kind: 'token', file: tokenFile };
  if (passwordFile !== undefined) return { kind: 'password', password: { file: passwordFile } };
  return password === undefined ? { kind: 'none' } : { kind: 'password', password: new Secret(password) };
}
