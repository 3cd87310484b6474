/**
 * The IMAP wire format of the server's side: RFC 9051 and RFC 3501 with their extensions, bytes to commands and values to bytes.
 * Pure: no connection, no mailbox, no decision. A session feeds `ImapCodec`, gets commands and events, and answers
 * with the writers, which format everything with a syntax of its own; status responses are plain lines.
 * Invariants: no input makes a parser throw or take more than linear time; nothing is buffered past `ImapLimits`; messages of
 * APPEND are streamed, never held.
 */
export { ImapCodec } from './codec.ts';
export type {
  Command,
  FetchCommand,
  FlagList,
  ListCommand,
  SearchCommand,
  SelectCommand,
  StatusItem,
  StoreCommand,
} from './command.ts';
export type { ImapEvent } from './event.ts';
export type { FetchItem, Partial, Section } from './fetch-item.ts';
export { parseCommand } from './parse-command.ts';
export { defaultLimits, unauthenticatedLimits } from './limits.ts';
export type { SearchKey } from './search-key.ts';
export type { SequenceNumber, SequenceSet } from './sequence-set.ts';
export { matchListPattern } from './list-pattern.ts';
export type { TextOptions } from './quoted.ts';
export { ResponseWriter } from './response-writer.ts';
export { bodyStructureText, bodyText, envelopeText, ListText, listTexts } from './message-texts.ts';
export { NoBodyStructure } from './short-structure.ts';
export { writeBodyStructure } from './write-body-structure.ts';
export { noMailboxName } from './parse-mailbox.ts';
export { writeEnvelope } from './write-envelope.ts';
export { writeList, writeNamespace, writeStatus } from './write-mailbox-data.ts';
export { sequenceSetPieces, writeInternalDate, writeSequenceSet } from './write-numbers.ts';
export { writeEsearch } from './write-search.ts';
