import { parseAddress, type Address } from '#lib/address';
import { parseDomain } from '#lib/domain';
import type { AccountId } from '#lib/ids';
import { normalizeAccountName } from '#mail/accounts';
import { OperationRefused } from './arguments.ts';
import type { OperationsDeps } from './operations.ts';

/** An account by its name in any case. @throws OperationRefused when there is none. */
export async function accountNamed(
  { accounts }: Pick<OperationsDeps, 'accounts'>,
  given: string,
): Promise<{ readonly id: AccountId; readonly name: string }> {
  const name = given.toLowerCase();
  const found = (await accounts.list()).find((account) => account.name === name);
  if (found === undefined) throw new OperationRefused(`no account ${given}`);
  return found;
}

/** The name of an account, which is made now if it was added to domains.yaml by hand and no server has run since. @throws OperationRefused when there is none. */
export async function accountMade(
  { accounts, configuration }: Pick<OperationsDeps, 'accounts' | 'configuration'>,
  given: string,
): Promise<string> {
  const name = normalizeAccountName(given);
  if ((await accounts.open(name)) === null) {
    if (!Object.hasOwn(configuration.config.domains.accounts, name)) throw new OperationRefused(`no account ${name}`);
    await accounts.create(name);
  }
  return name;
}

/** Says what to call accounts in lists, those that were removed too. */
export async function accountNames({ accounts }: Pick<OperationsDeps, 'accounts'>): Promise<(id: AccountId) => string> {
  const names = new Map((await accounts.list()).map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? `removed account ${id}`;
}

/** @throws OperationRefused when it is no address. */
export function addressNamed(text: string): Address {
  const address = parseAddress(text, { smtputf8: true });
  if (!address.ok) throw new OperationRefused(`${text} is not an address: ${address.reason}`);
  return address.value;
}

/** A domain of anybody, in ASCII. @throws OperationRefused when it is none. */
export function domainNamed(text: string): string {
  const domain = parseDomain(text, { allowUnderscore: true });
  if (!domain.ok) throw new OperationRefused(`${text} is not a domain: ${domain.reason}`);
  return domain.value.ascii;
}
