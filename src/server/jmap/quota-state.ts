import type { Account } from '#mail/accounts';

/** Bytes that an account stores, and may store; a limit of 0 is none, and then there is no quota. */
export interface Usage {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Returns the state of quotas: all that can change of them, so that changes follow from a state alone. */
export function stateOf({ usedBytes, limitBytes }: Usage): string {
  return limitBytes === 0 ? '0-0' : `${usedBytes}-${limitBytes}`;
}

/** Returns the state of the quotas of an account. @param limitBytes  0 for none. */
export async function quotaState({ mailboxes }: Account, limitBytes: number): Promise<string> {
  return stateOf({ usedBytes: limitBytes === 0 ? 0 : await mailboxes.sizeBytes(), limitBytes });
}
