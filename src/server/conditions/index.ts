/**
 * Conditions of the machine as operators see them: each kind has its log event, repeated at most once a minute with the number of
 * occurrences, and a line in `godwit status`; the disk is watched so that it is known before it is full.
 */
export { AccountFiles } from './account-files.ts';
export { conditionAwareLog } from './condition-aware-log.ts';
export { conditionFix, ConditionLog } from './condition-log.ts';
export type { ConditionFacts } from './condition-log.ts';
export { DataWatch } from './data-watch.ts';
export { DescriptorWatch } from './descriptor-watch.ts';
export { DiskWatch } from './disk-watch.ts';
export type { DiskFacts } from './disk-watch.ts';
export { isMessageDamage } from './message-damage.ts';
