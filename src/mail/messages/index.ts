/**
 * Messages of an account: added, flagged, copied, moved, removed and read. A message has an email row (what never changes: description,
 * prefix, reception facts, shared by copies) with its content, and one narrow place row per mailbox it is in. An email that lost its last
 * place is recorded, and its wide rows are removed in the background (`EmailEraser`).
 * Counters, tombstones, numbers of places and MODSEQs change in the same transaction as the rows they describe (invariants 3 and 7).
 * Changes of many messages are cut into batches, but for those that must be all or nothing.
 * Parsing and blobs come before the transaction: `describeMessage` and #mail/content.
 */
export { EmailIds } from './email-ids.ts';
export { emailContents, type EmailContent } from './email-contents.ts';
export { describeMessage } from './describe-message.ts';
export { messageLimits } from './limits.ts';
export { encodeBinaryParts } from './encode-binary.ts';
export { inlinePreview } from './inline-preview.ts';
export { selectPlaces } from './message-rows.ts';
export { Messages } from './messages.ts';
export { MessageReader, type MessageColumns } from './message-reader.ts';
export { readOldStructure } from './old-structure.ts';
export { readDescription } from './stored-description.ts';
export type {
  Addition,
  Copied,
  FlagChange,
  NewMessage,
  PlaceChange,
  ReceptionFacts,
  Target,
  Together,
} from './message.ts';
