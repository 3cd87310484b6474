/**
 * The log of an account's changes and what is kept current from it. Every write takes the next MODSEQ (`advance`), every row remembers
 * the MODSEQ that last touched it, removals leave tombstones: "what changed since n" is an indexed query, and the only way any session
 * learns anything (invariant 5). The bus only says when to look.
 */
export { accountTopic, advance, currentModSeq, initializeState, takeIds, takeUidValidity } from './account-state.ts';
export { Changes, readChanges } from './changes.ts';
export { type MailboxImage } from './mailbox-image.ts';
export { MailboxImages, type ImageLease } from './mailbox-images.ts';
