import { SystemFlag } from '#lib/flags';
import type { CounterChange } from '#mail/mailboxes';

/** Returns the change that one message makes to its mailbox's counters; `sign` -1 takes it away. */
export function counted(
  message: { readonly flags: number; readonly sizeBytes: number },
  sign: 1 | -1 = 1,
): CounterChange {
  const isDeleted = (message.flags & SystemFlag.Deleted) !== 0;
  return {
    messages: sign,
    unseen: (message.flags & SystemFlag.Seen) === 0 ? sign : 0,
    deleted: isDeleted ? sign : 0,
    sizeBytes: sign * message.sizeBytes,
    deletedSizeBytes: isDeleted ? sign * message.sizeBytes : 0,
  };
}

/** Sum of changes. */
export function summed(changes: Iterable<CounterChange>): CounterChange {
  let messages = 0;
  let unseen = 0;
  let deleted = 0;
  let sizeBytes = 0;
  let deletedSizeBytes = 0;
  for (const change of changes) {
    messages += change.messages;
    unseen += change.unseen;
    deleted += change.deleted;
    sizeBytes += change.sizeBytes;
    deletedSizeBytes += change.deletedSizeBytes;
  }
  return { messages, unseen, deleted, sizeBytes, deletedSizeBytes };
}
