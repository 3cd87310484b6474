import { parseAddress, type Address } from '#lib/address';
import { parseDomain, type Domain } from '#lib/domain';
import type { AccountId } from '#lib/ids';
import { normalizeAccountName, type Accounts } from '#mail/accounts';
import type { Configuration } from '#server/configuration';
import { OperationRefused } from './arguments.ts';

/** Dependencies of operations that name accounts which exist. */
export interface AccountListDeps {
  readonly accounts: Pick<Accounts, 'list'>;
}

/** Dependencies of operations that make accounts which were added by hand. */
export interface AccountMakerDeps {
  readonly accounts: Pick<Accounts, 'open' | 'create'>;
  readonly configuration: Configuration;
}

/** An account by its name in any case. @throws OperationRefused when there is none. */
export async function accountNamed(
  { accounts }: AccountListDeps,
  given: string,
): Promise<{ readonly id: AccountId; readonly name: string }> {
  const name = given.toLowerCase();
  const found = (await accounts.list()).find((account) => account.name === name);
  if (found === undefined) throw new OperationRefused(`no account ${given}`);
  return found;
}

/** The name of an account, which is made now if it was added to domains.yaml by hand and no server has run since. @throws OperationRefused when there is none. */
export async function accountMade({ accounts, configuration }: AccountMakerDeps, given: string): Promise<string> {
  const name = normalizeAccountName(given);
  if ((await accounts.open(name)) === null) {
    if (!Object.hasOwn(configuration.config.domains.accounts, name)) throw new OperationRefused(`no account ${name}`);
    await accounts.create(name);
  }
  return name;
}

/** Says what to call accounts in lists, those that were removed too. */
export async function accountNames({ accounts }: AccountListDeps): Promise<(id: AccountId) => string> {
  const names = new Map((await accounts.list()).map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? `removed account ${id}`;
}

/** @throws OperationRefused when it is no address. */
export function addressNamed(given: string): Address {
  const address = parseAddress(given, { smtputf8: true });
  if (!address.ok) throw new OperationRefused(`${given} is not an address: ${address.reason}`);
  return address.value;
}

/** Any domain, in ASCII. @throws OperationRefused when it is none. */
export function domainNamed(given: string): string {
  const domain = parseDomain(given, { allowUnderscore: true });
  if (!domain.ok) throw new OperationRefused(`${given} is not a domain: ${domain.reason}`);
  return domain.value.ascii;
}

const maxNamed = 5;

/** A domain of the configuration. @throws OperationRefused when it is none. */
export function ownDomain({ configuration }: { readonly configuration: Configuration }, given: string): Domain {
  const domain = parseDomain(given);
  if (!domain.ok) throw new OperationRefused(`${given} is not a domain: ${domain.reason}`);
  if (!configuration.directory.hasDomain(domain.value.ascii)) {
    const names = Object.keys(configuration.config.domains.domains);
    const more = names.length > maxNamed ? `, and ${names.length - maxNamed} more` : '';
    const has = names.length === 0 ? 'none' : `${names.slice(0, maxNamed).join(', ')}${more}`;
    throw new OperationRefused(`there is no domain ${given} in domains.yaml, which has ${has}`);
  }
  return domain.value;
}
