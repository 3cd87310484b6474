/**
 * What administrators do, as named commands with JSON arguments and results: the control socket and, when no server runs, the command line
 * run them on the same services. Words for people, tables and prompts are the command line's business.
 * Invariant: arguments are checked before anything is changed; a refused command changes nothing.
 */
export { OperationRefused } from './arguments.ts';
export { Operations, type CertificateFacts, type ServerFacts } from './operations.ts';
export type { AccountContents, AddedAccount, ListedAccount, RecoveredAccount } from './account.ts';
export type { RepairedAccount } from './check.ts';
export type { ChangedClientKey, ListedClientKey } from './client-keys.ts';
export type { RemovedSelector } from './dkim.ts';
export type { OutsideView } from './dns.ts';
export type { ListedHoldRule } from './hold-rules.ts';
export type { CountedRecipients, ListedRecipient, QueueListing, ShownRecipients } from './queue.ts';
export type { Resumed, ShownRoute } from './queue-routes.ts';
export type { Reloaded } from './reload.ts';
export type { ServerStatus } from './status.ts';
export type { ChangedSuppression, ListedSuppression, SuppressionListing } from './suppression.ts';
