/**
 * Work that must not overlap. Nothing here bounds how much waits: callers are few, such as commands of an operator.
 */
export { Turns } from './turns.ts';
