import type { Identity } from '#lib/sasl';

/** Keys with which messages are encrypted (RFC 8291 §2.1). */
export interface PushKeys {
  readonly p256dh: Uint8Array;
  readonly auth: Uint8Array;
}

/** A URL to which changes of an account are pushed (RFC 8620 §7.2). */
export interface PushSubscription {
  readonly id: number;
  /** The credentials that made it: it ends with them, and only they see it. */
  readonly identity: Pick<Identity, 'account' | 'login' | 'proof' | 'untilMs'>;
  /** Chosen by the client. */
  readonly deviceClientId: string;
  readonly url: string;
  /** Null when messages are not encrypted. */
  readonly keys: PushKeys | null;
  readonly verificationCode: string;
  readonly isVerified: boolean;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
  /** Null for all. */
  readonly types: readonly string[] | null;
  /** States that were last pushed, as the sender wrote them; empty before the first push. */
  readonly pushed: string;
}

/** A subscription that is about to be. */
export type NewPushSubscription = Omit<PushSubscription, 'id' | 'isVerified' | 'pushed'>;
