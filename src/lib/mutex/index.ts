/**
 * Runs work that must not overlap. The number of waiting pieces is not bounded: callers are few, such as commands of an operator.
 */
export { Mutex } from './mutex.ts';
