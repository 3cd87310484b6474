/**
 * Where outgoing mail goes: routes of the account, of the sender's domain and of the server are asked in this order, for each recipient
 * and attempt anew, and the first that matches decides. Pure; hosts are found in #mail/mail-hosts, and connections are made elsewhere.
 *
 * Invariants: the same table and facts give the same decision; a decision names every rule that was asked and why it did not match.
 */
export { decideRoute } from './decide.ts';
export { describeDecision } from './describe.ts';
export { routingTable } from './table.ts';
export type { RoutingTable } from './table.ts';
export { usableTransports } from './usable-transports.ts';
export type { RouteDecision, RouteTarget } from './types.ts';
