/**
 * Settings of accounts that the queue obeys: the `OutgoingPolicies` of #mail/queue, over the configuration in force.
 */
export { ConfiguredPolicies } from './configured-policies.ts';
