import type { Account } from './account.ts';

/** Bytes that an account may still store: infinite without a quota (0), without a query; negative when it is over. */
export async function roomOf(account: Account, quotaBytes: number): Promise<number> {
  return quotaBytes === 0 ? Number.POSITIVE_INFINITY : quotaBytes - (await account.mailboxes.sizeBytes());
}
