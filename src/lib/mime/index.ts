/**
 * MIME structure of messages (RFC 2045, 2046, 2183): offsets of each part, without keeping bodies; decoding bodies to text,
 * previews, and composing messages. Readers never fail; all limits are arguments. Header fields themselves are in #lib/message.
 */
export { decodeBody } from './body.ts';
export { BodyShape, type WrittenEncoding } from './body-shape.ts';
export { composeMessage, encodeBody } from './compose.ts';
export { arrangeBody } from './compose-body.ts';
export { partHead, type ComposedLeaf, type ComposedPart, type PartHead } from './composition.ts';
export { readFlowed } from './flowed.ts';
export { HeaderFacts } from './header-facts.ts';
export { htmlTextPieces, htmlToText } from './html-text.ts';
export { defaultMimeLimits } from './limits.ts';
export { MimeIndexer } from './mime-indexer.ts';
export { findPart, flattenParts } from './part-number.ts';
export { preview } from './preview.ts';
export type { Disposition, Envelope, EnvelopeAddress, MessageIndex, Parameter, Part, Spelling } from './part.ts';
