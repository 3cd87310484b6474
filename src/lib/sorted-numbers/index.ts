/**
 * Looks for numbers in arrays that ascend, such as the UIDs of a mailbox.
 */
export { lowerBound } from './lower-bound.ts';
