import { writeAddress, type Address } from '#lib/address';
import type { Secret } from '#lib/secret';
import { showReply } from '#lib/smtp';
import type { SendmailSettings } from '#mail/config';
import type { Channel } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import type { Random } from '#ports/random';
import {
  SmtpClient,
  type ClientTlsMode,
  type OpenOutcome,
  type OutgoingMail,
  type RecipientOutcome,
} from '#proto/smtp-client';
import type { SendRequest } from './arguments.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import type { PreparedMessage } from './prepare.ts';

/** Dependencies of sending. */
export interface DeliverDeps {
  readonly dialer: Dialer;
  /** Addresses of a host name, in the order to try. @throws Error when there are none. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
  readonly random: Random;
  /** Our name for EHLO. */
  readonly hostname: string;
  /** Secrets of the login; both null without a login, or when the client certificate is the proof. */
  readonly password: Secret | null;
  readonly token: Secret | null;
  /** Ends the session when its time is up. */
  readonly signal: AbortSignal;
}

/** Result for a message: each recipient is in exactly one of the lists. */
export interface Delivered {
  readonly sent: readonly Address[];
  /** To be tried again. */
  readonly later: readonly Address[];
  /** The server will never take these. */
  readonly refused: readonly Address[];
  readonly exitCode: ExitCode;
  /** One line for each thing that went wrong, for people; text of the server in it is as it came. */
  readonly reasons: readonly string[];
  /** The reply that made the message the server's, null when none was sent. */
  readonly reply: string | null;
}

/** Verdict on a failure: whether trying again helps, and the exit code. */
interface Verdict {
  readonly isFinal: boolean;
  readonly exitCode: ExitCode;
  readonly reason: string;
}

const dialTimeoutMs = 30_000;

/** Hands a message to the configured server. Never rejects for what the network or the server does. */
export async function deliver(
  mail: PreparedMessage,
  request: SendRequest,
  settings: SendmailSettings,
  deps: DeliverDeps,
): Promise<Delivered> {
  let addresses: readonly string[];
  try {
    addresses = await deps.lookup(settings.host);
  } catch (error) {
    return nothingSent(mail, later(`no address of ${settings.host}: ${reasonOf(error)}`));
  }
  let verdict = later(`${settings.host} has no addresses`);
  for (const address of addresses) {
    const opened = await open(address, settings, deps);
    if (opened.kind === 'no') {
      verdict = opened.verdict;
      // A wrong password is wrong at every address, and trying it everywhere may lock the account.
      if (verdict.exitCode === exitCodes.EX_NOPERM) break;
      continue;
    }
    const abort = (): void => opened.client.destroy();
    deps.signal.addEventListener('abort', abort, { once: true });
    try {
      return await send(opened.client, mail, request, settings);
    } finally {
      deps.signal.removeEventListener('abort', abort);
      await opened.client.quit();
    }
  }
  return nothingSent(mail, verdict);
}

type Opened =
  | { readonly kind: 'yes'; readonly client: SmtpClient }
  | { readonly kind: 'no'; readonly verdict: Verdict };

async function open(address: string, settings: SendmailSettings, deps: DeliverDeps): Promise<Opened> {
  const { host, port, tls, login, mechanisms } = settings;
  const clientTls = { serverName: host.replace(/\.$/, ''), verify: 'require' } as const;
  const where = `${host} (${address} port ${port})`;
  let channel: Channel;
  try {
    const immediate = tls === 'submissions' ? { tls: clientTls } : {};
    channel = await deps.dialer.dial({ address, port, timeoutMs: dialTimeoutMs, signal: deps.signal, ...immediate });
  } catch (error) {
    if (!(error instanceof DialFailed)) throw error;
    return { kind: 'no', verdict: later(`connecting to ${where}: ${advised(error.message)}`) };
  }
  const mode: ClientTlsMode = tls === 'starttls' ? { mode: 'required', tls: clientTls } : { mode: 'none' };
  const credentials =
    login === null
      ? {}
      : {
          credentials: {
            login: login.user,
            password: deps.password,
            ...(deps.token === null ? {} : { token: deps.token }),
            server: { host, port },
            ...(mechanisms === null ? {} : { mechanisms }),
            // The configuration allows no TLS only on this machine.
            allowClear: tls === 'none',
          },
        };
  const { random, hostname } = deps;
  const client = new SmtpClient({ channel, hostname, tls: mode, random, ...credentials });
  const abort = (): void => client.destroy();
  deps.signal.addEventListener('abort', abort, { once: true });
  const outcome = await client.open();
  deps.signal.removeEventListener('abort', abort);
  return outcome.kind === 'ready' ? { kind: 'yes', client } : { kind: 'no', verdict: notOpened(outcome, where) };
}

