import { lookup } from 'node:dns/promises';
import { homedir, hostname as machineName, userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import { encodeHex } from '#lib/codecs';
import { parseDomain } from '#lib/domain';
import { Secret } from '#lib/secret';
import { trustedPemProblem } from '#host/certificates';
import { errorCode, Files } from '#host/files';
import { nodeDialer, tlsContext, type TlsContext, type TlsIdentity } from '#host/net';
import { systemRandom } from '#host/random';
import {
  ConfigError,
  decodeConfigFile,
  parseSendmailConfig,
  sendmailProblem,
  sendmailSpool,
  wholeFile,
  type ConfigFile,
  type SendmailSettings,
} from '#mail/config';
import {
  exitCodes,
  InputTooLarge,
  MailSender,
  parseSendmailArguments,
  readMessage,
  sendmailFile,
  Spool,
  spoolFolder,
  type ExitCode,
  type MessageOrigin,
  type SendmailCommand,
  type SendmailPlace,
} from '../sendmail/index.ts';
import { localTime, plain, print } from '../terminal.ts';

const usage = (file: string): string => `Usage: godwit sendmail [options] [--] [recipient...] < message
Hands a message to the server of ${file}
(or GODWIT_SENDMAIL_...), or keeps it when that fails.
  -t                 take recipients from To, Cc and Bcc (Resent-... when there)
  -f, -r ADDRESS     envelope sender; <> for none
  -F NAME            full name, for a missing From
  -i, -oi            a line with only a dot does not end the message
  -N WORDS, -R full|hdrs, -V ID
                     delivery status notifications (RFC 3461)
  -v                 say what was sent
  -bp                list what is kept
  --flush [--all]    send what is kept; --all: also what is not due, or was refused
  --config FILE      another configuration file
Other options of sendmail are accepted and ignored.`;

/** A session that takes longer is given up; the message is kept. */
const maxSessionMs = 15 * 60_000;
const maxSecretBytes = 65_536;
const readFix = 'Let the user who runs sendmail read it';
const thereFix = 'Name a file that exists; relative paths count from the folder of the configuration';

/** Runs `sendmail` with the arguments after its name. @returns the exit code, one of `sysexits.h`. */
export async function sendmail(args: readonly string[]): Promise<number> {
  // Standard output may be closed; the message is sent or kept all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const command = parseSendmailArguments(args);
  if (command.kind === 'help') {
    print(usage(sendmailFile(null, thisPlace()).path));
    return exitCodes.EX_OK;
  }
  if (command.kind === 'wrong') {
    tell(command.reason);
    return exitCodes.EX_USAGE;
  }
  try {
    return await runCommand(command);
  } catch (error) {
    if (error instanceof InputTooLarge) {
      tell(error.message);
      return exitCodes.EX_DATAERR;
    }
    if (error instanceof ConfigError) {
      tell(error.message);
      return exitCodes.EX_CONFIG;
    }
    if (error instanceof Error && errorCode(error) !== null) {
      tell(error.message);
      return exitCodes.EX_IOERR;
    }
    console.error('sendmail: this is a bug, please report it:');
    console.error(error);
    return exitCodes.EX_SOFTWARE;
  }
}

/** Asked for when needed: a user may have no home, and still wants help. */
function thisPlace(): SendmailPlace {
  return {
    platform: process.platform,
    environment: process.env,
    get home() {
      return homedir();
    },
  };
}

type RunnableCommand = Extract<SendmailCommand, { readonly kind: 'send' | 'flush' | 'list' }>;

async function runCommand(command: RunnableCommand): Promise<ExitCode> {
  const files = new Files();
  const place = thisPlace();
  const named = sendmailFile(command.configFile, place);
  const path = resolve(named.path);
  // The message comes first: even with a wrong configuration it is kept.
  const message = command.kind === 'send' ? await readMessage(process.stdin, command) : null;
  const found = await readFile(files, path);
  const file = found instanceof ConfigError ? null : found;
  const spool = new Spool(files, resolve(dirname(path), sendmailSpool(file, process.env) ?? spoolFolder(place)));
  if (command.kind === 'list') return await listSpool(spool);
  const configure: ConstructorParameters<typeof MailSender>[0]['configure'] = async () => {
    const isNeeded = named.isNamed || (process.env['GODWIT_SENDMAIL_HOST'] ?? '') === '';
    const wrong: Wrong = (setting, { reason, fix }, cause) =>
      new ConfigError([sendmailProblem(file, process.env, setting, reason, fix)], { cause });
    return await configured(
      files,
      parseSendmailConfig(found ?? (isNeeded ? missing(path) : null), process.env),
      dirname(path),
      wrong,
    );
  };
  const sender = new MailSender({
    configure,
    spool,
    now: () => Date.now(),
    newId: () => encodeHex(systemRandom.bytes(8)),
    sessionSignal: () => AbortSignal.timeout(maxSessionMs),
    tell,
    chat: (line) => (command.verbose ? print(plain(line)) : undefined),
  });
  if (command.kind === 'flush') return await sender.flush(command.all);
  return await sender.send(command.request, originOf(Date.now()), message ?? new Uint8Array());
}

/** The file; null when there is none, the error when it cannot be read: the message is kept first, then it counts. */
async function readFile(files: Files, path: string): Promise<ConfigFile | ConfigError | null> {
  try {
    const bytes = await files.read(path);
    return bytes === null ? null : decodeConfigFile(path, bytes);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    if (errorCode(error) === null) throw error;
    return new ConfigError([wholeFile(path, `it cannot be read: ${messageOf(error)}`, readFix)], { cause: error });
  }
}

/** The problem of a file that is needed and not there. */
function missing(path: string): ConfigError {
  const fix = 'Write it with at least "host: mail.example.org", name it with --config, or set GODWIT_SENDMAIL_HOST';
  return new ConfigError([wholeFile(path, 'there is no such file', fix)]);
}

/** A setting that names a file. */
type FileSetting = 'passwordFile' | 'tokenFile' | 'caFile' | 'certificateFile' | 'keyFile';
/** A fault of a file that a setting names. */
interface FileFault {
  readonly reason: string;
  readonly fix: string;
}
/** Makes the error that blames a setting. */
type Wrong = (setting: FileSetting, fault: FileFault, cause?: unknown) => ConfigError;

/** @throws ConfigError for a file that a setting names in vain. */
async function configured(files: Files, settings: SendmailSettings, folder: string, wrong: Wrong) {
  const { login, caFile, localHostname, clientCertificate } = settings;
  const read: ReadSetting = async (setting, name) => {
    const path = resolve(folder, name);
    let bytes: Uint8Array | null;
    try {
      bytes = await files.read(path, maxSecretBytes * 16);
    } catch (cause) {
      throw wrong(setting, { reason: `${path} cannot be read: ${messageOf(cause)}`, fix: readFix }, cause);
    }
    if (bytes === null) throw wrong(setting, { reason: `${path} is not there`, fix: thereFix });
    try {
      // A byte order mark is no part of the text.
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw wrong(setting, { reason: `${path} is not UTF-8 text`, fix: 'Save it as UTF-8' }, cause);
    }
  };
  const firstLine = async (setting: FileSetting, name: string): Promise<Secret> => {
    const line = (await read(setting, name)).split(/\r?\n/, 1)[0] ?? '';
    if (line.trim() === '')
      throw wrong(setting, {
        reason: `the first line of ${resolve(folder, name)} is empty`,
        fix: 'Write the secret there',
      });
    return new Secret(line);
  };
  const secret = login?.secret ?? { kind: 'none' };
  const token = secret.kind === 'token' ? await firstLine('tokenFile', secret.file) : null;
  const trusted: Trusted = caFile === null ? {} : { trustedPem: [await read('caFile', caFile)] };
  const untrusted = trusted.trustedPem?.map(trustedPemProblem).find((problem) => problem !== null);
  if (untrusted != null)
    throw wrong('caFile', {
      reason: `${resolve(folder, caFile ?? '')} ${untrusted}`,
      fix: 'Name a file with PEM certificates',
    });
  const trust =
    clientCertificate === null ? trusted : { identity: await identityOf(clientCertificate, trusted, read, wrong) };
  const deps = {
    dialer: nodeDialer(trust),
    lookup: addressesOf,
    random: systemRandom,
    hostname: localHostname ?? ownName(),
    password:
      secret.kind !== 'password'
        ? null
        : secret.password instanceof Secret
          ? secret.password
          : await firstLine('passwordFile', secret.password.file),
    token: token === null ? null : new Secret(token.reveal().trim()),
  };
  return { settings, deps };
}

/** @throws Error with a reason for people. */
async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOTFOUND') throw new Error('the name is not known', { cause });
    if (code === 'EAI_AGAIN') throw new Error('DNS does not answer', { cause });
    throw cause;
  }
}

