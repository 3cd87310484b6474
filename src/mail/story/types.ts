import type { QueueId } from '#lib/ids';
import type { RecipientState, SessionRecord } from '#mail/queue';
import type { Acceptance, Check, Origin } from './acceptance.ts';

/** Recipients of one transmission that got the same answer. */
export interface AttemptResult {
  readonly recipients: readonly string[];
  readonly outcome: 'delivered' | 'deferred' | 'refused';
  /** Code and text of the reply, or the reason; lines separated by `\n`. */
  readonly reply: string;
}

/** One transmission of a message to one or more of its recipients. */
export interface AttemptEvent {
  readonly kind: 'attempt';
  readonly atMs: number;
  readonly durationMs: number;
  /** One for each answer that recipients got; never empty. */
  readonly results: readonly AttemptResult[];
  readonly host: string | null;
  readonly ip: string | null;
  /** Destination and reasons, in lines; null when they were not recorded. */
  readonly route: string | null;
  /** Null when it was not recorded, or when no connection came about. */
  readonly session: SessionRecord | null;
}

/** Events of a message, in the order of time. Times are in milliseconds since 1970. */
export type StoryEvent =
  /** A user, or the server itself, gave a message to the queue. */
  | {
      readonly kind: 'queued';
      readonly atMs: number;
      readonly origin: Origin | null;
      /** Requests of the sender: `RET=HDRS`, `REQUIRETLS`, for one recipient `NOTIFY=NEVER for bob@example.org`. */
      readonly wishes: readonly string[];
      /** FUTURERELEASE: not tried before; null for at once. */
      readonly holdUntilMs: number | null;
    }
  | AttemptEvent
  /** Operations and notices; `what` and `detail` are as they were recorded. */
  | {
      readonly kind: 'happened';
      readonly atMs: number;
      readonly what: string;
      readonly recipients: readonly string[];
      readonly detail: Readonly<Record<string, unknown>>;
    }
  /**
   * A message was put into a mailbox. `by` is null for what the server wrote itself, and for what came before such records were kept; `remoteIp` is of
   * an SMTP client, `sender` null when there was none and a mail program stored the message.
   */
  | {
      readonly kind: 'received';
      readonly atMs: number;
      readonly by: Acceptance | null;
      readonly remoteIp: string | null;
      readonly checks: readonly Check[];
      /** Reason why it went where it went; null when nothing special was decided. */
      readonly explanation: string | null;
      readonly sender: string | null;
      readonly recipient: string | null;
    }
  /** A place came to an end as the message went to another mailbox. Mailboxes that are gone have no name. */
  | { readonly kind: 'moved'; readonly atMs: number; readonly from: string | null; readonly to: string | null }
  /** Another place came about. */
  | { readonly kind: 'copied'; readonly atMs: number; readonly to: string | null }
  /** The last place came to an end. */
  | { readonly kind: 'deleted'; readonly atMs: number }
  /** A message was refused, once or again and again on one day. */
  | {
      readonly kind: 'refused';
      readonly atMs: number;
      readonly lastMs: number;
      readonly times: number;
      readonly by: Acceptance;
      /** The command that was refused. */
      readonly stage: string;
      readonly reply: string;
      /** Reason that the peer did not learn; null when the reply says it all. */
      readonly explanation: string | null;
    };

/** Current state of one recipient. */
export interface RecipientNow {
  /** Of the queue: `message.number`. */
  readonly id: string;
  readonly address: string;
  readonly state: RecipientState;
  readonly isHeld: boolean;
  readonly attempts: number;
  /** Null when the state is final. */
  readonly nextAttemptMs: number | null;
  /** When it is given up; null when the state is final. */
  readonly giveUpMs: number | null;
  /** Last word of a host, or why none was reached. */
  readonly lastReply: string | null;
  /** The transport was paused when the recipient was due last: its server refuses the login of this one. */
  readonly isPaused: boolean;
  readonly finishedMs: number | null;
  /** Notice that the sender has not received yet, null for none. */
  readonly noticeOwed: string | null;
}

/** A message in a mailbox. */
export interface PlaceNow {
  readonly mailbox: string;
  readonly uid: number;
  /** As IMAP shows them. */
  readonly flags: readonly string[];
}

/** Facts about one message. */
export type Story =
  | {
      readonly kind: 'outgoing';
      /** Of the message in the queue. */
      readonly id: QueueId;
      /** With angle brackets. */
      readonly messageId: string | null;
      /** Name of the account that submitted it, null for the server itself. */
      readonly account: string | null;
      /** Reverse-path; empty for the null one. */
      readonly sender: string;
      readonly sizeBytes: number;
      readonly events: readonly StoryEvent[];
      readonly recipients: readonly RecipientNow[];
    }
  | {
      readonly kind: 'incoming';
      readonly messageId: string | null;
      readonly account: string;
      readonly sender: string | null;
      readonly sizeBytes: number;
      readonly events: readonly StoryEvent[];
      readonly places: readonly PlaceNow[];
    }
  | {
      readonly kind: 'refused';
      readonly sender: string;
      /** Empty when the sender was refused before any recipient was named. */
      readonly recipient: string;
      readonly events: readonly StoryEvent[];
    };
