import type { AccountId } from '#lib/ids';
import type { Suppressions } from '#mail/suppressions';
import type { WebhookOutbox } from '#mail/webhook-outbox';
import type { QueueFollower } from './follower.ts';

/** Policy of an account for the queue. */
export interface OutgoingPolicy {
  /** True when hosts that refuse an address for good put it on the suppression list. */
  readonly suppressesRefused: boolean;
  /** True when outcomes are kept for webhooks. */
  readonly tellsWebhooks: boolean;
}

/** Policies of accounts, by the configuration in force. */
export interface OutgoingPolicies {
  /** Null for an account that is not known yet. */
  of(account: AccountId): OutgoingPolicy | null;
  /** Gets to know all accounts that there are now. */
  refresh(): Promise<void>;
}

/** Dependencies for treating accounts differently. */
export interface PerAccount {
  readonly suppressions: Suppressions;
  readonly policies: OutgoingPolicies;
  readonly outbox: WebhookOutbox;
  /** Follows what accounts submitted. */
  readonly follower: QueueFollower;
}

/** Of mail of the server itself, and of accounts that were removed. */
const nobodys: OutgoingPolicy = { suppressesRefused: false, tellsWebhooks: false };

/** Returns the policy of an account; to be called outside of transactions. */
export async function policyOf(policies: OutgoingPolicies, account: AccountId | null): Promise<OutgoingPolicy> {
  if (account === null) return nobodys;
  const known = policies.of(account);
  if (known !== null) return known;
  await policies.refresh();
  return policies.of(account) ?? nobodys;
}