function notOpened(outcome: Exclude<OpenOutcome, { readonly kind: 'ready' }>, where: string): Verdict {
  if (outcome.kind === 'refused') {
    const reason = `${where} says ${showReply(outcome.reply)}`;
    if (outcome.stage !== 'auth' || outcome.reply.code < 500) return later(reason);
    return { isFinal: false, exitCode: exitCodes.EX_NOPERM, reason: `the login failed: ${reason}` };
  }
  const reason = `${where}: ${advised(outcome.reason)}`;
  if (outcome.failure !== 'auth') return later(reason);
  return { isFinal: false, exitCode: exitCodes.EX_NOPERM, reason: `the login failed: ${reason}` };
}

/** Node advises its own options about certificates that it does not trust; here a setting helps. */
function advised(reason: string): string {
  const hint = '; if it is the right server, name the certificate that signs for it as caFile';
  return reason.replace(/; if the root CA is installed locally.*$/, hint);
}

async function send(
  client: SmtpClient,
  mail: PreparedMessage,
  request: SendRequest,
  settings: SendmailSettings,
): Promise<Delivered> {
  const sent: Address[] = [];
  const delayed: Address[] = [];
  const refused: Address[] = [];
  const reasons: string[] = [];
  let reply: string | null = null;
  let exitCode: ExitCode = exitCodes.EX_OK;
  const results = await client.send(outgoing(mail, request, settings));
  for (const [i, { outcome }] of results.entries()) {
    const address = mail.recipients[i];
    if (address === undefined) continue;
    if (outcome.kind === 'accepted') {
      sent.push(address);
      reply = showReply(outcome.reply);
    } else {
      const verdict = verdictOf(outcome);
      (verdict.isFinal ? refused : delayed).push(address);
      exitCode = worse(exitCode, verdict.exitCode);
      reasons.push(`${writeAddress(address, 'unicode')}: ${verdict.reason}`);
    }
  }
  return { sent, later: delayed, refused, exitCode, reasons: [...new Set(reasons)], reply };
}

function outgoing(
  mail: PreparedMessage,
  { notify, ret, envid }: SendRequest,
  { requireTls }: SendmailSettings,
): OutgoingMail {
  return {
    from: mail.from,
    recipients: mail.recipients.map((address) => ({ address, ...(notify === null ? {} : { notify }) })),
    sizeBytes: mail.content.length,
    eightBit: mail.eightBit,
    eightBitAnyway: true,
    smtputf8: mail.smtputf8,
    requireTls,
    ...(ret === null ? {} : { ret }),
    ...(envid === null ? {} : { envid }),
    async *content() {
      yield mail.content;
    },
  };
}

function verdictOf(outcome: Exclude<RecipientOutcome, { readonly kind: 'accepted' }>): Verdict {
  if (outcome.kind === 'refused') {
    const { reply, stage } = outcome;
    const reason = `the server says ${showReply(reply)}`;
    if (reply.code < 500) return later(reason);
    const isUnknown = stage === 'rcpt' && reply.enhanced?.startsWith('5.1.') === true;
    return { isFinal: true, exitCode: isUnknown ? exitCodes.EX_NOUSER : exitCodes.EX_UNAVAILABLE, reason };
  }
  const { failure, reason } = outcome;
  if (failure === 'content') return { isFinal: true, exitCode: exitCodes.EX_DATAERR, reason };
  const isLack = failure === 'size' || failure === 'smtputf8' || failure === '8bitmime' || failure === 'requiretls';
  return isLack ? { isFinal: true, exitCode: exitCodes.EX_UNAVAILABLE, reason } : later(reason);
}

function later(reason: string): Verdict {
  return { isFinal: false, exitCode: exitCodes.EX_TEMPFAIL, reason };
}

/** Returns the exit code to report: refusals for good come before waiting, as the caller may have to act. */
function worse(a: ExitCode, b: ExitCode): ExitCode {
  if (a === exitCodes.EX_OK || a === exitCodes.EX_TEMPFAIL) return b;
  return a;
}

function nothingSent(mail: PreparedMessage, verdict: Verdict): Delivered {
  const { exitCode, reason } = verdict;
  return { sent: [], later: mail.recipients, refused: [], exitCode, reasons: [reason], reply: null };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
