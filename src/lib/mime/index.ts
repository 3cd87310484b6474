/**
 * MIME structure of messages (RFC 2045, 2046, 2183): where each part lies, without keeping bodies; decoding bodies to text,
 * previews, and composing messages. Readers never fail; all limits are arguments. Header fields themselves are in #lib/message.
 */
export { defaultMimeLimits } from './limits.ts';
export type { MimeLimits } from './limits.ts';
export { MimeIndexer } from './mime-indexer.ts';
export type {
  Disposition,
  EmbeddedMessage,
  Envelope,
  EnvelopeAddress,
  MessageIndex,
  MimeProblem,
  Parameter,
  Part,
} from './part.ts';
