import { parseAddress } from '#lib/address';
import { accountId } from '#lib/ids';
import { AccountRefusal, AccountUnavailable, type Account, type Accounts } from '#mail/accounts';
import { addAccount, removeAccount } from '#mail/config';
import { ConditionError } from '#ports/conditions';
import { Arguments, OperationRefused, refuseArguments } from './arguments.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';
import { changeDomains } from './change-domains.ts';

/** Result of `account.add`. */
export interface AddedAccount {
  readonly name: string;
  readonly address: string;
  /** Domain that the configuration did not have before; null when it had it. */
  readonly newDomain: string | null;
  /** Only when it was generated. */
  readonly password?: string;
}

/** One account of `account.list`. */
export interface ListedAccount {
  readonly name: string;
  /** False for an account that left the configuration and whose mail is still here. */
  readonly isConfigured: boolean;
  readonly addresses: readonly string[];
  readonly hasPassword: boolean;
  /** Milliseconds since 1970, null when it has not been made yet. */
  readonly createdMs: number | null;
}

/** Commands about accounts. */
export const accountCommands: OperationTable = {
  'account.add': addOperation,
  'account.contents': contentsOperation,
  'account.remove': removeOperation,
  'account.adopt': adoptOperation,
  'account.recreate': recreateOperation,
  'account.list': listOperation,
};

const namePattern = /^[a-z0-9][a-z0-9._@-]{0,63}$/;

async function addOperation(deps: OperationsDeps, args: unknown): Promise<AddedAccount> {
  const given = new Arguments(args, ['name', 'address', 'password']);
  const name = given.text('name');
  const address = given.text('address');
  const chosen = given.optionalText('password');
  checkNewAccount(deps, name, address);
  const { accounts, credentials } = deps;
  const isNew = (await accounts.open(name)) === null;
  // Before the configuration names it: whoever sees the address there finds mailboxes behind it.
  if (isNew) await created(accounts, name);
  const password = chosen ?? generatedPassword(deps);
  let newDomain: string | null = null;
  try {
    await credentials.setPassword(name, password);
    await changeDomains(deps.configuration, (text) => {
      const added = addAccount(text, name, address);
      ({ newDomain } = added);
      return added.text;
    });
  } catch (error) {
    if (isNew) await accounts.remove(name);
    throw error;
  }
  deps.log.info('account.added', { account: name, address });
  return { name, address, newDomain, ...(chosen === undefined && { password }) };
}

async function created(accounts: Accounts, name: string): Promise<void> {
  try {
    await accounts.create(name, 'asked');
  } catch (error) {
    if (error instanceof AccountUnavailable) throw new OperationRefused(error.message);
    throw error;
  }
}

function checkNewAccount({ configuration }: OperationsDeps, name: string, address: string): void {
  if (!namePattern.test(name)) {
    throw new OperationRefused(`${name} cannot be an account name: use 1 to 64 of a-z, 0-9, ".", "_", "@" and "-"`);
  }
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new OperationRefused(`${address} is not an address: ${parsed.reason}`);
  if (!('ascii' in parsed.value.domain)) throw new OperationRefused(`${address}: an IP address is not a domain`);
  const { accounts } = configuration.config.domains;
  if (Object.hasOwn(accounts, name)) throw new OperationRefused(`account ${name} exists already`);
  for (const [owner, { addresses }] of Object.entries(accounts)) {
    if (addresses.some((other) => other.toLowerCase() === address.toLowerCase())) {
      throw new OperationRefused(`${address} belongs to account ${owner} already`);
    }
  }
}

/** 100 bits in base32: easy to read aloud and to type. */
function generatedPassword({ random }: OperationsDeps): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  const characters = [...random.bytes(20)].map((byte) => letters[byte & 31] ?? 'a').join('');
  return characters.replaceAll(/(.{5})(?=.)/g, '$1-');
}

/** Result of `account.contents`: what goes with an account. */
export interface AccountContents {
  /** Null when it has no mail, or none that can be counted. */
  readonly stored: { readonly messages: number; readonly sizeBytes: number } | null;
  /** Reason why the mail cannot be counted; null when it can. */
  readonly problem: string | null;
}

async function contentsOperation(deps: OperationsDeps, args: unknown): Promise<AccountContents> {
  const name = new Arguments(args, ['name']).text('name').toLowerCase();
  await requireAccount(deps, name);
  try {
    const account = await deps.accounts.open(name);
    if (account === null) return { stored: null, problem: null };
    const messages = await messagesIn(account);
    return { stored: { messages, sizeBytes: await account.mailboxes.sizeBytes() }, problem: null };
  } catch (error) {
    if (error instanceof ConditionError) return { stored: null, problem: error.message };
    throw error;
  }
}

