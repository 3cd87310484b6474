/**
 * Behaviour of `localserve` that a production server must not have: decorators around the parts of one (addresses that fail on purpose: planned-failure.ts; mail for any
 * address that stays here: any-mail.ts), and a first start that writes a whole configuration with well-known passwords. The composition root puts the
 * decorators on (`developmentParts` of #server/assemble); nothing else knows that there are development servers.
 */
export { anyAddress, anyMail, anySender } from './any-mail.ts';
export { isDeveloperHost } from './developer-host.ts';
export { KeptRouting } from './kept-routing.ts';
export { lenientSessions } from './lenient-sessions.ts';
export { privateNetworks } from './limits.ts';
export { PlannedBackend } from './planned-backend.ts';
export { PlannedTransmitter } from './planned-transmitter.ts';
export { localAccount, renewCertificate, setUpLocalserve } from './setup.ts';
export { noFetcher, noOutsideView, noSigning } from './stays-here.ts';
