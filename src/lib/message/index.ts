/**
 * Internet messages as header fields: RFC 5322, 2047, 2231, 6532, 6854, and the base subject of RFC 5256.
 * Readers are tolerant: they never fail and never take more than linear time. Bodies and MIME structure are in #lib/mime.
 */
export { isAddressList } from './address-grammar.ts';
export { mailboxesOf, parseAddressList } from './address-list.ts';
export type { AddressEntry, MailboxEntry } from './address-list.ts';
export { decodeEncodedWords, encodedWordPieces } from './encoded-word.ts';
export { fieldOctets, fieldText, findField, HeaderField, parseHeader, textOf } from './header.ts';
export { defaultLimits } from './limits.ts';
export { listedFieldNames, listedFieldPlace, listedFields, listedPlaceAt, parseListedFields } from './listed-fields.ts';
export type { ListedFields } from './listed-fields.ts';
export { parseMessageIds } from './message-id.ts';
export { storedFieldEnd } from './stored-field.ts';
export { withoutComments } from './scanner.ts';
export { findParameter, parseContentType, parseDisposition, parseParameters } from './parameter.ts';
export type { Disposition, Parameter } from './parameter.ts';
export { baseSubject } from './base-subject.ts';
export { parseDate, writeDate } from './date.ts';
export { encodeWords } from './encoded-word-writer.ts';
export { foldField, writeUnstructured } from './header-writer.ts';
export { writeAddresses, writeParameters } from './structured-writer.ts';
export { writeDeliveredTo, writeReceived, writeReturnPath } from './trace.ts';