async function messagesIn({ mailboxes }: Account): Promise<number> {
  return (await mailboxes.list()).reduce((sum, { mailbox }) => sum + (mailbox?.messages ?? 0), 0);
}

/** @throws OperationRefused when neither the configuration nor the data has the account, or it must stay. */
async function requireAccount(
  { configuration, accounts }: OperationsDeps,
  name: string,
): Promise<{ readonly isConfigured: boolean; readonly isStored: boolean }> {
  const { server, domains } = configuration.config;
  if (server.postmaster === name) {
    throw new OperationRefused(`account ${name} is the postmaster: name another one in server.yaml and restart first`);
  }
  const isConfigured = Object.hasOwn(domains.accounts, name);
  const isStored = (await accounts.list()).some((account) => account.name === name);
  if (!isConfigured && !isStored) throw new OperationRefused(`no account ${name}`);
  return { isConfigured, isStored };
}

/**
 * Removes an account with its mail, and ends its sessions. What it has queued is still delivered; reports about that go to whoever has the
 * address now, or to the postmaster.
 */
async function removeOperation(deps: OperationsDeps, args: unknown): Promise<{ readonly name: string }> {
  const name = new Arguments(args, ['name']).text('name').toLowerCase();
  const { configuration, accounts } = deps;
  const { isConfigured, isStored } = await requireAccount(deps, name);
  // From the configuration first, so that no mail arrives for an account that is going.
  if (isConfigured) await changeDomains(configuration, (text) => removeAccount(text, name), deps.reserve);
  if (isStored) await accounts.remove(name);
  deps.log.info('account.removed', { account: name });
  return { name };
}

/** Result of `account.adopt` and `account.recreate`. */
export interface RecoveredAccount {
  readonly name: string;
  /** Number of its folders below `accounts` and `blobs`. */
  readonly folder: number;
  readonly messages: number;
  readonly hasPassword: boolean;
}

/** Takes over data for an account that is refused. */
async function adoptOperation(deps: OperationsDeps, args: unknown): Promise<RecoveredAccount> {
  const given = new Arguments(args, ['name', 'folder']);
  const name = configuredName(deps, given.text('name'));
  const folder = given.optionalNumber('folder', 1, Number.MAX_SAFE_INTEGER);
  return await recovered(deps, deps.accounts.adopt(name, folder === undefined ? null : accountId(folder)));
}

/** Starts an account that is refused afresh. */
async function recreateOperation(deps: OperationsDeps, args: unknown): Promise<RecoveredAccount> {
  const name = configuredName(deps, new Arguments(args, ['name']).text('name'));
  return await recovered(deps, deps.accounts.recreate(name));
}

function configuredName({ configuration }: OperationsDeps, given: string): string {
  const name = given.toLowerCase();
  if (!Object.hasOwn(configuration.config.domains.accounts, name)) {
    throw new OperationRefused(`no account ${given} in domains.yaml: add it there first`);
  }
  return name;
}

async function recovered({ credentials }: OperationsDeps, recovering: Promise<Account>): Promise<RecoveredAccount> {
  try {
    const account = await recovering;
    const { name, id } = account;
    const messages = await messagesIn(account);
    return { name, folder: id, messages, hasPassword: await credentials.hasPassword(name) };
  } catch (error) {
    if (error instanceof AccountRefusal || error instanceof AccountUnavailable)
      throw new OperationRefused(error.message);
    throw error;
  }
}

async function listOperation(
  { configuration, accounts, credentials }: OperationsDeps,
  args: unknown,
): Promise<ListedAccount[]> {
  refuseArguments(args);
  const configured = configuration.config.domains.accounts;
  const stored = new Map((await accounts.list()).map(({ name, createdMs }) => [name, createdMs]));
  const names = [...new Set([...Object.keys(configured), ...stored.keys()])].toSorted();
  const listed: ListedAccount[] = [];
  for (const name of names) {
    listed.push({
      name,
      isConfigured: Object.hasOwn(configured, name),
      addresses: configured[name]?.addresses ?? [],
      hasPassword: await credentials.hasPassword(name),
      createdMs: stored.get(name) ?? null,
    });
  }
  return listed;
}
