import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#host/clock';
import { ControlEnded, ControlUnavailable } from '#host/control';
import { dataDirectoryProblem } from '#host/files';
import { ConfigError, formatProblem, type ConfigProblem } from '#mail/config';
import type { TransportPause } from '#mail/queue';
import type { Clock } from '#ports/clock';
import { conditionText } from '#ports/conditions';
import type { Lockout } from '#server/admission';
import { conditionFix, type ConditionFacts, type DiskFacts } from '#server/conditions';
import type { CertificateFacts, ServerStatus } from '#server/operations';
import { askControl, callsAt, findDoor, warnOf } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Options of `status`. */
interface StatusOptions extends FolderOptions {
  readonly json?: boolean;
  /** Seconds, true for the default. */
  readonly wait?: string | true;
}

const defaultWaitS = 30;
const pauseMs = 50;

/** The answer of the server of a folder, or its absence. */
interface Answer {
  /** Null when none runs, or none was ready in time. */
  readonly status: ServerStatus | null;
  /** Of `server.yaml` as it is now. */
  readonly problems: readonly ConfigProblem[];
  /** The path of the data directory leads to something else, such as a file. */
  readonly isUnusable: boolean;
}

/**
 * Asks the server of a folder for its status; with `waitMs`, until it is ready.
 * @throws ConfigError for a configuration that no server could start with while none runs (one that is not there yet is waited for), Error when a server gives up while it starts.
 */
async function statusWithin(folder: string, waitMs: number, clock: Clock): Promise<Answer> {
  const untilMs = clock.monotonic() + waitMs;
  for (;;) {
    const answer = waitMs > 0 ? await statusOfStarting(folder, untilMs, clock) : await statusNow(folder);
    if (answer.status !== null || clock.monotonic() >= untilMs) return answer;
    await clock.sleep(pauseMs);
  }
}

async function statusNow(folder: string): Promise<Answer> {
  const { endpoint, problems, dataDirectory } = await findDoor(folder);
  const isUnusable = dataDirectoryProblem(dataDirectory) !== null;
  try {
    return { status: await callsAt(endpoint)('status', {}), problems, isUnusable };
  } catch (error) {
    if (error instanceof ControlUnavailable) return { status: null, problems, isUnusable };
    throw error;
  }
}

/** The status of a server that is ready, or becomes so in time; null when there is none, or another command works on the data. @throws Error when it gives up. */
async function statusOfStarting(folder: string, untilMs: number, clock: Clock): Promise<Answer> {
  if (!existsSync(join(folder, 'server.yaml'))) return { status: null, problems: [], isUnusable: false };
  const { endpoint, problems, dataDirectory } = await findDoor(folder);
  const isUnusable = dataDirectoryProblem(dataDirectory) !== null;
  const late = new AbortController();
  using _timer = clock.timer(Math.max(0, untilMs - clock.monotonic()), () => late.abort());
  try {
    const { gaveUp } = await askControl(endpoint, 'ready', late.signal);
    if (gaveUp !== null) throw new GaveUp(`the server on ${folder} gave up while it started: ${gaveUp}`);
    const answer = await callsAt(endpoint)('status', {});
    return { status: answer.server === null ? null : answer, problems, isUnusable };
  } catch (error) {
    if (error instanceof GaveUp) throw error;
    if (error instanceof ControlUnavailable && problems.length > 0) throw new ConfigError(problems, { cause: error });
    if (error instanceof ControlEnded && !late.signal.aborted) {
      throw new GaveUp(`the server on ${folder} ended while it started; its log says why`, { cause: error });
    }
    const isSystemError = error instanceof Error && 'code' in error;
    if (isSystemError && !late.signal.aborted) throw error;
    return { status: null, problems, isUnusable };
  }
}

/** A server ended before it was ready. */
class GaveUp extends Error {
  override readonly name = 'GaveUp';
}

/** Shows how the server is. @returns the exit code: 1 when none runs. */
export async function status(options: StatusOptions): Promise<number> {
  const folder = configFolder(options);
  const { wait } = options;
  const seconds = wait === undefined ? 0 : wait === true ? defaultWaitS : Number(wait);
  if (!Number.isFinite(seconds) || seconds < 0) throw new Error(`--wait ${String(wait)} is no number of seconds`);
  const { status: found, problems, isUnusable } = await statusWithin(folder, seconds * 1000, systemClock);
  if (found === null) {
    if (options.json === true) printJson(null);
    else
      print(seconds === 0 ? `No server runs on ${folder}.` : `No server was ready on ${folder} within ${seconds} s.`);
    if (seconds > 0 || problems.length > 0 || isUnusable) await reportSetup(folder);
    return 1;
  }
  warnOf(problems);
  if (options.json === true) printJson(found);
  else print(...linesOf(found));
  return 0;
}

