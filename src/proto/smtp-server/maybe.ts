import type { Maybe } from './backend.ts';

/** Goes on with `value`, at once when it is there: a promise costs a turn of the loop for each command. */
export function after<T, R>(value: Maybe<T>, goOn: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
