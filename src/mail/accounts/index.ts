/**
 * Accounts: made, listed, opened and removed. An account is a row in the server's database and a database of its own with its services
 * (`Account`). Login names and addresses are configuration, secrets are in #mail/auth.
 * Invariants: an id is never used twice; an opened account has its INBOX; its database carries its name and the server's identity (`claim.ts`),
 * so that data that was lost, swapped or mixed up is refused (AccountUnavailable) until an operator decides (`recovery.ts`). Nothing is adopted or
 * made anew silently.
 */
export { Accounts, type AccountsDeps } from './accounts.ts';
export { Account, AccountRemoved } from './account.ts';
export { AccountNames } from './account-names.ts';
export { AccountRefusal, normalizeAccountName } from './account-name.ts';
export { AccountUnavailable } from './claim.ts';
export { roomOf } from './room.ts';
