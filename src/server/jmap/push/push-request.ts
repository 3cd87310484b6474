import type { JsonObject } from '#lib/jmap';
import { encryptMessage, makeSenderKeys, vapidAuthorization, type VapidKey } from '#lib/web-push';
import type { PushSubscription } from '#mail/push-subscriptions';
import type { Clock } from '#ports/clock';
import type { Fetched, Fetcher } from '#ports/fetcher';
import type { Random } from '#ports/random';
import type { WebPushLimits } from './web-push-limits.ts';

/** Urgency of a message (RFC 8030 §5.3): what a phone on battery is woken for. */
export type Urgency = 'low' | 'normal' | 'high';

/** Parts with which messages are sent. */
export interface PushRequestDeps {
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  readonly random: Random;
  readonly key: VapidKey;
  /** Address to reach the operator, such as `mailto:postmaster@example.org`. */
  readonly contact: string;
  readonly limits: WebPushLimits;
}

/** The end of one request. */
export type PushOutcome =
  | { readonly kind: 'accepted' }
  /** The push service does not know the URL anymore (RFC 8030 §7.3). */
  | { readonly kind: 'gone'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | null };

/** Time in s for which a signature holds; RFC 8292 §2 allows a day. */
const signatureSeconds = 12 * 60 * 60;

/** Sends one message to the URL of a subscription (RFC 8620 §7.2, RFC 8030 §5), encrypted when it has keys, and signed (RFC 9749 §4). */
export async function sendPush(
  { url, keys }: PushSubscription,
  message: { readonly object: JsonObject; readonly ttlSeconds: number; readonly urgency: Urgency },
  { fetcher, clock, random, key, contact, limits }: PushRequestDeps,
  signal: AbortSignal,
): Promise<PushOutcome> {
  const text = new TextEncoder().encode(JSON.stringify(message.object));
  const secrets = async () => ({ sender: await makeSenderKeys(), salt: random.bytes(16) });
  const body = keys === null ? text : await encryptMessage(text, keys, await secrets());
  const expires = Math.floor(clock.now() / 1000) + signatureSeconds;
  const headers = {
    'Content-Type': 'application/json',
    ...(keys !== null && { 'Content-Encoding': 'aes128gcm' }),
    TTL: String(message.ttlSeconds),
    Urgency: message.urgency,
    Authorization: await vapidAuthorization(key, { audience: new URL(url).origin, expires, contact }),
  };
  const { timeoutMs, maxAnswerBytes: maxBytes } = limits;
  const answer = await fetcher.fetch({ url, maxBytes, timeoutMs, signal, post: { headers, body }, onlyPublic: true });
  return outcomeOf(answer, clock.now());
}

function outcomeOf(answer: Fetched, nowMs: number): PushOutcome {
  if (answer.kind === 'failed') return { kind: 'failed', reason: answer.reason, retryAfterMs: null };
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  if (status === 404 || status === 410) return { kind: 'gone', reason: `status ${status}` };
  // A redirect could lead anywhere: it is a failure like others.
  return { kind: 'failed', reason: `status ${status}`, retryAfterMs: waitOf(answer.retryAfter ?? null, nowMs) };
}

/** Parses Retry-After (RFC 9110 §10.2.3): seconds, or a date. */
function waitOf(field: string | null, nowMs: number): number | null {
  if (field === null) return null;
  if (/^\d{1,9}$/.test(field)) return Number(field) * 1000;
  const ms = Date.parse(field);
  return Number.isNaN(ms) ? null : Math.max(0, ms - nowMs);
}
