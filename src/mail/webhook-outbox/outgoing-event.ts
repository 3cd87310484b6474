import type { AccountId, QueueId, RecipientId } from '#lib/ids';

/** Outcome of one recipient: `suppressed` was never tried, `notice` is what another server says afterwards. */
export type OutgoingEventKind = 'delivered' | 'delayed' | 'failed' | 'suppressed' | 'notice';

/** An outcome to tell; the members are explained in README.md. */
export interface OutgoingEvent {
  readonly kind: OutgoingEventKind;
  readonly account: AccountId;
  readonly message: QueueId;
  readonly recipient: RecipientId;
  readonly messageId: string | null;
  readonly fromId: string | null;
  readonly envid: string | null;
  readonly from: string;
  readonly to: string;
  readonly attempts: number;
  readonly status: string;
  readonly reply: string;
  readonly host: string | null;
  /** Milliseconds since 1970. */
  readonly nextAttemptMs: number | null;
  readonly suppresses: boolean;
  /** Of kind `notice`. */
  readonly notice?: {
    /** As in RFC 3464 §2.3.3; `unrecognized` when there is none that we know. */
    readonly action: string;
    /** By what the message was recognised. */
    readonly trust: string;
  };
}

const maxReplyChars = 4096;

/** The body of an event, JSON. */
export function bodyOf(event: OutgoingEvent, nowMs: number): string {
  const { kind, message, recipient, messageId, fromId, envid, from, to, attempts, status, reply, host } = event;
  return JSON.stringify({
    version: 1,
    event: kind,
    time: new Date(nowMs).toISOString(),
    message,
    recipient,
    messageId,
    fromId,
    envelopeId: envid,
    from,
    to,
    attempts,
    status,
    reply: reply.slice(0, maxReplyChars),
    host,
    nextTry: event.nextAttemptMs === null ? null : new Date(event.nextAttemptMs).toISOString(),
    suppresses: event.suppresses,
    ...(event.notice !== undefined && { notice: event.notice }),
  });
}
