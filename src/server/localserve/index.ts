/**
 * What `localserve` does that a production server must not: addresses that fail on purpose, and mail for anybody.
 * Pure decisions; the SMTP backends ask them.
 */
export { plannedFailure, type PlannedFailure, type Stage } from './planned-failure.ts';
export { localserveFiles, type LocalserveOptions } from './files.ts';