type Trusted = Partial<Pick<TlsIdentity, 'trustedPem'>>;
/** The text of a file that a setting names. */
type ReadSetting = (setting: FileSetting, name: string) => Promise<string>;

/** @throws ConfigError when a file cannot be used. */
async function identityOf(
  { certificateFile, keyFile }: NonNullable<SendmailSettings['clientCertificate']>,
  trusted: Trusted,
  read: ReadSetting,
  wrong: Wrong,
): Promise<TlsContext> {
  const pem = {
    certPem: await read('certificateFile', certificateFile),
    keyPem: await read('keyFile', keyFile),
    ...trusted,
  };
  try {
    return tlsContext(pem);
  } catch (cause) {
    const reason = `${certificateFile} with ${keyFile} cannot be used: ${messageOf(cause)}`;
    throw wrong(
      'certificateFile',
      { reason, fix: 'Name a PEM certificate and the private key that belongs to it' },
      cause,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The machine's name when it is one that may stand in EHLO, else an address literal (RFC 5321 §4.1.4). */
function ownName(): string {
  const parsed = parseDomain(machineName());
  return parsed.ok ? parsed.value.ascii : '[127.0.0.1]';
}

function originOf(createdMs: number): MessageOrigin {
  const parsed = parseDomain(machineName());
  const hostname = parsed.ok ? parsed.value.ascii : 'localhost';
  const id = encodeHex(systemRandom.bytes(12));
  return {
    createdMs,
    offsetMinutes: -new Date(createdMs).getTimezoneOffset(),
    messageId: `<${id}@${hostname}>`,
    user: userName(),
    hostname,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In containers a user may have a number only.
    return process.env['LOGNAME'] ?? process.env['USER'] ?? `user${process.getuid?.() ?? ''}`;
  }
}

async function listSpool(spool: Spool): Promise<ExitCode> {
  const names = await spool.list();
  for (const name of names) {
    const read = await spool
      .read(name)
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    const created = localTime(name.createdMs);
    if (typeof read === 'string') {
      // Sent by another process in between, or damaged.
      print(plain(`${created}  ${name.id}  ${read}`));
      continue;
    }
    const { spooled, message } = read;
    const sending = name.claimedMs === null ? '' : ', being sent';
    const due = name.dueMs === null ? 'refused' : `due ${localTime(name.dueMs)}`;
    const named = spooled.remaining ?? spooled.request.recipients;
    const to = named.length > 0 ? named.join(', ') : 'those of its header';
    print(
      plain(`${created}  ${name.id}  ${message.length} bytes  ${due}${sending}  ${to}`),
      plain(`    ${spooled.reason}`),
    );
  }
  if (names.length === 0) print(`Nothing is kept in ${spool.folder}.`);
  return exitCodes.EX_OK;
}

function tell(line: string): void {
  for (const one of line.split('\n')) console.error(`sendmail: ${plain(one)}`);
}
