/**
 * Who may connect, and how often: limits per network shared by all listeners and protocols. Trusted networks are exempt.
 * Nothing here writes to connections: callers say no in their protocol's words.
 */
export { Admission } from './admission.ts';
export { admissionTexts } from './texts.ts';
export type { Lockout } from './lockouts.ts';
export { type LoginAttempt } from './logins.ts';
