import type { QueueSettings } from './settings.ts';

/** RFC 5321 §4.5.4.1: an attempt just before the last one would be of no use. */
const maxLastGapMs = 30 * 60_000;
/** Part of a wait by which it may grow so that its attempt is the last one: configured waits are kept. */
const lastGapPart = 1 / 8;

/** Next step after an attempt that failed for now. */
export type NextStep =
  | { readonly kind: 'retry'; readonly atMs: number; readonly tellDelay: boolean }
  | { readonly kind: 'giveUp' };

/** Facts for the schedule. */
interface ScheduleFacts {
  /** Attempts made, the one that just ended included. */
  readonly attempts: number;
  /** From when its age counts: `ageStartMs`. */
  readonly startMs: number;
  readonly nowMs: number;
  /** True when the sender was notified of the delay already. */
  readonly delayTold: boolean;
  /** A random number from 0 to 1. */
  readonly chance: number;
  /** Until when the transport is paused: the wait is that for it, and no wait between attempts. Null or absent when it is not. */
  readonly pausedUntilMs?: number | null;
}

/**
 * Decides when to try again (RFC 5321 §4.5.4.1). Pure; the waits themselves are settings (`queueDefaults` of #mail/config). The last attempt is made at the very end of the message's age,
 * so that the promised Will-Retry-Until is true.
 */
export function nextStep(facts: ScheduleFacts, settings: QueueSettings): NextStep {
  const lastMs = retryUntil(facts.startMs, settings);
  if (facts.nowMs >= lastMs) return { kind: 'giveUp' };
  const wait = settings.retryAfterMs[Math.min(facts.attempts, settings.retryAfterMs.length) - 1] ?? settings.maxAgeMs;
  const wantedMs = facts.pausedUntilMs ?? facts.nowMs + Math.round(wait * (1 + settings.jitter * facts.chance));
  const gapMs = facts.pausedUntilMs == null ? Math.min(maxLastGapMs, wait * lastGapPart) : 0;
  const atMs = lastMs - wantedMs < gapMs ? lastMs : Math.min(wantedMs, lastMs);
  return { kind: 'retry', atMs, tellDelay: !facts.delayTold && atMs - facts.startMs >= settings.tellDelayAfterMs };
}

/** From when the age of a recipient counts: acceptance or the end of a FUTURERELEASE hold, which is `startMs`, or the end of a hold by an operator. */
export function ageStartMs(
  { startMs }: { readonly startMs: number },
  { releasedMs }: { readonly releasedMs: number | null },
): number {
  return Math.max(startMs, releasedMs ?? 0);
}

/** Until when delivery is tried whose age counts from `fromMs`; the value of Will-Retry-Until (RFC 3464 §2.3.9). */
export function retryUntil(fromMs: number, settings: Pick<QueueSettings, 'maxAgeMs'>): number {
  return fromMs + settings.maxAgeMs;
}
