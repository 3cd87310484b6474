import type { DeliveryOutcome, RemoteHost, RemoteReply, Transmission } from '#mail/queue';

/** What came of trying one place. */
export type Tried =
  | {
      readonly kind: 'done';
      readonly outcomes: readonly DeliveryOutcome[];
      /** It may have the message for some recipient, and did not say so. */
      readonly fellSilent?: boolean;
      /** Positions of recipients that it could not be asked about, as it does not offer what they need; another place may. */
      readonly lacking?: readonly number[];
    }
  /** Nothing was accepted or refused for good by its answer; another place may do better. */
  | {
      readonly kind: 'next';
      readonly outcomes: readonly DeliveryOutcome[];
      /** No other place can be reached this way. */
      readonly isEverywhere?: boolean;
    };

/** The same for every recipient. */
export function forAll({ recipients }: Pick<Transmission, 'recipients'>, outcome: DeliveryOutcome): DeliveryOutcome[] {
  return recipients.map(() => outcome);
}

/** To be tried again. */
export function later(
  reason: string,
  remote: RemoteHost | null = null,
  reply: RemoteReply | null = null,
): DeliveryOutcome {
  return { kind: 'deferred', reason, reply, remote };
}

/** Nothing came of a place, for any recipient. */
export function next(transmission: Transmission, outcome: DeliveryOutcome): Tried {
  return { kind: 'next', outcomes: forAll(transmission, outcome) };
}

/** Nothing may be sent to a place. @param status  An enhanced status code; class 5 when trying again is no use. */
export function unsafe(reason: string, status: string, remote: RemoteHost): DeliveryOutcome {
  return status.startsWith('5')
    ? { kind: 'refused', reason, reply: null, status, remote }
    : { kind: 'deferred', reason, reply: null, status, remote };
}

/** Where we ended the dialogue ourselves, as the attempt's time was up, that is the reason. */
export function cutShort(tried: Tried, signal: AbortSignal): Tried {
  if (!signal.aborted) return tried;
  const reason = signal.reason instanceof Error ? signal.reason.message : 'given up';
  const outcomes = tried.outcomes.map((one) =>
    one.kind === 'deferred' && one.reply === null ? { ...one, reason } : one,
  );
  return { ...tried, outcomes };
}
