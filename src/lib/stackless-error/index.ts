/** Errors that are answers to a client, of which a stranger may ask for many. */
export { StacklessError } from './stackless-error.ts';
