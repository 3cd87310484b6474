import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#host/clock';
import { callControl, controlEndpoint, ControlUnavailable } from '#host/control';
import type { TransportPause } from '#mail/queue';
import type { Clock } from '#ports/clock';
import { conditionText } from '#ports/conditions';
import type { Lockout } from '#server/admission';
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
 * @throws ConfigError for a configuration that is wrong; one that is not there yet is waited for.
 */
async function statusWithin(folder: string, waitMs: number, clock: Clock): Promise<ServerStatus | null> {
  const untilMs = clock.monotonic() + waitMs;
  for (;;) {
    const answer = await statusNow(folder, waitMs > 0);
    if (answer !== null && (waitMs === 0 || answer.server !== null)) return answer;
    if (clock.monotonic() >= untilMs) return null;
    await clock.sleep(pauseMs);
  }
}

async function statusNow(folder: string, mayCome: boolean): Promise<ServerStatus | null> {
  if (mayCome && !existsSync(join(folder, 'server.yaml'))) return null;
  const { dataDirectory } = await readPlace(folder);
  try {
    return (await callControl(controlEndpoint(dataDirectory), 'status', {})) as ServerStatus;
  } catch (error) {
    const isStarting = mayCome && error instanceof Error && !('code' in error);
    if (error instanceof ControlUnavailable || isStarting) return null;
    throw error;
  }
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
    return 1;
  }
  if (options.json === true) printJson(answer);
  else print(...linesOf(answer));
  return 0;
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
