import { z } from 'zod';
import { count, duration, durationUnitNames, writeDuration } from './units.ts';
import { wording } from './wording.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Settings of the queue where `server.yaml` says nothing. The reference of settings takes its words from here. */
export const queueDefaults = {
  // RFC 5321 §4.5.4.1: at least 30 minutes between attempts in general; a sooner first try helps with greylisting.
  retryAfterMs: [7.5 * minuteMs, 15 * minuteMs, 30 * minuteMs, hourMs, 2 * hourMs, 4 * hourMs, 8 * hourMs],
  // deviates: RFC 5321 §4.5.4.1 asks for 4 to 5 days; people who wait for an answer are better served by knowing after two.
  maxAgeMs: 2 * dayMs,
  tellDelayAfterMs: 4 * hourMs,
  // RFC 5321 §4.5.4.1: other servers try for 4 to 5 days, and what they say then is to be understood.
  keepFinishedMs: 7 * dayMs,
  concurrency: 50,
  concurrencyPerDestination: 5,
} as const satisfies Readonly<Record<string, number | readonly number[]>>;

/** Block `queue` of `server.yaml`. */
export const queue = z
  .strictObject({
    concurrency: count('transmissions', 'Transmissions at a time, to all destinations together.', {
      min: 1,
      max: 10_000,
    }).default(queueDefaults.concurrency),
    concurrencyPerDestination: count(
      'transmissions',
      'Transmissions at a time to one destination: a domain or an address literal.',
      {
        min: 1,
        max: 1000,
      },
    ).default(queueDefaults.concurrencyPerDestination),
    retryAfter: z
      .array(duration('A wait.', { min: minuteMs, max: 7 * dayMs }))
      .min(1)
      .max(50)
      .prefault(queueDefaults.retryAfterMs.map(writeDuration))
      .meta({
        description: `Waits between attempts, none shorter than the one before it; the last one repeats. Default: ${queueDefaults.retryAfterMs.map(writeDuration).join(', ')}. ${durationUnitNames}`,
      }),
    maxAge: duration('How long a message is tried before it goes back to its sender.', {
      min: 10 * minuteMs,
      max: 30 * dayMs,
    }).prefault(writeDuration(queueDefaults.maxAgeMs)),
    tellDelayAfter: duration(
      'When a message will be tried longer than this, its sender gets a delay notification, once.',
      { min: minuteMs, max: 30 * dayMs },
    ).prefault(writeDuration(queueDefaults.tellDelayAfterMs)),
    keepFinished: duration(
      'How long finished messages stay listed, and notices that come back about them are recognised: other servers try for 5 days.',
    ).prefault(writeDuration(queueDefaults.keepFinishedMs)),
  })
  .superRefine(({ retryAfter, maxAge, tellDelayAfter }, context) => {
    const shorter = retryAfter.findIndex((wait, i) => wait < (retryAfter[i - 1] ?? 0));
    if (shorter >= 0) {
      context.addIssue({
        code: 'custom',
        path: ['retryAfter', shorter],
        message: wording('is shorter than the wait before it', 'Sort the waits from short to long'),
      });
    }
    const first = retryAfter[0] ?? 0;
    if (first > maxAge) {
      context.addIssue({
        code: 'custom',
        path: ['retryAfter', 0],
        message: wording('is longer than queue.maxAge', 'Shorten it, or make queue.maxAge longer'),
      });
    }
    if (tellDelayAfter > maxAge) {
      context.addIssue({
        code: 'custom',
        path: ['tellDelayAfter'],
        message: wording('must not be longer than queue.maxAge', 'Shorten it, or make queue.maxAge longer'),
      });
    }
  })
  .prefault({})
  .meta({ description: 'The queue of outgoing mail.' });
