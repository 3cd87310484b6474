import { parseAddress, writeAddress, type Address } from '#lib/address';
import { ConfigError, type SendmailSettings } from '#mail/config';
import type { SendRequest } from './arguments.ts';
import { deliver, type DeliverDeps, type Delivered } from './deliver.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { prepareMessage, type MessageOrigin, type PreparedMessage } from './prepare.ts';
import { RepeatedLines } from './repeated-lines.ts';
import { nextTryMs, planFlush, type SpoolName } from './spool-plan.ts';
import type { Spool } from './spool.ts';

/** Dependencies of a `MailSender`. */
export interface MailSenderDeps {
  /** Reads the configuration, anew for each run. @throws ConfigError, also for a file that it names in vain, or Error when the configuration cannot be read. */
  readonly configure: () => Promise<{
    readonly settings: SendmailSettings;
    readonly deps: Omit<DeliverDeps, 'signal'>;
  }>;
  readonly spool: Spool;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For names of files: lower-case hexadecimal, different each time. */
  readonly newId: () => string;
  /** Aborts when a session has lasted too long. */
  readonly sessionSignal: () => AbortSignal;
  /** Tells people; text from servers is not yet safe for terminals. */
  readonly tell: (line: string) => void;
  /** Told with `-v` only. */
  readonly chat: (line: string) => void;
}

/** One message, given now or kept before. */
interface Job {
  readonly request: SendRequest;
  readonly origin: MessageOrigin;
  readonly message: Uint8Array;
  readonly remaining: readonly string[] | null;
}

interface JobResult {
  readonly exitCode: ExitCode;
  /** Null: all of them. */
  readonly later: readonly Address[] | null;
  readonly refused: readonly Address[];
  readonly reason: string;
  /** It could not even be offered to a server: all of it is kept as refused. */
  readonly isUnusable?: boolean;
}

const nothing: readonly Address[] = [];

/** Sends messages, and keeps what could not be sent. */
export class MailSender {
  readonly #deps: MailSenderDeps;

  constructor(deps: MailSenderDeps) {
    this.#deps = deps;
  }

  /** Sends one message or keeps it. @returns the exit code. */
  async send(request: SendRequest, origin: MessageOrigin, message: Uint8Array): Promise<ExitCode> {
    const job: Job = { request, origin, message, remaining: null };
    const result = await this.#attempt(job, this.#deps.tell);
    const name = { createdMs: origin.createdMs, id: this.#deps.newId() };
    try {
      const isKept = await this.#keep(job, result, name, 0);
      if (isKept) this.#deps.tell(keptText(this.#deps.spool.folder, result));
    } catch (error) {
      this.#deps.tell(`the message could not be kept and is LOST: ${reasonOf(error)}`);
      return exitCodes.EX_CANTCREAT;
    }
    return result.exitCode;
  }

  /** Sends what waits, oldest first. @returns the exit code of the first that did not go, EX_OK when all went. */
  async flush(all: boolean): Promise<ExitCode> {
    const { spool, now, tell, chat } = this.#deps;
    const once = new RepeatedLines(tell);
    const { due, waiting, refused, taken } = planFlush(await spool.list(), now(), all);
    let exitCode: ExitCode = exitCodes.EX_OK;
    let tried = 0;
    for (const name of due) {
      const claimed = await spool.claim(name, now());
      if (claimed === null) continue;
      tried += 1;
      const code = await this.#again(claimed, once.tell);
      if (exitCode === exitCodes.EX_OK) exitCode = code;
    }
    once.finish();
    const others = taken + due.length - tried;
    chat(`${tried} tried${others > 0 ? `, ${others} left to another process` : ''}`);
    if (waiting > 0) tell(`${waiting} not due yet; --all tries them as well`);
    if (refused > 0) tell(`${refused} refused for good in ${spool.folder}; --all tries them again`);
    return exitCode;
  }

  async #again(name: SpoolName, tell: MailSenderDeps['tell']): Promise<ExitCode> {
    const { spool } = this.#deps;
    try {
      const { spooled, message } = await spool.read(name);
      const job: Job = { ...spooled, message };
      const result = await this.#attempt(job, tell);
      await this.#keep(job, result, name, spooled.attempts + 1);
      // Kept anew under another name before: a crash in between may send twice, never lose.
      await spool.remove(name);
      return result.exitCode;
    } catch (error) {
      tell(`${name.id}: ${reasonOf(error)}`);
      return exitCodes.EX_IOERR;
    }
  }

