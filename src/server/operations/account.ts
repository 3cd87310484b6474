import { z } from 'zod';
import type { DiskReserve } from '#host/disk-reserve';
import { parseAddress } from '#lib/address';
import { AccountUnavailable, type Accounts } from '#mail/accounts';
import { generatePassword, type Credentials } from '#mail/auth';
import { ConditionError } from '#ports/conditions';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Configuration } from '#server/configuration';
import { OperationRefused, optionalText, text } from './arguments.ts';
import { changeDomains } from './change-domains.ts';
import { defineOperation } from './define-operation.ts';
import { messagesIn } from './account-recovery.ts';

interface AccountDeps {
  readonly configuration: Configuration;
  readonly accounts: Pick<Accounts, 'open' | 'create' | 'remove' | 'list'>;
  readonly log: Log;
}

interface AccountSecretsDeps {
  readonly credentials: Pick<Credentials, 'setPassword' | 'hasPassword'>;
}

/** `account.add`. */
export const accountAdd = defineOperation({
  name: 'account.add',
  summary: 'Add an account, and its domain when that is new',
  permission: 'operator',
  isExclusive: true,
  command: 'account add',
  args: {
    name: text('Name of the account: 1 to 64 of a-z, 0-9, ".", "_", "@" and "-".'),
    address: text('Its first address.'),
    password: optionalText('Its password, 8 characters or more; generated when absent.'),
  },
  result: z.strictObject({
    name: z.string(),
    address: z.string(),
    newDomain: z
      .string()
      .nullable()
      .describe('Domain that the configuration did not have before; null when it had it.'),
    password: z.string().exactOptional().describe('Only when it was generated.'),
  }),
  run: async (
    deps: AccountDeps & AccountSecretsDeps & { readonly random: Random },
    { name, address, password: chosen },
  ) => {
    checkNewAccount(deps, name, address);
    const { accounts, credentials } = deps;
    const isNew = (await accounts.open(name)) === null;
    // Before the configuration names it: a session that sees the address there finds mailboxes behind it.
    if (isNew) await created(accounts, name);
    const password = chosen ?? generatePassword(deps.random);
    let newDomain: string | null = null;
    try {
      await credentials.setPassword(name, password);
      const [added] = await changeDomains(deps.configuration, { kind: 'addAccount', account: name, address });
      newDomain = added ?? null;
    } catch (error) {
      if (isNew) await accounts.remove(name);
      throw error;
    }
    deps.log.info('account.added', { account: name, address });
    return { name, address, newDomain, ...(chosen === undefined && { password }) };
  },
});

const contents = z.strictObject({
  stored: z
    .strictObject({ messages: z.number(), sizeBytes: z.number() })
    .nullable()
    .describe('Null when it has no mail, or none that can be counted.'),
  problem: z.string().nullable().describe('Reason why the mail cannot be counted; null when it can.'),
});

/** Result of `account.contents`. */
export type AccountContents = z.output<typeof contents>;

/** `account.contents`. */
export const accountContents = defineOperation({
  name: 'account.contents',
  summary: 'Count what would go with an account',
  permission: 'operator',
  command: { none: "'godwit account remove' shows it when it asks" },
  args: { name: text('Name of the account.') },
  result: contents,
  run: async (deps: Pick<AccountDeps, 'configuration' | 'accounts'>, given) => {
    const name = given.name.toLowerCase();
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
  },
});

/** `account.remove`. */
export const accountRemove = defineOperation({
  name: 'account.remove',
  summary:
    'Remove an account with its mail and end its sessions; what it has queued is still delivered, and reports about that go to the new owner of the address or to the postmaster',
  permission: 'operator',
  isExclusive: true,
  command: 'account remove',
  args: { name: text('Name of the account.') },
  result: z.strictObject({ name: z.string() }),
  run: async (deps: AccountDeps & { readonly reserve: Pick<DiskReserve, 'release'> }, given) => {
    const name = given.name.toLowerCase();
    const { configuration, accounts } = deps;
    const { isConfigured, isStored } = await requireAccount(deps, name);
    // From the configuration first, so that no mail arrives for an account that is going.
    if (isConfigured) await changeDomains(configuration, { kind: 'removeAccount', account: name }, deps.reserve);
    if (isStored) await accounts.remove(name);
    deps.log.info('account.removed', { account: name });
    return { name };
  },
});

const listedAccount = z.strictObject({
  name: z.string(),
  isConfigured: z.boolean().describe('False for an account that left the configuration and whose mail is still here.'),
  addresses: z.array(z.string()).readonly(),
  hasPassword: z.boolean(),
  createdMs: z.number().nullable().describe('Milliseconds since 1970, null when it has not been made yet.'),
});

/** One account of `account.list`. */
export type ListedAccount = z.output<typeof listedAccount>;

/** `account.list`. */
export const accountList = defineOperation({
  name: 'account.list',
  summary: 'List accounts and their addresses',
  permission: 'operator',
  command: 'account list',
  args: {},
  result: z.array(listedAccount).readonly(),
  run: async ({
    configuration,
    accounts,
    credentials,
  }: Pick<AccountDeps, 'configuration' | 'accounts'> & AccountSecretsDeps) => {
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
  },
});

const namePattern = /^[a-z0-9][a-z0-9._@-]{0,63}$/;

async function created(accounts: Pick<Accounts, 'create'>, name: string): Promise<void> {
  try {
    await accounts.create(name, 'asked');
  } catch (error) {
    if (error instanceof AccountUnavailable) throw new OperationRefused(error.message);
    throw error;
  }
}

function checkNewAccount(
  { configuration }: { readonly configuration: Configuration },
  name: string,
  address: string,
): void {
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

/** @throws OperationRefused when neither the configuration nor the data has the account, or it must stay. */
async function requireAccount(
  { configuration, accounts }: Pick<AccountDeps, 'configuration' | 'accounts'>,
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
