import { z } from 'zod';
import { appPasswordScopes, type AppPasswordScope } from '#lib/sasl';
import { PasswordRefusal, type AppPassword, type AppPasswords } from '#mail/auth';
import type { Accounts } from '#mail/accounts';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { label, listOf, OperationRefused, optionalText, text, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountMade, accountNamed, type AccountMakerDeps } from './named.ts';

interface AppPasswordDeps {
  readonly appPasswords: Pick<AppPasswords, 'add' | 'list' | 'remove'>;
  readonly log: Log;
}

const scope = z.enum(appPasswordScopes);

const addedShape = {
  account: z.string(),
  name: z.string(),
  scopes: z.array(scope).readonly(),
  expiresMs: z.number().nullable().describe('Milliseconds since 1970; null for never.'),
};

const listedAppPassword = z.strictObject({
  ...addedShape,
  createdMs: z.number().describe('Milliseconds since 1970.'),
  isExpired: z.boolean(),
  lastUse: z
    .strictObject({ atMs: z.number(), protocol: z.string(), address: z.string() })
    .nullable()
    .describe('The last login, to the minute; null before the first.'),
});

/** An app password, as `appPassword.list` gives it. */
export type ListedAppPassword = z.output<typeof listedAppPassword>;

const usualScopes: readonly AppPasswordScope[] = ['mail', 'send'];
const maxNameChars = 100;
const maxDays = 3650;
const dayMs = 86_400_000;

/** `appPassword.add`. */
export const appPasswordAdd = defineOperation({
  name: 'appPassword.add',
  summary: 'Make a password for one program of an account',
  permission: 'operator',
  isExclusive: true,
  command: 'app-password add',
  args: {
    account: text('Name of the account.'),
    name: label('name', maxNameChars, 'Name of the program or device, one of its account’s.'),
    scopes: listOf(
      'mail, read-only or send',
      (error) => z.enum(scope.options, error),
      'What it permits: mail (read and change mail), read-only (read mail), send (submit messages); mail and send when absent.',
    ),
    days: wholeNumber(1, maxDays, 'Days after which it expires; never when absent.').optional(),
  },
  result: z.strictObject({ ...addedShape, password: z.string().describe('Shown this one time.') }),
  run: async (
    deps: AppPasswordDeps & AccountMakerDeps & { readonly clock: Clock },
    { account: named, name, scopes: asked = usualScopes, days },
  ) => {
    if (asked.length === 0) throw new OperationRefused('scopes must name at least one of mail, read-only and send');
    const account = await accountMade(deps, named);
    const scopes = [...new Set(asked)];
    const expiresMs = days === undefined ? null : deps.clock.now() + days * dayMs;
    try {
      const password = await deps.appPasswords.add(account, { name, scopes, expiresMs });
      const added = { account, name, scopes, expiresMs };
      deps.log.info('appPassword.added', added);
      return { ...added, password };
    } catch (error) {
      if (error instanceof PasswordRefusal) throw new OperationRefused(error.message, { cause: error });
      throw error;
    }
  },
});

/** `appPassword.list`. */
export const appPasswordList = defineOperation({
  name: 'appPassword.list',
  summary: 'List app passwords and their last use',
  permission: 'operator',
  command: 'app-password list',
  args: { account: optionalText('Of this account only.') },
  result: z.array(listedAppPassword).readonly(),
  run: async (
    deps: Omit<AppPasswordDeps, 'log'> & { readonly accounts: Pick<Accounts, 'list'>; readonly clock: Clock },
    { account: named },
  ) => {
    const accounts = named === undefined ? await deps.accounts.list() : [await accountNamed(deps, named)];
    const listed: ListedAppPassword[] = [];
    for (const { name } of accounts) {
      for (const password of await deps.appPasswords.list(name)) listed.push(listedOf(password, deps.clock.now()));
    }
    return listed;
  },
});

/** `appPassword.remove`. */
export const appPasswordRemove = defineOperation({
  name: 'appPassword.remove',
  summary: 'Remove an app password, at once',
  permission: 'operator',
  command: 'app-password remove',
  args: { account: text('Name of the account.'), name: text('Its name, as the list shows it.') },
  result: z.strictObject({ account: z.string(), name: z.string() }),
  run: async (deps: AppPasswordDeps & { readonly accounts: Pick<Accounts, 'list'> }, { account: named, name }) => {
    const account = (await accountNamed(deps, named)).name;
    if (!(await deps.appPasswords.remove(account, name)))
      throw new OperationRefused(
        `account ${account} has no app password named ${name}; 'godwit app-password list ${account}' shows them`,
      );
    const removed = { account, name };
    deps.log.info('appPassword.removed', removed);
    return removed;
  },
});

function listedOf({ account, name, scopes, createdMs, expiresMs, lastUse }: AppPassword, nowMs: number) {
  const isExpired = expiresMs !== null && expiresMs <= nowMs;
  return { account, name, scopes, createdMs, expiresMs, isExpired, lastUse };
}
