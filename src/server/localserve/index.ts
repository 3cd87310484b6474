/**
 * What `localserve` does that a production server must not: addresses that fail on purpose, mail for anybody, and a first start that
 * writes a whole configuration with passwords that everybody knows. The decisions are pure; only the set-up writes files.
 */
export { anyLogin } from './any-login.ts';
export { developmentLimits, privateNetworks } from './limits.ts';
export { plannedFailure, type Stage } from './planned-failure.ts';
export { localAccount, renewCertificate, setUpLocalserve } from './setup.ts';
