/**
 * What administrators do, as named operations with JSON arguments and results: the control socket and, when no server runs, the command line
 * run them on the same services. Words for people, tables and prompts are the command line's business.
 * Each is one declaration (`define-operation.ts`): name, summary, arguments, result, permission, and the handler with the parts of the server that it needs. It
 * can be called when it is in `all-operations.ts`; all types of callers follow from there. README.md says how to add one.
 * Invariant: arguments are checked before anything is changed; a refused operation changes nothing.
 */
export { allOperations } from './all-operations.ts';
export { OperationRefused } from './arguments.ts';
export { operator } from './define-operation.ts';
export { Operations, type ArgumentsOf, type CallOperation, type OperationName, type ResultOf } from './operations.ts';
export type { RecoveredAccount } from './account-recovery.ts';
export type { AccountContents, ListedAccount } from './account.ts';
export type { RepairedAccount } from './check.ts';
export type { ListedAppPassword } from './app-passwords.ts';
export type { ListedSession } from './web-sessions.ts';
export type { ListedClientKey } from './client-keys.ts';
export type { OutsideView } from './dns.ts';
export type { ListedHoldRule } from './hold-rules.ts';
export type { ListedRecipient, ShownRecipients } from './queue.ts';
export type { CertificateFacts, RunningParts, ServerFacts } from './server-facts.ts';
export type { ServerStatus } from './status.ts';
export type { ListedSuppression } from './suppression.ts';
export type { ListedIndex } from './search-index.ts';
