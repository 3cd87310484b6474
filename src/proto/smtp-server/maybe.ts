import type { Maybe } from './backend.ts';

/** Calls `goOn` with `value`: synchronously unless it is a promise, which costs a turn of the loop for each command. */
export function after<T, R>(value: Maybe<T>, goOn: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
