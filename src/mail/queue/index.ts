/**
 * The outbound queue: one row per recipient, from accepted to delivered, failed or dropped.
 * A row's life is the table in README.md. Nothing here opens sockets (a `Transmitter` does) or knows how a DSN is written (#lib/dsn).
 * Invariants: everything is durable before `enqueue` resolves; a row is finished only after what it owes the sender is recorded;
 * content goes only when no recipient needs it, row before blob.
 */
export { NotRecalled, Queue } from './queue.ts';
export { QueueRunner } from './runner.ts';
export { QueueSweeper } from './sweeper.ts';
export { ageStartMs, retryUntil } from './schedule.ts';
export { defaultSettings } from './settings.ts';
export type { QueueSettings } from './settings.ts';
export { readSession } from './session-record.ts';
export type { SessionRecord } from './session-record.ts';
export type { Routing } from './lane.ts';
export { readEvents, writeEvent } from './events.ts';
export { HoldRules } from './hold-rules.ts';
export { statusOf } from './recipient-row.ts';
export type { RecipientStatus, RecipientStatusRow, StoryRecipient, TriedRecipient } from './recipient-row.ts';
export {
  canBeRecalled,
  checkedRecipients,
  contradictoryRecipients,
  hasRecipients,
  messagesTo,
  missingRecipients,
  needsContent,
  recipientStatuses,
  recipientsOfMessage,
  recipientsWithHalfNotice,
  recipientsWithoutMessage,
  triedRecipients,
} from './recipient-rows.ts';
export type { FollowedNotice, QueueFollower } from './follower.ts';
export { policyOf } from './per-account.ts';
export type { OutgoingPolicies, OutgoingPolicy, PerAccount } from './per-account.ts';
export { refusesAddress } from './refused-address.ts';
export type {
  DeliveryOutcome,
  OutgoingRecipient,
  RemoteHost,
  RemoteReply,
  Transmission,
  Transmitter,
} from './transmitter.ts';
export { pausedStatus } from './lease.ts';
export type { TransportPause } from './transport-pauses.ts';
export { Notify } from './types.ts';
export type {
  AttemptRecord,
  DsnSink,
  NewMessage,
  NewFailure,
  NewRecipient,
  QueueFilter,
  QueueItem,
  RecipientState,
} from './types.ts';
