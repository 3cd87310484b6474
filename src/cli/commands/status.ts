import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#host/clock';
import { callControl, controlEndpoint, ControlEnded, ControlUnavailable } from '#host/control';
import { formatProblem } from '#mail/config';
import type { TransportPause } from '#mail/queue';
import type { Clock } from '#ports/clock';
import { conditionText } from '#ports/conditions';
import type { Lockout } from '#server/admission';
import type { StartResult } from '#server/assemble';
import { conditionFix, type ConditionFacts, type DiskFacts } from '#server/conditions';
import type { CertificateFacts, ServerStatus } from '#server/operations';
import { readPlace } from '../connection.ts';
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

/**
 * Asks the server of a folder for its status; with `waitMs`, until it is ready. @returns null when none runs, or none was ready in time.
 * @throws ConfigError for a configuration that is wrong (one that is not there yet is waited for), Error when a server gives up while it starts.
 */
async function statusWithin(folder: string, waitMs: number, clock: Clock): Promise<ServerStatus | null> {
  const untilMs = clock.monotonic() + waitMs;
  for (;;) {
    const answer = waitMs > 0 ? await statusOfStarting(folder, untilMs, clock) : await statusNow(folder);
    if (answer !== null || clock.monotonic() >= untilMs) return answer;
    await clock.sleep(pauseMs);
  }
}

async function statusNow(folder: string): Promise<ServerStatus | null> {
  const { dataDirectory } = await readPlace(folder);
  try {
    return (await callControl(controlEndpoint(dataDirectory), 'status', {})) as ServerStatus;
  } catch (error) {
    if (error instanceof ControlUnavailable) return null;
    throw error;
  }
}

/** The status of a server that is ready, or becomes so in time; null when there is none, or another command works on the data. @throws Error when it gives up. */
async function statusOfStarting(folder: string, untilMs: number, clock: Clock): Promise<ServerStatus | null> {
  if (!existsSync(join(folder, 'server.yaml'))) return null;
  const { dataDirectory } = await readPlace(folder);
  const endpoint = controlEndpoint(dataDirectory);
  const late = new AbortController();
  using _timer = clock.timer(Math.max(0, untilMs - clock.monotonic()), () => late.abort());
  try {
    const { gaveUp } = (await callControl(endpoint, 'ready', {}, late.signal)) as StartResult;
    if (gaveUp !== null) throw new GaveUp(`the server on ${folder} gave up while it started: ${gaveUp}`);
    const answer = (await callControl(endpoint, 'status', {})) as ServerStatus;
    return answer.server === null ? null : answer;
  } catch (error) {
    if (error instanceof GaveUp) throw error;
    if (error instanceof ControlEnded && !late.signal.aborted) {
      throw new GaveUp(`the server on ${folder} ended while it started; its log says why`, { cause: error });
    }
    const isSystemError = error instanceof Error && 'code' in error;
    if (isSystemError && !late.signal.aborted) throw error;
    return null;
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
  const answer = await statusWithin(folder, seconds * 1000, systemClock);
  if (answer === null) {
    if (options.json === true) printJson(null);
    else
      print(seconds === 0 ? `No server runs on ${folder}.` : `No server was ready on ${folder} within ${seconds} s.`);
    if (seconds > 0) await reportSetup(folder);
    return 1;
  }
  if (options.json === true) printJson(answer);
  else print(...linesOf(answer));
  return 0;
}

/** Says on standard error what keeps a server from starting; nothing while its configuration is not there yet. */
async function reportSetup(folder: string): Promise<void> {
  if (!existsSync(join(folder, 'server.yaml'))) return;
  const { setupProblems } = await import('../setup-problems.ts');
  const { stops } = await setupProblems(folder);
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