/** Reports on standard error what keeps a server from starting, and how to mend it. */
async function reportSetup(folder: string): Promise<void> {
  const { setupProblems } = await import('../setup-problems.ts');
  const { stops } = await setupProblems(folder, 'try');
  if (stops.length > 0) console.error(`It does not start:\n${stops.map(formatProblem).join('\n')}`);
}

function linesOf({ pid, hostname, accounts, waiting, held, memoryBytes, server }: ServerStatus): string[] {
  return table([
    ['host', hostname],
    ['process', `${pid}, ${Math.round(memoryBytes / 2 ** 20)} MiB`],
    ...(server === null ? [] : [['since', localTime(server.startedMs)]]),
    ['accounts', String(accounts)],
    ['waiting', `${waiting} in the queue${held === 0 ? '' : `, ${held} of them on hold`}`],
    ...(server?.addresses ?? []).map(({ service, address, port }) => [service, `${address} port ${port}`]),
    ...diskLines(server?.disk ?? null),
    ...(server?.conditions ?? []).slice(0, maxConditions).map((condition) => ['trouble', conditionLine(condition)]),
    ...(server?.pausedTransports ?? []).map((pause) => ['transport', pauseLine(pause)]),
    ...(server?.lockouts ?? []).slice(0, maxLockouts).map((lockout) => ['locked out', lockoutLine(lockout)]),
    ...(server?.dkimProblems ?? []).map((problem) => ['DKIM', plain(problem)]),
    ...(server?.certificates ?? []).map((certificate) => ['certificate', certificateText(certificate, Date.now())]),
  ]);
}

/** Conditions on one screen: the latest come first. */
const maxConditions = 20;

function diskLines(disk: DiskFacts | null): string[][] {
  if (disk === null) return [];
  const state = { ok: '', low: ', LOW', full: ', FULL: mail is refused until there is room' }[disk.state];
  return [['disk', `${sizeText(disk.freeBytes)} free of ${sizeText(disk.totalBytes)}${state}`]];
}

/** `disk full: /var/lib/godwit/server.db, 12 times from … to …`. */
function conditionLine({ kind, subject, count, firstMs, lastMs }: ConditionFacts): string {
  const times =
    count === 1 ? `on ${localTime(lastMs)}` : `${count} times from ${localTime(firstMs)} to ${localTime(lastMs)}`;
  return `${conditionText(kind)}: ${plain(subject)}, ${times}: ${conditionFix(kind)}`;
}

/** `relay PAUSED since …, tried again at …: relay.example.net: 535 …`. */
function pauseLine({ transport, sinceMs, untilMs, reason, refusals }: TransportPause): string {
  const logins = refusals === 1 ? 'its login was refused' : `its login was refused ${refusals} times`;
  const when = `since ${localTime(sinceMs)}, tried again at ${localTime(untilMs)}`;
  return `${transport} PAUSED ${when}, as ${logins}: ${plain(reason)}; run 'godwit queue resume ${transport}' when it is corrected`;
}

/** Lockouts on one screen. */
const maxLockouts = 10;

/** `203.0.113.7 until …, after failed logins, the last as alice`. */
function lockoutLine({ address, login, untilMs }: Lockout): string {
  const last = login === null ? '' : `, the last as ${plain(login)}`;
  return `${address} until ${localTime(untilMs)}, after failed logins${last}`;
}

function sizeText(bytes: number): string {
  return bytes >= 10 * 2 ** 30 ? `${Math.round(bytes / 2 ** 30)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

const dayMs = 24 * 60 * 60_000;

/** `mail.example.org (listener public), until 2027-02-28, 90 days`. @param nowMs  Milliseconds since 1970. */
export function certificateText({ listener, names, endsMs }: CertificateFacts, nowMs: number): string {
  const days = Math.floor((endsMs - nowMs) / dayMs);
  const left = endsMs <= nowMs ? 'ENDED' : days === 1 ? '1 day' : `${days} days`;
  return `${names.join(', ')} (listener ${listener}), until ${new Date(endsMs).toISOString().slice(0, 10)}, ${left}`;
}
