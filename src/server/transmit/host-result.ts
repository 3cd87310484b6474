import type { DeliveryOutcome, RemoteHost, RemoteReply, Transmission } from '#mail/queue';

/** Result of trying one host. */
export type HostResult =
  | {
      readonly kind: 'final';
      readonly outcomes: readonly DeliveryOutcome[];
      /** True when the host may have the message for some recipient, and did not say so. */
      readonly fellSilent?: boolean;
      /** Positions of recipients that it could not be asked about, as it does not offer what they need; another host may. */
      readonly lacking?: readonly number[];
    }
  /** It accepted nothing and refused nothing for good by its answer; another host may take the message. */
  | {
      readonly kind: 'tryNext';
      readonly outcomes: readonly DeliveryOutcome[];
      /** True when no other host can be reached either. */
      readonly isEverywhere?: boolean;
    };

/** Returns the same outcome for every recipient. */
export function forAll({ recipients }: Pick<Transmission, 'recipients'>, outcome: DeliveryOutcome): DeliveryOutcome[] {
  return recipients.map(() => outcome);
}

/** Returns an outcome that is tried again. */
export function later(
  reason: string,
  remote: RemoteHost | null = null,
  reply: RemoteReply | null = null,
): DeliveryOutcome {
  return { kind: 'deferred', reason, reply, remote };
}

/** Returns the result of a host that is passed over, with one outcome for all recipients. */
export function tryNext(transmission: Transmission, outcome: DeliveryOutcome): HostResult {
  return { kind: 'tryNext', outcomes: forAll(transmission, outcome) };
}

/** Returns the outcome of a host to which nothing may be sent. @param status  An enhanced status code; class 5 when trying again is no use. */
export function unsafe(reason: string, status: string, remote: RemoteHost): DeliveryOutcome {
  return status.startsWith('5')
    ? { kind: 'refused', reason, reply: null, status, remote }
    : { kind: 'deferred', reason, reply: null, status, remote };
}

/** Gives outcomes the reason of the signal where we ended the dialogue ourselves, as the attempt's time was up. */
export function cutShort(result: HostResult, signal: AbortSignal): HostResult {
  if (!signal.aborted) return result;
  const reason = signal.reason instanceof Error ? signal.reason.message : 'given up';
  const outcomes = result.outcomes.map((one) =>
    one.kind === 'deferred' && one.reply === null ? { ...one, reason } : one,
  );
  return { ...result, outcomes };
}
