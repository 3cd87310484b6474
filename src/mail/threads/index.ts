/**
 * Conversations: the thread to which a new message belongs. It is found by Message-IDs among messages of equal base subject; for a reply that
 * names no known message, by base subject and time, in the spirit of RFC 5256 §3. A thread's number is the id of its first message and never changes.
 */
export { findThread, subjectKey } from './find-thread.ts';
