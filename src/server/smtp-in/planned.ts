import type { Clock } from '#ports/clock';
import { Refusal } from '#proto/smtp-server';
import { plannedFailure, type Stage } from '#server/localserve';

const timeoutMs = 60 * 60_000;

/** Fails as a localserve address asks for at this stage; undefined when it asks for nothing. @throws Refusal. */
export function failOnPurpose(localpart: string, stage: Stage, clock: Clock): Promise<void> | undefined {
  const failure = plannedFailure(localpart, stage);
  if (failure === null) return undefined;
  if (failure.kind === 'reply') throw new Refusal(failure.code, failure.enhanced, failure.text);
  // An hour is longer than any client waits; after it the connection simply ends.
  return clock.sleep(timeoutMs).then(() => {
    throw new Refusal(421, '4.4.2', 'timeout asked for by the address');
  });
}
