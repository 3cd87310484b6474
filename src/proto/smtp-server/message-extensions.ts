import type { SessionLimits } from './limits.ts';
import type { SessionOptions } from './options.ts';

/** An extension as EHLO announces it: its keyword and arguments. */
export type AnnouncedExtension = readonly [keyword: string, ...args: string[]];

/** Extensions about a message, by keyword; what is about the connection is announced by EHLO alone. */
export interface MessageExtensions {
  readonly size: AnnouncedExtension;
  readonly futureRelease: AnnouncedExtension | null;
  readonly dsn: AnnouncedExtension | null;
}

/** Returns the extensions about a message that a session offers. @param nowMs  Milliseconds since 1970. */
export function messageExtensions(
  options: Pick<SessionOptions, 'dsn' | 'futureRelease'>,
  limits: Pick<SessionLimits, 'maxHoldMs' | 'maxMessageBytes'>,
  nowMs: number,
): MessageExtensions {
  // RFC 4865 §3: the longest interval in seconds, and the latest time in UTC; both are required.
  const until = new Date(nowMs + limits.maxHoldMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    // RFC 1870 §3: SIZE carries the largest message in octets.
    size: ['SIZE', String(limits.maxMessageBytes)],
    futureRelease: options.futureRelease ? ['FUTURERELEASE', String(Math.floor(limits.maxHoldMs / 1000)), until] : null,
    dsn: options.dsn ? ['DSN'] : null,
  };
}
