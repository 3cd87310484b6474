/**
 * The story of a message, for an operator who asks why: how it was accepted or refused, which way it took, what was said in each attempt, what people
 * did with it, and what becomes of it. Stories are composed on request, from what others keep: the queue's rows, and a message's row in its
 * account, whose `validation` is a `ReceptionRecord`. Kept here are only the mails that were refused, so that "it never arrived" has an answer.
 *
 * Invariants: keeping what stories need costs no statement of its own while mail is taken; what a stranger can make us keep is bounded;
 * reading stories never holds the process for longer than a few hundred rows take.
 */
export { acceptanceOf, writeOrigin, writeReception } from './acceptance.ts';
export type { Acceptance, Check, SubmissionOrigin } from './acceptance.ts';
export { Refusals } from './refusals.ts';
export { refusalLimits } from './limits.ts';
export { sessionLines } from './session-lines.ts';
export { Stories } from './stories.ts';
export type { StoryQuestion } from './stories.ts';
export type { Story } from './types.ts';
export { writeStory } from './write-story.ts';
