import type { Address } from '#lib/address';
import { newFromId } from '#mail/feedback';
import type { Random } from '#ports/random';
import type { Configuration } from '#server/configuration';

/** Reverse-path with which a message leaves. */
interface ReversePath {
  /** Null for the null reverse-path. */
  readonly sender: Address | null;
  /** By which what comes back is known; null for none. */
  readonly fromId: string | null;
}

/**
 * The reverse-path of a message that an account submits: the address that it gave, with a From-ID when the account wants them and the address is
 * its own and has room for one. Anything else leaves as it is: the message matters more than what may come back.
 * @param account  Name of the account, null for none.
 */
export function reversePathOf(
  from: Address | null,
  account: string | null,
  {
    configuration,
    random,
  }: { readonly configuration: Pick<Configuration, 'config' | 'directory'>; readonly random: Random },
): ReversePath {
  if (from === null) return { sender: null, fromId: null };
  const { config, directory } = configuration;
  const plain = { sender: from, fromId: null };
  if (account === null || config.domains.accounts[account]?.fromIds !== true) return plain;
  const fromId = newFromId(random);
  const detailed = directory.withDetail(from, fromId);
  if (detailed === null) return plain;
  const owner = directory.lookup(detailed);
  const isOwn = owner.kind === 'account' && owner.account === account;
  return isOwn ? { sender: detailed, fromId } : plain;
}
