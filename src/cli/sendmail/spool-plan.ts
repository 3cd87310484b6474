/** Contents of a spooled message's name. */
export interface SpoolName {
  /** When it was kept first, milliseconds since 1970. */
  readonly createdMs: number;
  /** Not to be tried before, milliseconds since 1970; null for a message that was refused for good. */
  readonly dueMs: number | null;
  /** Tells messages of one moment apart: lower-case hexadecimal. */
  readonly id: string;
  /** When a process took it to send it, milliseconds since 1970; null when none has. */
  readonly claimedMs: number | null;
}

const pattern = /^(\d{15})-([0-9a-f]{8,32})\.(?:(\d{15})|refused)(?:\.(\d{15})\.sending)?$/;

/** The file name: order of names is order of arrival. */
export function spoolName(name: SpoolName): string {
  const plain = `${digits(name.createdMs)}-${name.id}.${name.dueMs === null ? 'refused' : digits(name.dueMs)}`;
  return name.claimedMs === null ? plain : `${plain}.${digits(name.claimedMs)}.sending`;
}

/** Reads a file name; null when it is not one of a spool. */
export function parseSpoolName(name: string): SpoolName | null {
  const match = pattern.exec(name);
  if (match === null) return null;
  return {
    createdMs: Number(match[1]),
    id: match[2] ?? '',
    dueMs: match[3] === undefined ? null : Number(match[3]),
    claimedMs: match[4] === undefined ? null : Number(match[4]),
  };
}

function digits(ms: number): string {
  return String(ms).padStart(15, '0');
}

/** A process that took a message longer ago than this is dead: no session lasts so long. */
const maxClaimMs = 3_600_000;
const firstPauseMs = 5 * 60_000;
const longestPauseMs = 4 * 3_600_000;
/** RFC 5321 §4.5.4.1: giving up takes at least 4 to 5 days. */
const giveUpMs = 5 * 86_400_000;

/**
 * Which messages to send now, oldest first; `waiting` counts those that are not due, `refused` those that a plain flush leaves alone,
 * `taken` those that another process is sending.
 */
export function planFlush(
  names: readonly SpoolName[],
  nowMs: number,
  all: boolean,
): { readonly due: readonly SpoolName[]; readonly waiting: number; readonly refused: number; readonly taken: number } {
  const free = names.filter(({ claimedMs }) => claimedMs === null || nowMs - claimedMs > maxClaimMs);
  const isDue = ({ dueMs }: SpoolName): boolean => all || (dueMs !== null && dueMs <= nowMs);
  const due = free.filter(isDue).toSorted((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  const refused = all ? 0 : free.filter(({ dueMs }) => dueMs === null).length;
  return { due, waiting: free.length - due.length - refused, refused, taken: names.length - free.length };
}

/**
 * When to try again after `attempts` tries of a flush failed: 5 minutes, doubling up to 4 hours. A message that was just kept is due at once.
 * @returns null when it has waited for 5 days: it is then left as refused.
 */
export function nextTryMs(createdMs: number, attempts: number, nowMs: number): number | null {
  if (nowMs - createdMs > giveUpMs) return null;
  if (attempts === 0) return nowMs;
  return nowMs + Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts - 1, 20));
}
