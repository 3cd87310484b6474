/**
 * Conversations: which thread a new message belongs to. By Message-IDs first, among messages of equal base subject; a reply that names
 * no known message, by base subject and time (RFC 5256 §3 in spirit). A thread's number is the id of its first message and never changes.
 */
export { findThread, subjectKey } from './find-thread.ts';