  /** As `#try`; a bug of ours must not cost the message. */
  async #attempt(job: Job, tell: MailSenderDeps['tell']): Promise<JobResult> {
    try {
      return await this.#try(job, tell);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tell(`this is a bug, please report it: ${reason}`);
      return { exitCode: exitCodes.EX_SOFTWARE, later: null, refused: nothing, reason: reasonOf(error) };
    }
  }

  async #try(job: Job, tell: MailSenderDeps['tell']): Promise<JobResult> {
    const { configure, sessionSignal, chat } = this.#deps;
    let configured: Awaited<ReturnType<MailSenderDeps['configure']>>;
    try {
      configured = await configure();
    } catch (error) {
      const text = reasonOf(error);
      tell(error instanceof ConfigError ? text : `configuration: ${text}`);
      return { exitCode: exitCodes.EX_CONFIG, later: null, refused: nothing, reason: text };
    }
    const { settings, deps } = configured;
    const prepared = prepareMessage(job.message, job.request, settings, job.origin);
    if (prepared.kind === 'unusable') {
      tell(prepared.reason);
      // A corrected configuration helps against the one; the other is for a person to look at.
      const later = prepared.exitCode === exitCodes.EX_CONFIG ? null : nothing;
      const { exitCode, reason } = prepared;
      return { exitCode, later, refused: nothing, reason, isUnusable: later !== null };
    }
    const mail = { ...prepared, recipients: remainingOf(prepared, job.remaining) };
    const delivered = await deliver(mail, job.request, settings, { ...deps, signal: sessionSignal() });
    for (const reason of delivered.reasons) tell(reason);
    if (delivered.reply !== null) chat(`sent to ${delivered.sent.length}: ${delivered.reply}`);
    return resultOf(delivered, mail.recipients.length, job);
  }

  /** @returns whether anything was kept. */
  async #keep(
    job: Job,
    { later, refused, reason, isUnusable = false }: JobResult,
    { createdMs, id }: { readonly createdMs: number; readonly id: string },
    attempts: number,
  ): Promise<boolean> {
    const { spool, now, newId } = this.#deps;
    const keep = (dueMs: number | null, remaining: readonly string[] | null, asId: string): Promise<string> => {
      const { request, origin, message } = job;
      return spool.keep(
        { createdMs, dueMs, id: asId },
        { request, origin, remaining, attempts, reason },
        message,
        attempts > 0,
      );
    };
    if (later === null || later.length > 0) {
      const remaining = later === null ? job.remaining : texts(later);
      await keep(nextTryMs(createdMs, attempts, now()), remaining, id);
    }
    if (isUnusable) await keep(null, job.remaining, id);
    // Beside those that wait it needs a name of its own.
    const isBoth = later === null || later.length > 0;
    if (refused.length > 0) await keep(null, texts(refused), isBoth ? newId() : id);
    return isBoth || isUnusable || refused.length > 0;
  }
}

function keptText(folder: string, { later, refused }: JobResult): string {
  const isDue = later === null || later.length > 0;
  const also = isDue && refused.length > 0 ? ', with --all also for those that were refused' : '';
  return `the message is kept in ${folder}; 'godwit sendmail --flush${isDue ? '' : ' --all'}' tries again${also}`;
}

function resultOf(delivered: Delivered, count: number, job: Job): JobResult {
  const { later, refused, exitCode, reasons } = delivered;
  // With the request alone a corrected configuration helps.
  const isAll = later.length === count && job.remaining === null;
  return { exitCode, later: isAll ? null : later, refused, reason: reasons.join('; ').slice(0, 1000) };
}

function remainingOf({ recipients }: PreparedMessage, remaining: readonly string[] | null): readonly Address[] {
  if (remaining === null) return recipients;
  return remaining.flatMap((text) => {
    const parsed = parseAddress(text);
    return parsed.ok ? [parsed.value] : [];
  });
}

function texts(addresses: readonly Address[]): string[] {
  return addresses.map((address) => writeAddress(address));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
