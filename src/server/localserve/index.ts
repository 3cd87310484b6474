/**
 * Behaviour of `localserve` that a production server must not have: addresses that fail on purpose, mail for any address, and a first start that
 * writes a whole configuration with well-known passwords. The decisions are pure; only the set-up writes files.
 */
export { anyLogin } from './any-login.ts';
export { KeptRouting } from './kept-routing.ts';
export { developmentLimits, privateNetworks } from './limits.ts';
export { plannedFailure, type Stage } from './planned-failure.ts';
export { PlannedTransmitter } from './planned-transmitter.ts';
export { localAccount, renewCertificate, setUpLocalserve } from './setup.ts';
export { noFetcher, noOutsideView, noSigning } from './stays-here.ts';
