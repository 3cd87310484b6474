import type { Lane } from './lane.ts';
import type { LeasedMessage } from './lease.ts';
import type { LeasedRecipient } from './recipient-row.ts';

/** Slots of lanes for messages that are being accepted: what is leased as it is written need not be found among the rows that are due. */
export interface Express {
  /** Takes a slot of a lane; null where none is free, or others wait for it. Then the message waits, too. */
  reserve(lane: Lane): Reservation | null;
}

/** A slot of a lane. Exactly one of `go` and `cancel` is called, and only once. */
export interface Reservation {
  /** Name and end of the lease that the recipients are to be written with; the end is in milliseconds since 1970. */
  readonly lease: string;
  readonly untilMs: number;
  /** Begins the transmission. The rows are durable. */
  go(accepted: AcceptedGroup): void;
  /** Gives the slot back. */
  cancel(): void;
}

/** Recipients of a message that has just been accepted, all in one lane. */
export interface AcceptedGroup {
  readonly message: LeasedMessage;
  readonly recipients: readonly LeasedRecipient[];
  /** Bytes of the body where they are in memory, null where they are in a blob. */
  readonly bytes: Uint8Array | null;
}
