/**
 * Who may connect and log in, and how often: limits per network shared by all listeners and protocols, from which trusted networks are exempt; and
 * the decision, count and record of every login (`Logins`).
 * Nothing here writes to connections: callers refuse in their protocol's words.
 */
export { Admission } from './admission.ts';
export { admissionTexts } from './texts.ts';
export { Networks } from './networks.ts';
export type { Lockout } from './lockouts.ts';
export { Logins, type LoginTerms, type LoginTry } from './logins.ts';
export { disabledText, type OpenLogin } from './open-logins.ts';
