/**
 * The description of a message that is stored once and that every protocol reads: its listed header fields as they stand, and its part tree.
 * Here are its type and the bytes in which it is kept. What a protocol makes of it (ENVELOPE, BODYSTRUCTURE) is the protocol's business; the
 * first text for lists is a column of its own, because it may be made later (#mail/messages).
 */
export { DescriptionDamaged } from './damaged.ts';
export { decodeDescription, encodeDescription, MessageDescription } from './description.ts';
