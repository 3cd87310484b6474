import type { JsonObject } from '#lib/jmap';
import { coreUri } from './core.ts';

/** An account that the user of a session may use. */
export interface SessionAccount {
  readonly id: string;
  readonly name: string;
  /** No method may change anything in it. */
  readonly isReadOnly: boolean;
  /** Facts of the account, by the capability that they belong to. */
  readonly capabilities: Readonly<Record<string, JsonObject>>;
}

/** Facts of a session resource. */
export interface SessionFacts {
  /** Login name. */
  readonly username: string;
  readonly account: SessionAccount;
  /** Capabilities of the server, core among them. */
  readonly capabilities: Readonly<Record<string, JsonObject>>;
  /** Origin of all URLs, such as `https://mail.example.org`. */
  readonly origin: string;
  readonly state: string;
}

/** Returns the session resource (RFC 8620 §2). */
export function sessionResource({ username, account, capabilities, origin, state }: SessionFacts): JsonObject {
  const { id, name, isReadOnly } = account;
  // Core is no type of data, and has no primary account.
  const uris = Object.keys(account.capabilities).filter((uri) => uri !== coreUri);
  return {
    capabilities,
    accounts: { [id]: { name, isPersonal: true, isReadOnly, accountCapabilities: account.capabilities } },
    primaryAccounts: Object.fromEntries(uris.map((uri) => [uri, id])),
    username,
    apiUrl: `${origin}/jmap/api`,
    downloadUrl: `${origin}/jmap/download/{accountId}/{blobId}/{name}?type={type}`,
    uploadUrl: `${origin}/jmap/upload/{accountId}`,
    eventSourceUrl: `${origin}/jmap/events?types={types}&closeafter={closeafter}&ping={ping}`,
    state,
  };
}
