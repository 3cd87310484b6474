import type { Clock } from '#ports/clock';
import { Refusal } from '#proto/smtp-server';
import { plannedFailure, type Stage } from '#server/localserve';

const timeoutMs = 60 * 60_000;

/**
 * Fails as a localserve address asks for at this stage; undefined when it asks for nothing. @throws Refusal.
 * @param deps.shutdown  Ends a timeout early: a server that stops does not wait.
 */
export function failOnPurpose(
  localpart: string,
  stage: Stage,
  { clock, shutdown }: { readonly clock: Clock; readonly shutdown: AbortSignal },
): Promise<void> | undefined {
  const failure = plannedFailure(localpart, stage);
  if (failure === null) return undefined;
  if (failure.kind === 'reply') throw new Refusal(failure.code, failure.enhanced, failure.text);
  // An hour is longer than any client waits; after it the connection simply ends.
  const refuse = (): never => {
    throw new Refusal(421, '4.4.2', 'timeout asked for by the address');
  };
  return clock.sleep(timeoutMs, shutdown).then(refuse, refuse);
}
