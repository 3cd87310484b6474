import type { JsonObject } from '#lib/jmap';
import { messageExtensions } from '#proto/smtp-server';
import { submissionOffer } from '#server/submission';
import type { MailContext } from './mail-context.ts';

/** URI of the submission capability (RFC 8621 §1.3.2). */
export const submissionUri = 'urn:ietf:params:jmap:submission';

const dayMs = 86_400_000;

/** Returns the submission capability of the account (RFC 8621 §1.3.2); null when the login may not send. */
export function submissionCapability({ clock, isReadOnly, sending }: MailContext): JsonObject | null {
  if (isReadOnly || !sending.maySend) return null;
  const { limits } = sending;
  // The latest time changes once a day only, because the state of the session changes with it.
  const nowMs = Math.floor(clock.now() / dayMs) * dayMs;
  const { size, futureRelease, dsn } = messageExtensions(submissionOffer, limits, nowMs);
  const announced = [size, futureRelease, dsn].filter((extension) => extension !== null);
  return {
    maxDelayedSend: futureRelease === null ? 0 : Math.floor(limits.maxHoldMs / 1000),
    submissionExtensions: Object.fromEntries(announced.map(([keyword, ...args]) => [keyword, args])),
  };
}
